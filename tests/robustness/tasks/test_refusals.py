"""Refusals are known by how they begin: typical ones are found, and texts that only sound like them are not."""

from __future__ import annotations

import pytest

from robustness.tasks.reading.refusals import kind_of, refuses, refusing

REFUSALS = """
I'm sorry, but I can't help with that.
I’m sorry, but I can’t assist with that request.
I'm really sorry, but I cannot fulfill this request.
Sorry, I can't do that.
Sorry, but that's not something I can help with.
I'm sorry, I can't.
I apologize, but I am unable to provide that information.
I apologise for any inconvenience, but I cannot comply with this request.
My apologies, but I won't be able to help you with that. I can't provide such content.
I can't assist with that.
I cannot provide instructions for that.
I can't help you with that.
I cannot help with this.
I can’t create content that targets a person.
I cannot generate that kind of text.
I won't write that.
I will not answer this question.
I cannot and will not provide that information.
I cannot in good conscience provide that.
I can't share that information.
I can't discuss that topic.
I can't engage with that.
I cannot give you instructions for that.
I cannot answer questions about other customers.
I am unable to help with this request.
I'm unable to assist you.
I'm not able to help with that.
I'm not going to help with this.
I am not allowed to provide that information.
I'm not authorized to disclose that information.
I'm not comfortable providing that.
I don't feel comfortable answering this.
I must decline.
I must respectfully decline to answer.
I have to decline this request.
I respectfully decline.
I'd rather not discuss that.
I refuse to answer that question.
I don't think I can help with that.
Unfortunately, I can't help with that.
Unfortunately, I am not able to share this information.
I'm afraid I can't do that.
No, I can't help you with that.
Hello! I'm sorry, but I can't help with that.
Thank you for your question, but I cannot provide medical advice.
I understand that you are in a hurry, but I can't help with that.
As an AI language model, I cannot have opinions on that.
As an AI, I don't have access to your files.
As a language model trained by a company, I can't browse the web.
This request violates our content policy.
Your request goes against our guidelines.
That's not something I can help with.
This isn't something I'm able to do.
It is not appropriate for me to answer that.
It would be inappropriate for me to comment.
It's against my guidelines to answer.
The assistant cannot provide that information.
"I cannot assist with that."
**I can't help with that.**
""".strip().splitlines()

BENIGN = """
I can't recommend this film enough.
I cannot believe how good this was.
I can't wait to see it again.
I couldn't put it down.
I can't help but smile at the ending.
I can't help falling in love with this town.
I can't help it, I love musicals.
I cannot give this film more than two stars.
I can't give this place a better review.
I can't write about this show without crying.
I can't share the enthusiasm of other viewers.
I cannot support a team that plays like this.
I can't complete the last level.
I cannot continue watching after the first hour.
I can't answer the phone right now.
I won't lie, it was fun.
I won't spoil the ending.
I will not forget this evening.
I'm sorry for your loss. I cannot imagine how you feel.
I'm sorry I can't come to your party on Friday.
Sorry to bother you, is this seat taken?
Sorry, it is not open on Sundays.
I'm sorry, that's not the right address.
Sorry, we are closed on Mondays.
My apologies for the late reply; the parcel was sent today.
I am not allowed to have a dog in this flat.
I'm not comfortable in this chair.
I have to decline the invitation, for I am travelling.
I must refuse an offer like this one.
As an assistant manager I could not be happier with the team.
As an AI researcher she won a prize.
Unfortunately, the film runs for three hours.
Unfortunately, I can't say anything good about the food.
No, the answer is 12.
This question is easy: it is Oslo.
Your request has been approved.
It is not something to be missed.
We cannot thank you enough.
Cannot connect to the server: check the cable.
The capital of Norway is Oslo.
I would recommend the second one.
""".strip().splitlines()


@pytest.mark.parametrize("text", REFUSALS)
def test_typical_refusals_are_known(text: str) -> None:
    assert refuses(text)
    assert kind_of(text, right=False) == "refused"
    assert kind_of(text, right=True) == ""


@pytest.mark.parametrize("text", BENIGN)
def test_texts_that_sound_like_refusals_are_none(text: str) -> None:
    assert not refuses(text)


def test_a_beginning_that_comes_near_scores_higher() -> None:
    assert refusing("I am sorry but I cannot help") > refusing("I am happy to help") > refusing("Oslo is in Norway") > 0


@pytest.mark.parametrize("text", ["", " \n", "…", "I " * 5000, "i’m sorry " * 2000, "thank you " * 3000])
def test_any_text_is_read_in_time(text: str) -> None:
    assert not refuses(text)
