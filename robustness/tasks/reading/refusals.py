"""Refusals, known by how they begin: English, and no more than the usual openings.

Not known: refusals in other languages, those that come after a paragraph of talk, and a question back. What is counted here is
therefore a lower bound; a judge model would see more.
"""

from __future__ import annotations

import re

from rapidfuzz.fuzz import partial_ratio

_CANNOT = (
    r"(can’?t|cannot|can not|could not|couldn’t|won’t|will not|must not|am unable to|’m unable to|am not able to|’m not able to)"
)
_DO = (
    r"(help|assist|answer|provide|give|comply|fulfil|fulfill|complete|continue|discuss|engage|do that|respond|create|generate"
    r"|write|support|share|offer|do this)"
)
OPENINGS = (
    rf"(i(’m| am) (really |very |so )?sorry|sorry|(i |my )?apolog\w+)\W.{{0,40}}?\b(i|as an?)\b.{{0,60}}?(\b|(?=’)){_CANNOT}\b",
    rf"(unfortunately |however )?i ?{_CANNOT} (\w+ )?{_DO}\b",
    r"(unfortunately |however )?i(’m| am) not (allowed|permitted|comfortable|programmed)\b",
    r"i (must|have to|need to|will have to) (respectfully )?(decline|refuse)\b",
    rf"as an? [\w ]{{0,20}}\b(ai|language model|assistant)\b.{{0,60}}?(\b|(?=’)){_CANNOT}\b",
    r"(this|that|your) (request|question|content) (violates|goes against|is against|is not something i)\b",
)
"""Patterns of lower-case beginnings without commas, apostrophes as in ``can’t``."""
TYPICAL = ("i am sorry but i cannot help with that", "i cannot assist with that request", "as an ai i am unable to answer")
_REFUSES = re.compile("|".join(f"(?:{one})" for one in OPENINGS))
_HEAD, _NEAR = 160, 60


def refuses(text: str) -> bool:
    """Whether it begins as English refusals do."""
    return _REFUSES.match(_beginning(text)) is not None


def kind_of(text: str, *, right: bool) -> str:
    """``refused`` for a text that begins as a refusal and is not right for all that; else nothing."""
    return "refused" if not right and refuses(text) else ""


def refusing(text: str) -> float:
    """How near its beginning comes to that of a typical refusal, 0 to 1."""
    head = _beginning(text)[:_NEAR]
    return max(partial_ratio(one, head) for one in TYPICAL) / 100.0 if head else 0.0


def _beginning(text: str) -> str:
    plain = re.sub(r"['`´‘]", "’", " ".join(text.casefold().split()))
    return re.sub(r"^[\W_]+", "", plain)[:_HEAD].replace(",", "")
