"""Opens the victim that flags, or ``[audit]`` of the policy file, or the run itself name; for commands other than ``audit``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.commands.options import flags as f
from robustness.commands.options.spending import CAPS
from robustness.errors import UsageError

if TYPE_CHECKING:
    from robustness.victims.base import Victim

_OPTIONS = (
    *("access", "labels", "fields", "one_at_a_time", "device", "max_length", "isolate"),
    *("prompt", "system", "max_new_tokens", "stop", "calibrate", "prefix", "task", "through", "normalise"),
    *("json_lines", "start_limit", "answer_limit"),
    *("endpoint", "scoring", "temperature", "sampling_seed", "concurrency", "rps", "tpm", "request_timeout", "extra_body"),
    *("deterministic",),
)


@contextmanager
def open_named(
    spec: str | None,
    opening: Mapping[str, Any],
    *,
    offline: bool = False,
    allow_local_code: bool = False,
    failures: Path | None = None,
    otherwise: str | None = None,
    spending: Mapping[str, Any] | None = None,
    quiet: bool = False,
    by_policy: bool = True,
    out: Path | None = None,
    checked: bool = True,
) -> Iterator[Victim]:
    """The victim of ``--victim``, else of ``[audit]``, else that of the run behind ``failures``, else ``otherwise``.

    Flags beat the file; without ``by_policy`` no file is asked. An endpoint that is that of the run is asked as the run asked it,
    as far as no flag says otherwise. Which victim it is, and who named it, is said on stderr before it is loaded, unless
    ``quiet``, and what was spent on it after it was closed. ``spending``: what may be, and where its answers are recorded;
    ``out``: a folder for that record, where a victim behind an API is asked. ``checked``: the run's own victim must still be
    the same.

    Raises:
        UsageError: none is named; the file names code and nobody allowed to run it; the run's own is not the same any more.
    """
    from reports.gate.policy import PolicyError
    from reports.gate.policy_file import load_policy
    from reports.run.bill import bill_line
    from robustness.auditing import open_victim
    from robustness.commands.options.own_victim import opening_of, own_victim
    from robustness.commands.terminal.status import status
    from robustness.planning.spending import spending_on
    from robustness.victims import refuse_local_code
    from robustness.victims.prompts.load import refuse_local_prompt

    f.refuse_empty(spec, "--victim")
    given = dict(opening)
    source = ""
    if spec is not None and failures is not None:
        given = opening_of(failures, spec, allow_local_code=allow_local_code, prompt=given.get("prompt")) | given
    if spec is None and by_policy:
        try:
            policy = load_policy()
        except PolicyError as error:
            raise UsageError(str(error)) from error
        refuse_local_code(policy.audit.victim, policy.source, allow_local_code)
        defaults = policy.audit.model_dump(exclude_none=True)
        spec = defaults.get("victim")
        if spec is not None:
            if "prompt" not in given:
                refuse_local_prompt(defaults.get("prompt"), policy.source, allow_local_code)
            given = {name: value for name, value in defaults.items() if name in _OPTIONS} | given
            if not (spending or {}).get("cassette"):
                spending = {name: defaults[name] for name in CAPS if name in defaults} | dict(spending or {})
            source = f", named by {policy.source}"
    own = None
    if spec is None and failures is not None:
        own = own_victim(failures, allow_local_code=allow_local_code, checked=checked)
    if own is not None:
        spec, source = own.spec, ", the run's own"
    spec = spec or otherwise
    if spec is None:
        raise UsageError("no victim was named; give --victim demo, hf:PATH, python:module:function …")
    status(f"loading victim {spec}{source}", quiet=quiet)
    with spending_on(spec, spending or {}, out=out) as session:
        how: dict[str, Any] = {"offline": offline, "session": session}
        subject = own.open(**how, **opening) if own is not None else open_victim(spec, **how, **given)
        try:
            yield subject
        finally:
            subject.close()
            if session is not None and not session.replaying:
                status(f"spent: {bill_line(session.bill())}", quiet=quiet)
