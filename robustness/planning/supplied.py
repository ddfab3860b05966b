"""Fields that the victim brings itself, such as the instruction of a prompt: joined to every example, and never in the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from robustness.data.rows import visible_core
from robustness.errors import DataError

if TYPE_CHECKING:
    from reports.run import Outcome
    from robustness.data import Dataset
    from robustness.settings import Settings
    from robustness.victims.base import VictimInfo

ORDER = ("entailment",)
"""What a change of an instruction must preserve: what it orders. What the labels of the data depend on does not matter there."""


def with_supplied(data: Dataset, info: VictimInfo) -> Dataset:
    """The examples with the victim's own texts before theirs; the digest is that of the data alone."""
    if not info.supplied:
        return data
    names, texts = zip(*info.supplied, strict=True)
    examples = tuple(replace(example, inputs=(*texts, *example.inputs)) for example in data.examples)
    return replace(data, examples=examples, fields=(*names, *data.fields))


def without_supplied(data: Dataset, info: VictimInfo) -> Dataset:
    """The examples as the data hold them."""
    own = len(info.supplied)
    examples = tuple(replace(example, inputs=example.inputs[own:]) for example in data.examples)
    return replace(data, examples=examples, fields=data.fields[own:]) if own else data


def refuse_shown(data: Dataset, info: VictimInfo) -> None:
    """Raise ``DataError`` where an example that stands in the prompt, with its answer, is among those that are audited."""
    shown = {tuple(map(visible_core, inputs)) for inputs in info.shown}
    found = [example for example in data.examples if tuple(map(visible_core, example.inputs)) in shown]
    if found:
        raise DataError(
            f"{data.source}: {len(found)} of the examples stand in the prompt with their answers, the first of them "
            f"{found[0].id!r}; expected none: give [examples] a file of other texts, or another --seed"
        )


def preserving(settings: Settings, info: VictimInfo, field: int) -> Settings:
    """The settings with what changes of this field must preserve, where the field is the victim's own and nobody says."""
    if settings.preserve is not None or field >= len(info.supplied):
        return settings
    return replace(settings, preserve=ORDER)


def resupplied(cases: Sequence[Outcome], info: VictimInfo) -> list[Outcome]:
    """Saved cases with this victim's own texts, but for the attacked field's: a new prompt is asked as it is now.

    Another prompt may bring an instruction where that of the cases had none, or the other way round; what was attacked must be
    there in both.
    """
    return [replace(case, texts=_texts(case, info)) for case in cases]


def _texts(case: Outcome, info: VictimInfo) -> dict[str, str]:
    from robustness.victims.prompts.file import INSTRUCTION

    own, texts = dict(info.supplied), dict(case.texts)
    fits = texts.keys() - {*info.fields} <= {INSTRUCTION} and all(name in texts for name in info.data_fields)
    if fits and case.field in info.fields:
        texts = {**own, **{name: texts[name] for name in (*info.data_fields, case.field)}}
        return {name: texts[name] for name in info.fields}
    return {name: own.get(name, text) if name != case.field else text for name, text in texts.items()}
