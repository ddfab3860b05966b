"""What the pytest plugin collects: one test for each rule of a policy, over one audit that all of them share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from _pytest.outcomes import Failed  # `pytest.fail.Exception`, by the name that type checkers know

from robustness.errors import RobustnessError
from robustness.own_packages import check
from robustness.testing.names import ALLOW, FILE
from robustness.testing.told import told

if TYPE_CHECKING:
    from reports.gate.policy import Policy
    from reports.gate.verdicts import GateResult, RuleResult
    from reports.run import Outcome, Run

Pick = Callable[["Run", "GateResult"], "Iterable[RuleResult]"]


class PolicyFile(pytest.File):
    """``robustness.toml``. The audit runs once, when its first test does; under xdist, once over all workers."""

    _found: tuple[Run, GateResult] | Exception | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """One test for the soundness of the run, one for each rule; none where the file asks for no audit or no gate."""
        if self.path.name != FILE:
            raise self.CollectError(f"{self.path.name} is not read; did you mean {FILE}? Rename it")
        try:
            check()
        except RobustnessError as error:
            raise self.CollectError(str(error)) from None
        with contextlib.chdir(self.path.parent):
            policy = self._policy()
            if not policy.gate.has_thresholds or policy.audit.victim is None:
                return
            recipes = _recipes(policy)
        for name, covers, pick in _rules(policy, recipes):
            yield RuleItem.from_parent(self, name=name, covers=covers, pick=pick)

    def _policy(self) -> Policy:
        from robustness.commands.options.policy import read_policy

        try:
            return read_policy(None, {}, verdict=True)  # the file is the one of this folder
        except RobustnessError as error:
            raise self.CollectError(str(error)) from None

    def audited(self) -> tuple[Run, GateResult]:
        """The run and its verdict; an audit that failed fails every test and is not tried again."""
        if self._found is None:
            try:
                with contextlib.chdir(self.path.parent):
                    self._found = self._audit()
            except Exception as error:  # noqa: BLE001 - kept and raised in every test; an audit that failed passes none
                self._found = error
        if isinstance(self._found, Exception):
            raise self._found
        return self._found

    def _audit(self) -> tuple[Run, GateResult]:
        from reports.gate.gate import evaluate
        from reports.run.seal import SEAL
        from reports.run.store import load_run
        from robustness.helpers.named_resources import refuse_local_resources
        from robustness.victims import refuse_local_code

        policy = self._policy()
        allowed = self.config.getoption("--robustness-allow-local-code") or self.config.getini(ALLOW)
        advice = f"pass --robustness-allow-local-code to pytest, or set {ALLOW} = true in pytest's configuration"
        refuse_local_code(policy.audit.victim, str(self.path), bool(allowed), advice)
        refuse_local_resources(policy.audit.resource or (), str(self.path), bool(allowed), advice)
        folder = Path("runs") / f"pytest-{_session_id(self.config)[:12]}"
        with _alone(folder):
            run = load_run(folder) if (folder / SEAL).exists() else _run(policy, folder)
        return run, evaluate(run, policy)


class RuleItem(pytest.Item):
    """One rule. ``pick`` finds its results; ``covers`` says which failures belong to it."""

    def __init__(self, *, covers: Callable[[Outcome], bool], pick: Pick, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._covers, self._pick = covers, pick

    def runtest(self) -> None:
        """Fail unless every result passes; what could not be decided fails too."""
        assert isinstance(self.parent, PolicyFile)
        run, gate = self.parent.audited()
        results = list(self._pick(run, gate))
        if not results or any(result.verdict != "pass" for result in results):
            raise RuleBrokenError(told(run, results, [o for o in run.outcomes if self._covers(o)]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The rule's own words and the worst failures; for errors that are ours, their sentence; else a traceback."""
        from reports.run import RunError

        if isinstance(excinfo.value, (RuleBrokenError, RobustnessError, RunError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """File and name for the report."""
        return self.path, None, self.name


class RuleBrokenError(AssertionError):
    """A rule that was broken, or could not be decided."""


class GateNotPassed(Failed):
    """What ``pytest.fail`` raises, told apart from a failure of the test's own."""

    __module__ = "builtins"  # as pytest has it, so that no path of ours stands before the message
    of_robustness = True


class Auditor:
    """The fixture ``audit``: runs an audit in a folder of the test's own and gives the run."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0

    def __call__(
        self,
        victim: Any,
        data: Any = None,
        recipes: str | Sequence[str] = "standard",
        *,
        gate: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Run:
        """Audit and give the run; with ``gate`` (keys as in ``[gate]``), fail the test unless every rule holds.

        ``settings``: further arguments of ``robustness.audit``.
        """
        check()
        from reports.gate.gate import evaluate
        from reports.gate.policy import parse_policy
        from robustness.auditing import audit

        self._count += 1
        policy = parse_policy({"gate": dict(gate or {})}, "gate")
        run = audit(victim, data, recipes=recipes, out=self._folder / f"robustness-{self._count}", policy=policy, **settings)
        found = evaluate(run, policy)
        if gate is not None and found.verdict != "passed":
            found = found.demanding()
            raise GateNotPassed(told(run, [rule for rule in found.rules if rule.verdict != "pass"], run.outcomes), pytrace=False)
        return run


def _recipes(policy: Policy) -> tuple[str, ...]:
    """Names of the recipes that a policy asks for; none for a cascade, whose recipes cannot be judged alone."""
    from attacks.preserves import needed_by
    from attacks.recipes import registry

    specs = policy.audit.recipes or ["standard"]
    if specs == ["standard"]:
        return ()
    needed = policy.audit.preserve if policy.audit.preserve is not None else needed_by(len(policy.audit.text or ["text"]))
    options = registry.Options(profile=policy.audit.profile or "paper", preserve=tuple(needed))
    try:
        return tuple(dict.fromkeys(recipe.name for spec in specs for recipe in registry.resolve(spec, options)))
    except ValueError as error:
        raise PolicyFile.CollectError(f"{policy.source}: audit.recipes: {error}") from None


def _rules(policy: Policy, recipes: Sequence[str]) -> Iterator[tuple[str, Callable[[Outcome], bool], Pick]]:
    gate = policy.gate
    yield "run[sound]", lambda o: False, lambda run, found: (r for r in found.rules if r.scope == "run" and r.observed is None)
    plain = [*gate.given, *(["min_clean_accuracy"] if gate.min_clean_accuracy is not None else [])]
    for rule in plain:
        yield f"run[{rule}]", lambda o: True, _named("run", rule)
    for recipe, rules in gate.recipes.items():
        for rule in rules.given:
            yield f"{recipe}[{rule}]", _by_recipe(recipe), _named(f"recipe {recipe}", rule)
    for key, rules in gate.slices.items():
        for rule in rules.given:
            yield f"all/{key}[{rule}]", _in_slice(key), _named(f"slice {key}", rule)
            for recipe in recipes:
                yield f"{recipe}/{key}[{rule}]", _in_slice(key, recipe), _of_part(recipe, key, rule, policy)


def _named(scope: str, rule: str) -> Pick:
    return lambda run, found: (r for r in found.rules if r.scope == scope and r.rule == rule)


def _of_part(recipe: str, key: str, rule: str, policy: Policy) -> Pick:
    from reports.gate.gate import of_recipe_on_slice

    return lambda run, found: (r for r in of_recipe_on_slice(run, recipe, key, policy.gate) if r.rule == rule)


def _by_recipe(recipe: str) -> Callable[[Outcome], bool]:
    return lambda outcome: outcome.recipe == recipe


def _in_slice(key: str, recipe: str | None = None) -> Callable[[Outcome], bool]:
    from reports.measures.slices import in_slice

    return lambda outcome: recipe in (None, outcome.recipe) and in_slice(outcome, key)


def _session_id(config: pytest.Config) -> str:
    """One id for all workers of a session."""
    shared = getattr(config, "workerinput", {}).get("testrunuid")
    if shared:
        return str(shared)
    return config.stash.setdefault(_ID, uuid4().hex)


_ID = pytest.StashKey[str]()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a lock beside the folder; other workers of the session wait here for the run to end."""
    import os

    from reports.files.lock import lock, release

    folder.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder.with_name(f".{folder.name}.lock"), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        lock(descriptor, wait=True)
        yield
    finally:
        release(descriptor)


def _run(policy: Policy, folder: Path) -> Run:
    from robustness.auditing import Asked, audit_asked
    from robustness.commands.options.arguments import arguments_of

    asked = Asked.of(**arguments_of(policy.audit.model_dump(exclude_none=True)))
    return audit_asked(asked, out=folder, resume=folder.exists(), policy=policy)
