"""The policy: thresholds of the gate and defaults of an audit, as values; ``reports.gate.policy_file`` reads them from a file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from reports.measures.intervals import MIN_EXAMPLES
from reports.run.replayed import MAX_NOT_APPLICABLE


class PolicyError(Exception):
    """A policy that cannot be used: the file, the key, what was expected, what to do."""


def share(value: Any) -> float:
    """A share as 0..1: ``0.8`` or ``"80%"``; raises ``ValueError``."""
    number = _number(value, ("%",))
    if number is None or not 0 <= number <= 1:
        raise ValueError(f'expected a share between 0 and 1, such as 0.8 or "80%", got {value!r}')
    return number


def points(value: Any) -> float:
    """A difference of accuracies as 0..1: ``0.2``, ``"20pt"`` or ``"20%"``; raises ``ValueError``.

    A bare 1 is refused, because it could mean one point or all of them.
    """
    number = _number(value, ("%", "pt", "pts", "points"))
    bare_one = number == 1 and not re.search(r"[%a-z]", str(value).lower())
    if number is None or not 0 <= number <= 1 or bare_one:
        raise ValueError(f'expected percentage points, such as "20pt", or a share such as 0.2, got {value!r}')
    return number


def _number(value: Any, units: tuple[str, ...]) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if not isinstance(value, str):
        return float(value)
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*([%a-z]*)\s*", value.lower())
    if match is None or match[2] not in ("", *units):
        return None
    return float(match[1]) / 100 if match[2] else float(match[1])


def _names(value: Any) -> Any:
    """A list of names, or one string with commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _recipes(value: Any) -> Any:
    """A list of recipes, or one string with commas: those within the parentheses of a composition separate nothing."""
    return split_recipes(value) if isinstance(value, str) else value


def split_recipes(text: str) -> list[str]:
    """The parts between commas that stand outside parentheses and the quotation marks in them, stripped."""
    parts, depth, quote = [""], 0, ""
    for one in text:
        if quote or (depth and one in "'\""):
            quote = "" if one == quote else quote or one
        else:
            depth = max(0, depth + (one == "(") - (one == ")"))
        if one == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += one
    return [part.strip() for part in parts if part.strip()]


def _budget(value: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 2
    if not whole and value != "none":
        raise ValueError(f'expected a whole number of queries from 2 up, or "none", got {value!r}')
    return value


Share = Annotated[float, BeforeValidator(share)]
Points = Annotated[float, BeforeValidator(points)]
Confidence = Annotated[float, BeforeValidator(share), Field(ge=0.5, lt=1)]
Names = Annotated[list[str], BeforeValidator(_names)]
Recipes = Annotated[list[str], BeforeValidator(_recipes)]
Count = Annotated[int, Field(ge=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Rules(_Table):
    """Thresholds on one recipe or one slice; on a recipe, robust accuracy is the accuracy under that attack alone."""

    min_robust_accuracy: Share | None = None
    max_accuracy_drop: Points | None = None
    max_attack_success_rate: Share | None = None

    @property
    def given(self) -> dict[str, float]:
        """The thresholds that are set."""
        return {name: value for name in Rules.model_fields if (value := getattr(self, name)) is not None}


class _PartRules(Rules):
    @model_validator(mode="after")
    def _say_something(self) -> Self:
        if not self.given:
            raise ValueError(f"expected at least one of {', '.join(Rules.model_fields)}, got none")
        return self


class CertifiedRules(_Table):
    """A threshold on one certificate, by its name; ``radius``: words that a smoothed one must at least cover."""

    min_certified_accuracy: Share
    radius: Annotated[int, Field(ge=1)] | None = None


class GateRules(Rules):
    """``[gate]``: thresholds on the whole run, and what must hold before any of them is trusted."""

    min_clean_accuracy: Share | None = None
    max_attributable_success_rate: Points | None = None
    min_quality: Share | None = None
    max_quality_drop: Points | None = None
    max_error_rate: Share = 0.0
    min_examples: Annotated[int, Field(ge=0)] | None = None
    max_untested: Share = 0.05
    max_exhausted: Share | None = None
    max_flip_rate: Share = 0.10
    family_wise: bool = False
    fatal_flags: Names = Field(default_factory=list)
    accept_flags: Names = Field(default_factory=list)
    confidence: Confidence = 0.95
    recipes: dict[str, _PartRules] = Field(default_factory=dict)
    slices: dict[Annotated[str, Field(pattern="=")], _PartRules] = Field(default_factory=dict)
    certified: dict[str, CertifiedRules] = Field(default_factory=dict)

    @property
    def has_thresholds(self) -> bool:
        """Whether anything about robustness is demanded at all."""
        alone = (self.min_clean_accuracy, self.max_attributable_success_rate)
        return bool(
            self.given
            or self.graded
            or any(value is not None for value in alone)
            or self.recipes
            or self.slices
            or self.certified
        )

    @property
    def graded(self) -> dict[str, float]:
        """The thresholds on quality that are set."""
        return {name: value for name in ("min_quality", "max_quality_drop") if (value := getattr(self, name)) is not None}

    @property
    def fewest(self) -> int:
        """How many examples each threshold needs before it can pass: 30, or ``min_examples`` where that is less.

        A larger ``min_examples`` is about the run: a slice of it cannot have as many.
        """
        return MIN_EXAMPLES if self.min_examples is None else min(MIN_EXAMPLES, self.min_examples)

    @property
    def needed(self) -> int:
        """How many judged examples the run needs: ``min_examples``, by default 30 where there is a threshold to pass."""
        if self.min_examples is not None:
            return self.min_examples
        return MIN_EXAMPLES if self.has_thresholds else 0


class AuditDefaults(_Table):
    """``[audit]``: what ``robustness audit`` does where a flag does not say otherwise; keys are named like the flags."""

    victim: str | None = None
    data: str | None = None
    task: str | None = None
    goal: str | None = None
    text: Names | None = None
    label: str | None = None
    id: str | None = None
    group: str | None = None
    label_map: dict[str, str] | None = None
    encoding: str | None = None
    columns: Names | None = None
    format: str | None = None
    split: str | None = None
    recipes: Recipes | None = None
    profile: str | None = None
    preserve: Names | None = None
    budget: Annotated[int | str, BeforeValidator(_budget)] | None = None
    recipe_budget: Annotated[int, Field(ge=2)] | None = None
    adaptive: bool | None = None
    limit: Count | None = None
    seed: int | None = None
    field: str | None = None
    universal: Annotated[int, Field(ge=2)] | None = None
    language: str | None = None
    protect: list[str] | None = None
    batch_tokens: Count | None = None
    in_flight: Count | None = None
    victim_timeout: Annotated[float, Field(gt=0)] | None = None
    confirm: Count | None = None
    encoder: str | None = None
    rewriter: str | None = None
    masked_lm: str | None = None
    parser: str | None = None
    fluency: str | None = None
    max_cost: Annotated[float, Field(gt=0)] | None = None
    max_tokens_total: Count | None = None
    max_requests: Count | None = None
    prices: str | None = None
    cache: str | None = None
    vectors: str | None = None
    lexicon: str | None = None
    tagger: str | None = None
    resource: Names | None = None
    access: str | None = None
    labels: Names | None = None
    fields: Names | None = None
    one_at_a_time: bool | None = None
    device: str | None = None
    max_length: Count | None = None
    prompt: str | None = None
    system: str | None = None
    max_new_tokens: Count | None = None
    prefix: str | None = None
    json_lines: bool | None = None
    start_limit: Annotated[float, Field(gt=0)] | None = None
    answer_limit: Annotated[float, Field(gt=0)] | None = None
    stop: Names | None = None
    calibrate: bool | None = None
    endpoint: str | None = None
    scoring: str | None = None
    temperature: float | None = None
    sampling_seed: int | None = None
    concurrency: Count | None = None
    rps: Annotated[float, Field(gt=0)] | None = None
    tpm: Annotated[float, Field(gt=0)] | None = None
    request_timeout: Annotated[float, Field(gt=0)] | None = None
    extra_body: dict[str, Any] | None = None
    deterministic: bool | None = None
    isolate: bool | None = None
    through: str | None = None
    normalise: str | None = None
    traps: str | None = None
    trained_on: str | None = None
    out: str | None = None
    until_decided: bool | None = None
    offline: bool | None = None


class CompareRules(_Table):
    """``[compare]``: when a candidate run is a regression against a base run."""

    max_regression: Annotated[float, BeforeValidator(points), Field(lt=1)] = 0.02
    max_error_rate: Share = 0.01
    max_untested: Share = 0.05
    accept_flags: Names = Field(default_factory=list)
    confidence: Confidence = 0.95
    slices_decide: bool = False


class ReplayRules(_Table):
    """``[replay]``: how many replayed failures are enough."""

    max_not_applicable: Share = MAX_NOT_APPLICABLE


class Policy(_Table):
    """A whole policy. ``source`` names where it came from, for messages and reports."""

    gate: GateRules = Field(default_factory=GateRules)
    audit: AuditDefaults = Field(default_factory=AuditDefaults)
    compare: CompareRules = Field(default_factory=CompareRules)
    replay: ReplayRules = Field(default_factory=ReplayRules)
    source: str = Field(default="no policy", exclude=True)

    @property
    def wants_verdict(self) -> bool:
        """Whether anything was set that only a gate uses: thresholds, or what must hold besides them."""
        return self.gate != GateRules()

    def record(self) -> dict[str, Any]:
        """As it stands in ``run.json``; nothing where nothing was set. ``from_record`` reads it back."""
        if (self.gate, self.audit, self.compare) == (GateRules(), AuditDefaults(), CompareRules()):
            return {}
        return {"source": self.source, **self.model_dump(mode="json", exclude_none=True)}


def parse_policy(table: Any, source: str) -> Policy:
    """A policy from plain values; ``source`` is named in errors. Raises ``PolicyError``."""
    if isinstance(table, dict) and "source" in table:
        raise PolicyError(_unknown(source, ("source",)))
    try:
        return Policy.model_validate(table).model_copy(update={"source": source})
    except ValidationError as problem:
        raise PolicyError(_explained(problem, source)) from None


def from_record(record: Mapping[str, Any]) -> Policy:
    """The policy behind a record in ``run.json``; raises ``PolicyError``."""
    if not record:
        return Policy()
    rest = dict(record)
    return parse_policy(rest, str(rest.pop("source", "the run's own policy")))


def idle(gate: GateRules) -> Iterator[str]:
    """The thresholds that no run can fail, such as a robust accuracy of at least 0 %, each as it would be written."""
    parts = [("", gate), *((f'recipes."{k}".', r) for k, r in gate.recipes.items())]
    parts += [(f'slices."{k}".', r) for k, r in gate.slices.items()]
    for where, rules in parts:
        for name, value in rules.given.items():
            if value == (0 if name.startswith("min_") else 1):
                yield f"gate.{where}{name} = {value:g}"
    if gate.min_clean_accuracy == 0:
        yield "gate.min_clean_accuracy = 0"
    for name, certified in gate.certified.items():
        if certified.min_certified_accuracy == 0:
            yield f'gate.certified."{name}".min_certified_accuracy = 0'


def refuse_idle(policy: Policy) -> tuple[str, ...]:
    """The idle thresholds beside others; raises ``PolicyError`` where there are no others: idle ones would all hold."""
    gate, found = policy.gate, tuple(idle(policy.gate))
    parts = (gate, *gate.recipes.values(), *gate.slices.values())
    given = sum(len(rules.given) for rules in parts) + (gate.min_clean_accuracy is not None)
    given += len(gate.certified)
    if found and len(found) == given:
        raise PolicyError(f"{policy.source}: {', '.join(found)}: no run can fail it; set another value, or leave it out")
    return found


def with_gate(policy: Policy, gate: Mapping[str, Any], given_by: str = "flags") -> Policy:
    """The policy with gate rules applied on top; ``given_by``: what they come from. Raises ``PolicyError``."""
    if not gate:
        return policy
    new = parse_policy({"gate": dict(gate)}, given_by).gate
    old = policy.gate
    update = {name: getattr(new, name) for name in new.model_fields_set - {"recipes", "slices", "certified"}}
    merged: dict[str, Any] = {name: _merged(getattr(old, name), getattr(new, name)) for name in ("recipes", "slices")}
    merged["certified"] = {**old.certified, **new.certified}
    source = given_by if policy.source == "no policy" else f"{policy.source} and {given_by}"
    return policy.model_copy(update={"gate": old.model_copy(update={**update, **merged}), "source": source})


def _merged(old: Mapping[str, _PartRules], new: Mapping[str, _PartRules]) -> dict[str, _PartRules]:
    both = {name: old[name].model_copy(update=rules.given) for name, rules in new.items() if name in old}
    return {**old, **new, **both}


def _explained(problem: ValidationError, source: str) -> str:
    lines = []
    for error in problem.errors():
        where = tuple(str(part) for part in error["loc"] if part != "[key]")
        if error["type"] == "extra_forbidden":
            lines.append(_unknown(source, where))
            continue
        said = error["msg"].removeprefix("Value error, ")
        came = "" if "got " in said else f", got {error['input']!r}"
        if error["type"] == "string_pattern_mismatch":
            said, came = 'expected a name of the form "column=value"', f", got {where[-1]!r}"
        lines.append(f"{source}: {'.'.join(where) or 'the policy'}: {said}{came}")
    return "\n".join(lines)


def _unknown(source: str, where: tuple[str, ...]) -> str:
    known = _keys_beside(where)
    near = difflib.get_close_matches(where[-1], known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{source}: {'.'.join(where)}: no such key; {hint}expected one of: {', '.join(known)}"


def _keys_beside(where: tuple[str, ...]) -> list[str]:
    if len(where) == 1:
        return ["gate", "audit", "compare", "replay"]
    tables: dict[str, type[_Table]] = {"audit": AuditDefaults, "compare": CompareRules, "replay": ReplayRules}
    if where[0] in tables:
        return list(tables[where[0]].model_fields)
    if len(where) > 2 and where[1] == "certified":
        return list(CertifiedRules.model_fields)
    return list(GateRules.model_fields if len(where) == 2 else Rules.model_fields)
