"""The gate: each threshold decided on an interval. A gate that could not evaluate never passes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reports.files.paths import shown_source
from reports.files.text import visible
from reports.gate.certified import of_certificates
from reports.gate.policy import GateRules, Policy, Rules
from reports.gate.rules import RULES
from reports.gate.run_policy import extent, own_policy
from reports.gate.soundness import soundness
from reports.gate.verdicts import FAIL, INCONCLUSIVE, PASS, GateResult, OwnVerdict, RuleResult
from reports.measures.answers.injection import PAIRED
from reports.measures.answers.quality import BOOTSTRAP
from reports.measures.family import family_wise
from reports.measures.intervals import MIN_EXAMPLES, Proportion
from reports.measures.metrics import Overall, RecipeMetrics
from reports.measures.of_run import Measured, measure
from reports.measures.sequential import settles_at
from reports.measures.slices import find_slice, label_slices, metadata_slices
from reports.run import Manifest, Run

FEWEST_GROUPS = 5


def evaluate(run: Run, policy: Policy | None = None, measured: Measured | None = None) -> GateResult:
    """Judge a run by a policy; without one, by its own.

    Without thresholds the verdict is ``measured`` at best: soundness is still checked, and ``GateResult.demanding`` says
    what that amounts to where a verdict was required. ``measured`` may be passed where it is available and was measured
    at the policy's confidence.
    """
    own = own_policy(run.manifest)
    policy = policy or own
    confidence = policy.gate.confidence
    if measured is None or measured.confidence != confidence:
        measured = measure(run, confidence)
    held = _selected(run, policy) if run.manifest.selected else _thresholds(run, policy, measured)
    rules = (*soundness(run, measured, policy.gate), *extent(run.manifest, policy), *held)
    verdict, family = _verdict(rules, policy.gate.has_thresholds), len(held) if policy.gate.family_wise else 0
    result = GateResult(verdict, rules, shown_source(policy.source), confidence, claim(run.manifest), family)
    if not own.gate.has_thresholds or (own.gate, own.audit) == (policy.gate, policy.audit):
        return result
    before = evaluate(run, own, measured)
    return result if before.verdict == result.verdict else replace(result, own=OwnVerdict(before.verdict, before.policy))


def _selected(run: Run, policy: Policy) -> tuple[RuleResult, ...]:
    """Of examples that were chosen because an earlier run broke them no rate estimates anything, so no threshold is looked at."""
    if not policy.gate.has_thresholds:
        return ()
    chosen = run.manifest.selected
    said = f"only the {chosen.get('examples')} examples that {chosen.get('run')} broke were audited; audit all of them to decide"
    return (RuleResult("selected", "run", INCONCLUSIVE, visible(said)),)


def claim(manifest: Manifest) -> str:
    """What a verdict holds for: "at most 500 queries, profile paper"."""
    budget = (
        "no limit of queries"
        if manifest.budget is None
        else f"at most {manifest.budget} queries{' an example' if manifest.whole_budget else ''}"
    )
    return f"{budget}, profile {manifest.profile}"


def certain(run: Run, policy: Policy) -> bool:
    """Whether more examples are not needed: every threshold is decided, or one of them is broken.

    For runs whose intervals hold at every sample size. ``max_error_rate`` alone stops nothing: it is a count, not an
    estimate, and early errors may be few among many examples.
    """
    measured = measure(run, policy.gate.confidence)
    found = {rule.verdict for rule in _thresholds(run, policy, measured)}
    return FAIL in found or (found == {PASS} and measured.overall.judged >= policy.gate.needed)


def _verdict(rules: Sequence[RuleResult], demanded: bool) -> str:
    found = {rule.verdict for rule in rules}
    if FAIL in found:
        return "failed"
    if found != {PASS}:
        return "inconclusive"
    return "passed" if demanded else "measured"


def _thresholds(run: Run, policy: Policy, measured: Measured) -> tuple[RuleResult, ...]:
    """Every threshold checked against the run; together, where the policy wants one error over all of them."""
    rules = tuple(_one_by_one(run, policy, measured))
    return family_wise(rules, policy.gate.confidence) if policy.gate.family_wise else rules


def _one_by_one(run: Run, policy: Policy, measured: Measured) -> Iterator[RuleResult]:
    gate = policy.gate
    if gate.min_clean_accuracy is not None:
        yield decide("min_clean_accuracy", "run", gate.min_clean_accuracy, measured.overall.clean_accuracy, gate.fewest)
    yield from _of_overall(gate, "run", measured.overall, gate.fewest)
    yield from _of_quality(gate, run, measured)
    yield from _of_injection(gate, run, measured)
    yield from of_certificates(gate, measured)
    recipes = {recipe.name: recipe for recipe in measured.recipes}
    for name, rules in gate.recipes.items():
        yield from _of_recipe(rules, name, recipes, gate.fewest)
    for key, rules in gate.slices.items():
        yield from _of_slice(rules, key, run, gate.confidence, gate.fewest)


def _of_overall(rules: Rules, scope: str, measured: Overall, fewest: int) -> Iterator[RuleResult]:
    observed = {
        "min_robust_accuracy": measured.robust_accuracy,
        "max_accuracy_drop": measured.accuracy_drop,
        "max_attack_success_rate": measured.attack_success_rate,
    }
    for rule, threshold in rules.given.items():
        yield decide(rule, scope, threshold, observed[rule], fewest)


def _of_quality(gate: GateRules, run: Run, measured: Measured) -> Iterator[RuleResult]:
    held = measured.quality
    for rule, threshold in gate.graded.items():
        if held is None:
            said = f"the answers of the task {run.manifest.task} have no quality, so {RULES[rule].what} could not be measured"
            yield RuleResult(rule, "run", INCONCLUSIVE, said, threshold)
        elif run.manifest.sequential:
            said = f"{RULES[rule].what} has no interval that holds at every look of an --until-decided run; audit all examples"
            yield RuleResult(rule, "run", INCONCLUSIVE, said, threshold)
        else:
            yield decide(rule, "run", threshold, held.attacked if rule == "min_quality" else held.drop, gate.fewest)


def _of_injection(gate: GateRules, run: Run, measured: Measured) -> Iterator[RuleResult]:
    """Success beyond the control, of each recipe that has one."""
    rule, threshold = "max_attributable_success_rate", gate.max_attributable_success_rate
    if threshold is None:
        return
    if run.manifest.sequential:
        said = f"{RULES[rule].what} has no interval that holds at every look of an --until-decided run; audit all examples"
        yield RuleResult(rule, "run", INCONCLUSIVE, said, threshold)
    elif not measured.injections:
        said = f"no recipe of this run asked benign twins, so {RULES[rule].what} could not be measured; run the recipe inject"
        yield RuleResult(rule, "run", INCONCLUSIVE, said, threshold)
    else:
        for found in measured.injections:
            yield decide(rule, f"recipe {found.recipe}", threshold, found.attributable, gate.fewest)


def _of_recipe(rules: Rules, name: str, recipes: dict[str, RecipeMetrics], fewest: int) -> Iterator[RuleResult]:
    scope, found = f"recipe {name}", recipes.get(name)
    if found is None:
        yield from _cannot(rules, scope, f"the run has no such recipe; it has: {', '.join(recipes)}")
        return
    observed = {
        "min_robust_accuracy": found.accuracy_under_attack,
        "max_accuracy_drop": found.accuracy_drop,
        "max_attack_success_rate": found.attack_success_rate if found.complete else None,
    }
    for rule, threshold in rules.given.items():
        value = observed[rule]
        if value is None:
            said = f"{name} saw only {found.n} examples: in a cascade only the first recipe sees them all; run it on its own"
            yield RuleResult(rule, scope, INCONCLUSIVE, said, threshold)
        else:
            yield decide(rule, scope, threshold, value, fewest)


def _of_slice(rules: Rules, key: str, run: Run, confidence: float, fewest: int) -> Iterator[RuleResult]:
    found = find_slice(run, key, confidence)
    if found is not None:
        yield from _of_overall(rules, f"slice {key}", found.measured, fewest)
        return
    known = [part.key for part in (*label_slices(run), *metadata_slices(run))][:20]
    yield from _cannot(rules, f"slice {key}", f"no example is in this slice; the slices are: {', '.join(known) or 'none'}")


def of_recipe_on_slice(run: Run, recipe: str, key: str, gate: GateRules) -> tuple[RuleResult, ...]:
    """The rules of a slice held against one recipe alone; they are implied by the same rules over all recipes.

    Says nothing in a cascade, where later recipes see only what earlier ones left. Under ``family_wise`` they are a family
    of their own with those of the other recipes.
    """
    scope, rules = f"recipe {recipe}, slice {key}", gate.slices[key]
    if run.manifest.cascade:
        return tuple(_cannot(rules, scope, "in a cascade only the first recipe sees every example"))
    described = tuple(r for r in run.manifest.recipes if r["name"] == recipe)
    outcomes = tuple(o for o in run.outcomes if o.recipe == recipe)
    alone = replace(run, manifest=replace(run.manifest, recipes=described), outcomes=outcomes)
    held = tuple(replace(rule, scope=scope) for rule in _of_slice(rules, key, alone, gate.confidence, gate.fewest))
    asked = len(run.manifest.recipes) * sum(len(part.given) for part in gate.slices.values())
    return family_wise(held, gate.confidence, asked) if gate.family_wise else held


def _cannot(rules: Rules, scope: str, why: str) -> Iterator[RuleResult]:
    return (RuleResult(rule, scope, INCONCLUSIVE, why, threshold) for rule, threshold in rules.given.items())


def decide(rule: str, scope: str, threshold: float, observed: Proportion, fewest: int = MIN_EXAMPLES) -> RuleResult:
    """Pass where the whole interval keeps the rule, fail where the whole interval breaks it, else inconclusive.

    On fewer than ``fewest`` examples nothing passes: what a handful shows, another handful may not. It can fail, though,
    because the interval is already as wide as so few examples make it.
    """
    wants_at_least = rule.startswith("min_")
    keeps = observed.low >= threshold if wants_at_least else observed.high <= threshold
    breaks = observed.high < threshold if wants_at_least else observed.low > threshold
    few = keeps and observed.n < fewest
    kept = PASS if keeps and not few else FAIL if breaks else INCONCLUSIVE
    verdict = INCONCLUSIVE if observed.rate is None else kept
    enough = None if verdict != INCONCLUSIVE else fewest if few else _settles(observed, threshold)
    message = _message(rule, threshold, observed, verdict, enough, fewest if few else 0)
    return RuleResult(rule, scope, verdict, message, threshold, observed, enough)


def _settles(observed: Proportion, threshold: float) -> int | None:
    """About how many examples would settle it; for a mean, as its interval narrows with the root of their number."""
    if observed.method not in (BOOTSTRAP, PAIRED):
        return settles_at(observed, threshold)
    distance = abs((observed.rate or 0.0) - threshold)
    if not distance or observed.unknown:
        return None
    half = (observed.high - observed.low) / 2
    return max(observed.n + 1, math.ceil(observed.n * (half / distance) ** 2))


def _message(rule: str, threshold: float, observed: Proportion, verdict: str, enough: int | None, fewest: int) -> str:
    bound = f"{'at least' if rule.startswith('min_') else 'at most'} {RULES[rule].amount(threshold)}"
    if observed.rate is None:
        return f"{RULES[rule].what} could not be measured, {bound} required: no example counts towards it"
    counted = f"n={observed.n}" + (f", {observed.unknown} untested" if observed.unknown else "")
    counted += "" if observed.design is None else f" in {observed.design.groups} groups"
    interval = f"{RULES[rule].amount(observed.rate)} ({100 * observed.low:.1f} to {100 * observed.high:.1f}, {counted})"
    said = f"{RULES[rule].what} {interval}, {bound} required"
    if verdict != INCONCLUSIVE:
        return said
    if fewest:
        return f"{said}; it holds, but nothing passes on fewer than {fewest} examples (min_examples)"
    if observed.design is not None and observed.design.groups < FEWEST_GROUPS:
        return f"{said}; so few groups say little about others, however many examples each holds: add groups"
    if observed.unknown:
        return f"{said}; the untested examples count as broken at the lower end and as robust at the upper"
    if enough is None:
        return f"{said}; at a rate equal to the threshold no number of examples settles it: leave a margin"
    return f"{said}; about {enough} examples would settle it at this rate"
