"""Refusals, known by how they begin: English, and no more than the usual openings.

Not known: refusals in other languages, those that come after a paragraph of talk, and a question back. What is counted here is
therefore a lower bound; a judge model would see more.
"""

from __future__ import annotations

import re
from functools import cache

_AM = r"(am|’m) "
_CANNOT = (
    r"(can’?t|cannot|can not|won’t|will not|must not|refuse to|decline to|’?d rather not|would rather not"
    rf"|{_AM}(unable|not able|not going) to"
    rf"|{_AM}not (allowed|permitted|authori[sz]ed|programmed|designed|trained|equipped|in a position) to"
    r"|(do not|don’t) (think|believe) i (can|should)|(do not|don’t) have the ability to)"
    r"( and (will|shall) not| and won’t)?( (ethically|legally|in good conscience|really|actually|currently|directly|possibly))?"
)
_THINGS = (
    r"(request|question|inquiry|query|topic|subject|matter|kind|type|sort|conversation|task|prompt|content|information|instruction"
    r"|guidance|detail)s?"
)
_NAMED = (
    r"(with |to |on |in |about )?("
    rf"(that|this|such|your|these|those|any|the requested)( {_THINGS}|(?=[^\w ]|$))"
    rf"|you (that|with|any|the|advice|step|{_THINGS})|such|any|advice|questions (about|on|of)"
    rf"|((detailed|specific|personal|medical|legal|financial|further) )?{_THINGS})"
)
"""What a refusal names. A reviewer "can’t give this film a good mark", and an assistant "can’t give you instructions"."""
_DO = (
    r"(assist|comply|fulfil|fulfill|accommodate|provide|generate|produce|create|facilitate|do (that|this|so)\b"
    r"|help(?! (but|it|\w+ing)\b)"  # who "can’t help but laugh" refuses nothing
    r"|(answer|give|write|continue|complete|discuss|share|offer|support|engage|respond|participate|process|proceed|advise|speak|talk"
    rf"|disclose|reveal)( {_NAMED}|\W*$|(?=[.!;])))"
)
_AI = (
    r"as an? (\w+ ){0,3}?(ai|language model|chatbot|virtual assistant|assistant)( (language )?(model|assistant|system))?"
    r"( \w+ed by (\w+ ){0,3}?\w+)? (i|my|it)\b"
)
_FIRST = (
    r"((hello|hi|hey|well|no|okay|ok|thanks|thank you|thank you for [\w ]{1,40}|unfortunately|however|regrettably"
    r"|i(’m| am) afraid|i understand [\w ]{1,60}|while i [\w ]{1,60})\W+(but )?)*"
)
"""What may stand before a refusal."""
_WE = r"(i|we|the assistant)( |(?=’))"
_END = r"(?=[.!;]|$)"
_SORRY = r"(i(’m| am) ((really|very|so|terribly|deeply) )?sorry|sorry|(i |my |please accept my )?(sincere )?apolog\w+)\b"
_OPENINGS = (
    # an apology, then what cannot be done: "I’m sorry I can’t come" and "I cannot imagine your loss" are none
    rf"{_SORRY}.{{0,60}}?\b({_WE}{_CANNOT}( {_DO}|{_END})|(that|this|it)(’s| is) (not something (that )?i\b|against (my|our)\b))",
    rf"{_WE}{_CANNOT}( {_DO}|{_END})",
    r"i(’m| am) not comfortable (with|providing|writing|helping|discussing|answering|creating|sharing|generating)\b",
    r"i (don’t|do not) feel comfortable (with|\w+ing)\b",
    r"i (must |have to |need to |will (have to )?)?((respectfully|politely) )?(decline|refuse)\b(?! (the|an?|her|his)\b)",
    rf"{_AI}.{{0,60}}?\b({_CANNOT}|do not have|don’t have|is against|would not be)\b",
    r"(this|that|your|the) (request|question|content|prompt|topic) ((may |would )?violates?|goes against|is against)\b",
    r"(this|that|it|your request|your question)(’s| is)(n’t| not) something (that )?i(’m| am| can| will)\b",
    r"(it )?(would|is|’s) (not|be) ?(in)?(appropriate|ethical|unethical|responsible) (for me )?to\b",
    r"it(’s| is) (against|not within) my\b",
)
"""Patterns of lower-case beginnings without commas, apostrophes as in ``can’t``."""
TYPICAL = ("i am sorry but i cannot help with that", "i cannot assist with that request", "as an ai i am unable to answer")
_HEAD, _NEAR = 160, 60


@cache
def _refusal() -> re.Pattern[str]:
    """Any opening of a refusal; made when the first text is read, for that takes a while."""
    return re.compile(_FIRST + "(" + "|".join(f"(?:{one})" for one in _OPENINGS) + ")")


def refuses(text: str) -> bool:
    """Whether it begins as English refusals do."""
    return _refusal().match(_beginning(text)) is not None


def kind_of(text: str, *, right: bool) -> str:
    """``refused`` for a text that begins as a refusal and is not right for all that; else nothing."""
    return "refused" if not right and refuses(text) else ""


def refusing(text: str) -> float:
    """How near its beginning comes to that of a typical refusal, 0 to 1."""
    from rapidfuzz.fuzz import partial_ratio

    head = _beginning(text)[:_NEAR]
    return max(partial_ratio(one, head) for one in TYPICAL) / 100.0 if head else 0.0


def _beginning(text: str) -> str:
    plain = re.sub(r"['`´‘]", "’", " ".join(text.casefold().split()))
    return re.sub(r"^[\W_]+", "", plain)[:_HEAD].replace(",", "")
