"""Framing as a transformation of its own: the words of a speaker around a statement."""

from __future__ import annotations

from functools import partial

from attacks.preserves import SUBJECT
from attacks.transformations.paraphrase.frames import drop_frame, drop_hedge, drop_opener, frame, hedge, open_statement
from attacks.transformations.paraphrase.paraphrase import Rule, RuleParaphrase


def framing_rules(tagger: str) -> tuple[Rule, ...]:
    """Openers, hedges and frames, put on and taken off, with this tagger (see ``attacks.tagging``)."""
    return (
        Rule("frame", frame, SUBJECT),
        Rule("no-frame", drop_frame, SUBJECT),
        Rule("opener", partial(open_statement, tagger=tagger), SUBJECT),
        Rule("no-opener", drop_opener, SUBJECT),
        Rule("hedge", partial(hedge, tagger=tagger), SUBJECT),
        Rule("no-hedge", drop_hedge, SUBJECT),
    )


class Framing(RuleParaphrase):
    """Sets an opener, a hedge or *it is* around a statement, or takes one off; nothing inside it changes."""

    name = "framing"
    description = "An opener, a hedge or a frame is set around a statement or taken off: 'Honestly, …', '…, I think', 'It is …'."

    def __init__(self, tagger: str = "auto") -> None:
        super().__init__(depth=1, rules=framing_rules(tagger), tagger=tagger)

    def __repr__(self) -> str:
        return "Framing()"
