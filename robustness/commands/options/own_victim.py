"""The victim that a run was made with, opened again by what the run says of it, and only if it is still the same."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.commands.recorded import made_here, whole_spec
from robustness.errors import RobustnessError, SpentError, UsageError

if TYPE_CHECKING:
    from robustness.victims.base import Victim, VictimInfo


@dataclass(frozen=True, slots=True)
class OwnVictim:
    """What ``run.json`` says of its victim: the spec and options that open it, and what it must turn out to be."""

    spec: str
    options: Mapping[str, Any]
    labels: tuple[str, ...]
    identity: Mapping[str, str]
    checked: bool = True
    """Whether it must be the same as then."""
    whole: str | None = None
    """Where ``spec`` names a file or folder by its last part alone: the spec with the whole path."""

    def open(self, **options: Any) -> Victim:
        """The victim, loaded.

        Raises:
            UsageError: it is not there any more, or is not the same any more. ``SpentError``: a cap was reached.
        """
        from robustness.auditing import open_victim

        self._look()
        try:
            victim = open_victim(self.whole or self.spec, **{**self.options, **options})
        except SpentError:
            raise
        except RobustnessError as problem:
            raise UsageError(f"the run's own victim {self.spec} cannot be opened: {problem}; name one with --victim") from problem
        changed = self._changed(victim.info) if self.checked else []
        if changed:
            victim.close()
            raise UsageError(
                f"{self.spec} is no longer the victim of the run: {', '.join(changed)} changed "
                f"since; to ask it all the same, name it: --victim {self.spec}"
            )
        return victim

    def _look(self) -> None:
        """Raise ``UsageError`` where what was named is gone: its last name might be found on the hub, and be another model."""
        paths = [part.partition("#")[0] for part in (self.whole or "").split(":")]
        if any(os.path.isabs(path) and not path.startswith("//") and not os.path.exists(path) for path in paths):
            raise UsageError(f"the run's own victim {self.spec} is not where it was any more; name where it is now with --victim")

    def _changed(self, info: VictimInfo) -> list[str]:
        from reports.files.paths import shown

        now = {key: shown(value) for key, value in info.identity}  # as run.json holds it
        changed = sorted(key for key in {*now, *self.identity} if now.get(key) != self.identity.get(key))
        return ["labels", *changed] if info.labels != self.labels else changed


def own_victim(failures: Path, *, allow_local_code: bool = False, checked: bool = True) -> OwnVictim | None:
    """The victim of the run that these failures are from; None where no run is beside them.

    ``checked``: it must turn out to be the same as then when it is opened.

    Raises:
        UsageError: a victim whose code would run, or that is sent a key, unless that is allowed or this account made the run with
            it; one that cannot be opened by its name.
    """
    from reports.run.store import MANIFEST, read_manifest
    from robustness.victims import KINDS, refuse_local_code
    from robustness.victims.prompts.load import refuse_local_prompt

    folder = failures if failures.is_dir() else failures.parent
    if not (folder / MANIFEST).is_file():
        return None
    manifest = read_manifest(folder)
    victim, opening = manifest.victim, manifest.asked.get("opening")
    name, kind = str(victim.get("name", "")), str(victim.get("kind", ""))
    allowed = allow_local_code or made_here(folder, manifest)
    refuse_local_code(name, str(folder / MANIFEST), allowed)
    if kind not in {known.name for known in KINDS} or name.partition(":")[0] != kind:
        raise UsageError(f"the run's own victim {name!r} cannot be opened by its name; name one with --victim")
    labels, fields = tuple(victim.get("labels", ())), tuple(victim.get("fields", ()))
    picked = f"#{labels[1]}" if kind == "hf" and len(labels) == 2 and labels[0] == f"not {labels[1]}" else ""
    options: dict[str, Any] = {"fields": fields} if kind not in ("demo", "scripted") and fields != ("text",) else {}
    if kind == "python":
        options |= {"labels": labels, "access": victim.get("access")}
    if isinstance(opening, dict):  # a run of today says how its victim was opened
        options = dict(opening)
        refuse_local_prompt(options.get("prompt"), str(folder / MANIFEST), allowed)
    identity = dict(victim.get("identity", {}))
    if "through" in identity:
        options["through"] = identity["through"]
    if "normalise" in identity:
        options.setdefault("normalise", identity["normalise"])
    whole = whole_spec(folder, manifest)
    if whole is not None and "#" not in whole:
        whole += picked
    return OwnVictim(name + picked, options, labels, identity, checked, whole)


KEYS = ("header", "key_env", "allow_plain_http")
"""Options that decide which secret is sent and how: never taken from a file that somebody else may have written."""


def opening_of(failures: Path, spec: str, *, allow_local_code: bool = False, prompt: str | None = None) -> dict[str, Any]:
    """How the run beside these failures opened its victim, where that is the endpoint ``spec``; else nothing.

    What an endpoint is asked stands in its prompt, not in its spec: named again, it is asked as the run asked it. ``prompt``: the
    one that a flag names in place of the run's.

    Raises:
        UsageError: the run's prompt is code, and nobody allowed that.
    """
    from reports.run.store import MANIFEST, read_manifest
    from robustness.victims import is_endpoint
    from robustness.victims.prompts.load import refuse_local_prompt

    folder = failures if failures.is_dir() else failures.parent
    if not is_endpoint(spec) or not (folder / MANIFEST).is_file():
        return {}
    manifest = read_manifest(folder)
    opening = manifest.asked.get("opening")
    if manifest.victim.get("name") != spec or not isinstance(opening, dict):
        return {}
    if prompt is None:
        refuse_local_prompt(opening.get("prompt"), str(folder / MANIFEST), allow_local_code or made_here(folder, manifest))
    return {name: value for name, value in opening.items() if name not in KEYS}
