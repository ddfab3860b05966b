"""Rules over a real parser's trees: what each makes of a sentence, what it must leave alone, and what a second parse refuses."""

from __future__ import annotations

from functools import cache

import pytest

from attacks.syntax.facts import facts, negations
from attacks.syntax.rewrites import RULES, Draft, confirmed, drafts, recovered
from attacks.syntax.style import prepare, restyled
from attacks.syntax.tree import Tree, merged, sentences
from robustness.helpers.parser import SpacyParser, load_parser

GOOD = [
    ("fronted-adverbial", "The film works because it is honest.", "Because it is honest, the film works."),
    ("moved-adverbial", "When the film ends, you sigh.", "You sigh when the film ends."),
    ("adverb-place", "Ultimately, the film fails.", "The film ultimately fails."),
    ("purpose", "The director slows down to show us the hills.", "The director slows down in order to show us the hills."),
    ("connective", "Although it is slow, it works.", "Even though it is slow, it works."),
    ("contrast", "The plot is thin, but the cast is great.", "Although the plot is thin, the cast is great."),
    ("contrast", "the plot is thin , but the cast is great .", "the plot is thin ; however , the cast is great ."),
    ("although-but", "Although it is slow, it works.", "It is slow, but it works."),
    ("adjective-contrast", "It is slow but honest.", "It is honest, though slow."),
    ("clause-link", "The plot is thin, and the jokes are stale.", "The plot is thin; the jokes are stale."),
    ("shared-subject", "It drags and bores everyone.", "It drags, and it bores everyone."),
    ("coordination-swap", "the story is moldy and obvious .", "the story is obvious and moldy ."),
    ("coordination-swap", "An annoying and dull film.", "A dull and annoying film."),
    ("list-order", "It has wit, charm and grace.", "It has charm, wit and grace."),
    ("both-and", "It is a mix of love and hate.", "It is a mix of both love and hate."),
    ("adjective-order", "a cold , bleak film .", "a bleak , cold film ."),
    ("passive", "The director ruins the story.", "The story is ruined by the director."),
    ("passive", "The director will ruin the stories.", "The stories will be ruined by the director."),
    ("active", "The story is ruined by the director.", "The director ruins the story."),
    ("active", "The stories were told by him.", "He told the stories."),
    ("it-cleft", "The humour saves this film.", "It is the humour that saves this film."),
    ("what-cleft", "The film lacks energy.", "What the film lacks is energy."),
    ("no-what-cleft", "What the film lacks is energy.", "The film lacks energy."),
    ("there-insertion", "A man is in the room.", "There is a man in the room."),
    ("gerund-subject", "It is hard to like these people.", "Liking these people is hard."),
    ("relative-pronoun", "It is a film that works.", "It is a film which works."),
    ("object-pronoun", "I love the film that we saw.", "I love the film we saw."),
    ("relative-reduction", "It is a film that was made by amateurs.", "It is a film made by amateurs."),
    ("relative-expansion", "It is a story based on a novel.", "It is a story that is based on a novel."),
    ("adjective-clause", "A strangely compelling drama.", "A drama that is strangely compelling."),
    ("with-clause", "It is a comedy with a heart.", "It is a comedy that has a heart."),
    ("where-clause", "It is a film in which nothing happens.", "It is a film where nothing happens."),
    ("owner-before", "I hated the plot of the film.", "I hated the film's plot."),
    ("owner-after", "I hated the film's plot.", "I hated the plot of the film."),
    ("quantifier", "All the jokes are stale.", "All of the jokes are stale."),
    ("dative", "It gives the actors a chance.", "It gives a chance to the actors."),
    ("particle", "It throws out the rules.", "It throws the rules out."),
    ("complementiser", "I think it works.", "I think that it works."),
    ("seem-to-be", "It seems honest.", "It seems to be honest."),
    ("no-any", "It has no point.", "It does not have any point."),
    ("infinitive", "The film begins to drag.", "The film begins dragging."),
    ("modal", "You must see this film.", "You have to see this film."),
    ("such", "It is such a dull film.", "It is so dull a film."),
    ("each", "I loved every scene.", "I loved each scene."),
    ("list-order", "It has wit, charm and grace.", "It has wit, grace and charm."),
    ("both-and", "The story is moldy and obvious.", "The story is moldy as well as obvious."),
    ("adjective-clause", "a bleak and cold film .", "a film that is both bleak and cold ."),
    ("adjective-clause", "A bleak and cold film about soldiers.", "A film about soldiers that is bleak and cold."),
    ("adjective-before", "It is a film that is bleak and cold.", "It is a bleak and cold film."),
    ("postposed", "It is a film full of jokes.", "It is a film that is full of jokes."),
    ("postposed", "It is a film about the war.", "It is a film that is about the war."),
    ("it-is", "a painfully funny ode to bad behavior .", "it is a painfully funny ode to bad behavior ."),
    ("it-is", "Silly and tedious.", "It is silly and tedious."),
    ("it-is", "The best film of the year.", "It is the best film of the year."),
    ("dropped-it", "gives a human face to the war .", "it gives a human face to the war ."),
    ("there-is", "plenty of warmth .", "there is plenty of warmth ."),
    ("should-ought", "It might work.", "It may work."),
    ("relative-expansion", "I like this story, told by a man.", "I like this story, which is told by a man."),
    ("with-no", "It is a joke without a point.", "It is a joke with no point."),
    ("with-no", "It is a thriller with no thrills.", "It is a thriller without any thrills."),
    ("but-yet", "It is slow, but it works.", "It is slow, yet it works."),
    ("too", "The film is funny, too.", "The film is funny as well."),
    ("this-the", "this film bored me .", "the film bored me ."),
    ("not-able", "They cannot escape it.", "They are not able to escape it."),
    ("going-to", "The film will please everybody.", "The film is going to please everybody."),
    ("should-ought", "The film should please fans.", "The film ought to please fans."),
    ("help-to", "It helps make sense of the plot.", "It helps to make sense of the plot."),
    ("adverb-choice", "It is a very dull film.", "It is a really dull film."),
    ("adverb-choice", "The film is too predictable.", "The film is overly predictable."),
    ("phrase-choice", "It is far more amusing than sad.", "It is much more amusing than sad."),
    ("verb-choice", "The story turns into a farce.", "The story becomes a farce."),
    ("verb-choice", "It provides laughs.", "It offers laughs."),
    ("adjective-choice", "A great film.", "A terrific film."),
    ("adjective-choice", "It is a room full of smoke.", "It is a room filled with smoke."),
    ("adjective-choice", "it 's an odd film .", "it 's a strange film ."),
    ("noun-choice", "Two films of the year.", "Two movies of the year."),
]
BAD = [
    ("moved-adverbial", "When the film ends, it sighs."),  # "it" would come before the film
    ("coordination-swap", "He and I saw rock and roll."),
    ("both-and", "It is not witty and warm."),  # the denial would take another scope
    ("passive", "The film has a heart."),
    ("passive", "The director ruins his story."),  # "his story is ruined by the director"
    ("passive", "It does not ruin the story."),
    ("it-cleft", "The film is dull."),
    ("adjective-clause", "A psychological drama."),
    ("relative-pronoun", "Murray, who is great, saves it."),
    ("no-any", "It has no doubt."),
    ("modal", "You must not see this film."),
    ("noun-choice", "I saw it at the movies."),
    ("contrast", "Is it slow, but does it work?"),
    ("it-is", "The film works."),
    ("it-is", "A film so bad never works."),
    ("it-is", "A great actor."),
    ("it-is", "Is a dull film?"),
    ("dropped-it", "Never say never."),
    ("but-yet", "It is not a film, but it is a joke."),
    ("too", "It is not funny, too."),
    ("this-the", "this film 's plot is thin ."),
    ("not-able", "They cannot help it."),
    ("going-to", "Will the film please everybody?"),
    ("should-ought", "It should not please fans."),
    ("adverb-choice", "It is too dull to watch."),
    ("verb-choice", "It was turned into a farce."),
    ("adjective-choice", "A great deal."),
    ("adjective-before", "It is a film that is not cold."),
    ("relative-pronoun", "She forgot everything that she knew."),
    ("noun-choice", "It has a really heavy back story."),
    ("apposition-clause", "Mesmerizing, an eye-opening tour, it works."),
    ("adverb-choice", "It is more than merely dull."),
    ("passive", "The director examines the decline with candor."),
    ("purpose", "They lack the skills to reach us."),
    ("verb-choice", "The writer is responsible for this illuminating comedy."),
    ("both-and", "It has a dose of father and son dynamics."),
    ("adjective-order", "It is a big, juicy role."),
    ("moved-adverbial", "While the film ends, you sigh."),
    ("object-pronoun", "It is the zombie you have to shoot it."),
    ("with-no", "It is a thriller without a lot of thrills."),
    ("passive", "The director leads the cast always keeping the balance."),
    ("verb-choice", "It is a good surprise ending."),
    ("adverb-choice", "It is entirely too long."),
    ("fronted-adverbial", "Does it work because it is honest?"),
]


@cache
def _parser() -> SpacyParser:
    return load_parser(None)


def tree(text: str) -> Tree:
    return _parser().parse([prepare(text).text])[0]


def made(text: str) -> list[Draft]:
    """What the rules make of a text and a second parse confirms."""
    before = tree(text)
    return [one for one in drafts(text, before) if confirmed(before, tree(one.text), one.rule)]


@pytest.mark.parametrize(("rule", "text", "expected"), GOOD)
def test_a_rule_makes_what_it_says(rule: str, text: str, expected: str) -> None:
    assert (rule, expected) in {(one.rule, one.text) for one in made(text)}


@pytest.mark.parametrize(("rule", "text"), BAD)
def test_a_rule_leaves_alone_what_it_would_spoil(rule: str, text: str) -> None:
    assert rule not in {one.rule for one in made(text)}


def test_no_second_article_is_put_beside_the_first() -> None:
    assert not [one.text for one in made("It is a somewhat dull film.") if "a a" in one.text]


def test_titles_in_quotes_keep_their_words() -> None:
    assert "noun-choice" not in {one.rule for one in made('I saw "the film of the kid" in the town.')}


def test_every_rule_is_named_once() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    assert {rule for rule, _, _ in GOOD} <= set(names)


HOSTILE = [
    "",
    " \n\t ",
    "🎬🍿👍🏽 !!! 😀",
    "Ein langweiliger Film, aber die Schauspieler sind gut.",
    "这是一部很好的电影",
    "def f(x): return {'a': [1, 2], **x}  # but x is None",
    "<b>good</b> &amp; bad \\( sic \\)",
    "a \ud83d lone \udc00 surrogate that was made by him",
    "no verbs , no nouns , no",
    "the " * 4000,
    "( ( ( [ { '' `` \" \" ' '",
    "it 's n't 'd 'll",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_raise_nothing_and_come_back_changed_or_not_at_all(text: str) -> None:
    for one in made(text):
        assert one.text != text


def test_a_text_too_long_to_parse_offers_nothing() -> None:
    assert made("The plot is thin, but the cast is great. " * 600) == []


def test_a_rewrite_that_says_something_else_is_refused() -> None:
    assert not confirmed(tree("The dog bites the man."), tree("The man bites the dog."))
    assert not confirmed(tree("It is not dull."), tree("It is dull."))
    assert confirmed(tree("The dog bit the man."), tree("The man was bitten by the dog."))
    assert not recovered(tree("The man works."), tree("The man works, the dog bites him and the cat saw the dog."))
    assert not recovered(tree("It gives them no feelings."), tree("It gives no act and any feelings."))


def test_passive_and_active_give_the_same_facts() -> None:
    assert facts(tree("The dog bit the man.")) == facts(tree("The man was bitten by the dog."))
    assert sum(negations(tree("It has no point.")).values()) == sum(negations(tree("It does not have any point.")).values())


def test_what_no_rule_touches_keeps_every_character() -> None:
    text = "Odd   spacing.  The plot is thin, but the cast is great.\n"
    assert "Odd   spacing.  Although the plot is thin, the cast is great.\n" in {one.text for one in made(text)}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("it 's a film , is n't it ?", "It's a film, isn't it?"),
        ("rosenthal \\( halloween ii \\) forgot .", "Rosenthal (halloween ii) forgot."),
        ("i think i 'm lost .", "I think I'm lost."),
        ("It's fine. Really.", "It's fine. Really."),
    ],
)
def test_a_tokenised_text_is_joined_for_the_parser_and_each_character_known(text: str, clean: str) -> None:
    prepared = prepare(text)
    assert prepared.text == clean
    assert all(text[at].lower() == letter.lower() for at, letter in zip(prepared.origin, clean, strict=True))


def test_a_models_rewrite_takes_the_manner_of_the_text() -> None:
    assert restyled("It isn't bad, is it?", "it 's a film , and i like it") == "it is n't bad , is it ?"
    assert restyled("It isn't bad.", "It's a film.") == "It isn't bad."


def test_protected_spans_are_one_node_each_under_their_head() -> None:
    text = "The plot of The Third Man is thin."
    nodes = tree(text)
    start = text.index("The Third Man")
    joined = merged(nodes, [(start, start + len("The Third Man"))])
    assert [text[n.start : n.end] for n in joined] == ["The", "plot", "of", "The Third Man", "is", "thin", "."]
    assert all(0 <= node.head < len(joined) for node in joined)
    assert len(sentences(joined)) == 1
