"""``robustness compare`` of two files of certificates: the same statements of two victims, in place of two runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.commands.options.sealing import check_seal
from robustness.commands.terminal import output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.compare.certificates import CertificateComparison
    from reports.gate.policy import CompareRules
    from reports.run.seal import Verification


def are_certificates(base: Path, candidate: Path) -> bool:
    """Whether both are files; raises ``UsageError`` where one is, and the other is not."""
    files = [path.is_file() for path in (base, candidate)]
    if files[0] != files[1]:
        file, other = (base, candidate) if files[0] else (candidate, base)
        raise UsageError(
            f"{file} is a file and {other} is not: give two run folders, or two files of certificates "
            "(certificates.jsonl, or what `robustness certify --out` wrote)"
        )
    return all(files)


def compare_files(
    base: Path,
    candidate: Path,
    rules: CompareRules,
    *,
    expect: Mapping[str, str | None],
    unused: Mapping[str, Any],
    as_json: bool,
    quiet: bool,
) -> int:
    """Compare, tell, and return the exit code.

    ``expect``: the digest of each side's seal by its flag, base first. ``unused``: flags of a comparison of runs, by name.

    Raises:
        UsageError: a flag that means nothing here. ``RunError``: a damaged file, or one of a run that was edited.
    """
    from reports.compare.certificates import compare_certificates

    odd = [name for name, value in unused.items() if value not in (None, False)]
    if odd:
        raise UsageError(f"{odd[0]} is for two run folders, and these are files of certificates; leave it out")
    seals = {
        name: _seal(path, digest, flag)
        for (name, path), (flag, digest) in zip({"base": base, "candidate": candidate}.items(), expect.items(), strict=True)
    }
    found = compare_certificates(base, candidate, rules)
    if as_json:
        output.answer(found.to_dict())
    else:
        for line in _lines(found, quiet=quiet):
            output.say(line)
    for name, seal in seals.items():
        if seal is not None:
            (output.warn if quiet or as_json else output.say)(f"{name}: {seal.sentence()}")
    return found.exit_code


def _seal(file: Path, digest: str | None, flag: str) -> Verification | None:
    """The seal of the run in whose folder a file lies, if it lies in one; an edited file of such a run is refused."""
    from reports.run.seal import SEAL, refuse_changed

    if not (file.parent / SEAL).exists():
        return check_seal(file, digest, flag) if digest is not None else None
    refuse_changed(file.parent, file.name)
    return check_seal(file.parent, digest, flag)


def _lines(found: CertificateComparison, *, quiet: bool) -> list[str]:
    from reports.files.text import visible
    from reports.render.numbers import COMPARED

    if quiet:
        told = "; ".join(f"{one.name}: {one.reasons[0]}" for one in found.certificates)
        return [visible(f"{COMPARED[found.verdict]}: {told}")]
    lines = [COMPARED[found.verdict]]
    for one in found.certificates:
        lines += [f"  {one.name}: {one.verdict}", *(f"    {reason}" for reason in one.reasons)]
        lines += [f"    {note}" for note in one.notes]
    lines += [f"  {name}: in the candidate alone, so nothing is said of a change" for name in found.extra]
    return [visible(line) for line in lines]
