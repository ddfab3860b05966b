"""What a failed test of the pytest plugin says: the number in its first line, then the rules, then the worst failures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.gate.verdicts import RuleResult
    from reports.run import Outcome, Run

WORST = 3
NEAR = 80
"""Characters of a long text, or of a long edit, that are shown on each side of where it is cut."""


def told(run: Run, results: Sequence[RuleResult], outcomes: Iterable[Outcome]) -> str:
    """Why the rules do not pass, and the three worst failures: those with the fewest changes.

    The first line is what pytest repeats in its summary, where it is cut at the width of the terminal: the number comes first.
    """
    from reports.files.text import defused, one_line
    from reports.run.failures import failures

    bad = sorted((r for r in results if r.verdict != "pass"), key=lambda r: r.verdict != "fail")
    said = [f"{r.verdict}: {'' if r.scope == 'run' else r.scope + ': '}{r.message}" for r in bad]
    found = sorted(failures(outcomes), key=lambda o: (o.words_touched, o.queries, o.recipe, o.example_id))
    lines = [headline(bad), *map(one_line, said)] if said else ["inconclusive: the gate has no such rule"]
    if found:
        lines.append(f"the worst {min(WORST, len(found))} of {len(found)} failures, by words changed:")
    for outcome in found[:WORST]:
        after = outcome.best.shown if outcome.best else "?"
        lines.append(one_line(f"  {outcome.recipe} on {outcome.example_id}: {outcome.reference} → {after}"))
        lines.append(f"    {marked(outcome)}")
    return defused("\n".join([*lines, f"every failure and report: {one_line(str(run.path.resolve()))}"]))


def headline(bad: Sequence[RuleResult]) -> str:
    """The first of the rules that do not pass in one short line: what was measured, its interval, and what was asked for."""
    from reports.files.text import one_line
    from reports.gate.rules import RULES

    rule, more = bad[0], f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    said, rate = rule.message, None if rule.observed is None else rule.observed.rate
    if rule.rule in RULES and rule.observed is not None and rate is not None and rule.threshold is not None:
        kind, bound = RULES[rule.rule], "at least" if rule.rule.startswith("min_") else "at most"
        interval = f"({100 * rule.observed.low:.1f} to {100 * rule.observed.high:.1f})"
        said = f"{kind.what} {kind.amount(rate)} {interval}, {bound} {100 * rule.threshold:.1f}"
    where = "" if rule.scope == "run" else f", {rule.scope}"
    return one_line(f"{'' if rule.verdict == 'fail' else f'{rule.verdict}: '}{said}{where}{more}")


def marked(outcome: Outcome) -> str:
    """A failure's text with what was taken out as ``[-old-]`` and put in as ``{+new+}``; long stretches are cut, edits too."""
    from reports.files.text import visible
    from reports.render.edits import SAME, bracketed, stretches

    parts, shown = list(stretches(outcome)), []
    for n, (kind, piece) in enumerate(parts):
        if kind == SAME:
            piece = _cut(piece, 0 if n == 0 < len(parts) - 1 else NEAR, NEAR if n < len(parts) - 1 else 0)
        else:
            piece = _cut(piece, NEAR, NEAR)
        shown.append(bracketed(kind, piece))
    return " ".join(visible("".join(shown)).split("\n"))


def _cut(stretch: str, first: int, last: int) -> str:
    """A stretch of a text: the given numbers of characters from its beginning and its end."""
    if len(stretch) <= first + last + 1:
        return stretch
    return f"{stretch[:first]}…{stretch[len(stretch) - last :]}"
