"""A tagger's entity types under the names of the data: ``PERSON=PER,GPE=LOC,*=O``, or a usual table by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from robustness.errors import UsageError
from robustness.tasks.reading.tag_schemes import OUTSIDE

REST = "*"
TABLES = {
    "conll": {
        **{"PERSON": "PER", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC", "ORG": "ORG", "NORP": "MISC"},
        **{"EVENT": "MISC", "WORK_OF_ART": "MISC", "PRODUCT": "MISC", "LANGUAGE": "MISC", "LAW": "MISC", REST: OUTSIDE},
    }
}
"""``conll``: the eighteen types of OntoNotes 5 under the four of CoNLL-2003, which has no dates, numbers and amounts."""


@dataclass(frozen=True, slots=True)
class EntityTypes:
    """What a victim finds, and what it is called here; what is called ``O`` is passed over.

    ``labels``: the names, in the order of the victim's own. ``rest``: of types that the victim did not declare; None: their own.
    """

    names: tuple[tuple[str, str], ...]
    rest: str | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Every name once."""
        return tuple(dict.fromkeys(new for _, new in self.names if new != OUTSIDE))

    def of(self, own: str) -> str | None:
        """The name of one of the victim's types; None for one that is passed over."""
        new = dict(self.names).get(own, self.rest or own)
        return None if new == OUTSIDE else new


def entity_types(spec: str | None, own: Sequence[str], victim: str) -> EntityTypes:
    """The victim's ``own`` types as ``spec`` names them: pairs, ``*`` for all others, or a table by its name.

    Raises:
        UsageError: no pairs, a type that the victim does not have, or nothing left to find.
    """
    if not spec:
        return EntityTypes(tuple((one, one) for one in own))
    pairs = TABLES[spec] if spec in TABLES else _pairs(spec, own, victim)
    found = EntityTypes(tuple((one, pairs.get(one, pairs.get(REST, one))) for one in own), pairs.get(REST))
    if own and not found.labels:
        raise UsageError(f"{victim}: #{spec} skips every entity type of {', '.join(own)}; name one that is to be found")
    return found


def _pairs(spec: str, own: Sequence[str], victim: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in spec.split(","):
        name, equals, new = (piece.strip() for piece in part.partition("="))
        if not (name and equals and new):
            raise UsageError(
                f"{victim}: expected pairs such as #PERSON=PER,GPE=LOC,{REST}={OUTSIDE} ({OUTSIDE} skips a type), or "
                f"a table ({', '.join(TABLES)}), got {spec!r}"
            )
        if name != REST and name not in own:
            raise UsageError(f"{victim} finds no {name!r}; it finds: {', '.join(own)}")
        pairs[name] = new
    return pairs
