"""How far a run has come that is not finished, read from its outcomes while another process writes them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reports.measures.metrics import fate
from reports.run import Manifest, Outcome
from reports.run.store import OUTCOMES, read_manifest

_LATEST = 5
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class RecipeSoFar:
    """One recipe: outcomes so far, by status."""

    name: str
    ended: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SoFar:
    """An unfinished run. Counts only: a rate of what has ended so far would favour what ends early.

    ``trials`` of at most ``due``. ``fates``: examples by what became of them (``reports.measures.metrics.fate``); those that
    still have a recipe before them are ``under way``. ``latest``: the last failures, the newest first. ``problem``: why the
    outcomes could not be read to their end.
    """

    manifest: Manifest
    trials: int
    due: int
    fates: Mapping[str, int]
    recipes: tuple[RecipeSoFar, ...]
    latest: tuple[Outcome, ...]
    problem: str = ""

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return min(1.0, self.trials / self.due) if self.due else 0.0


class Follower:
    """Reads a run's outcomes as they come: each look reads what was added since the last one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._forget()

    def _forget(self) -> None:
        self._at, self._file = 0, (0, 0)
        self._lines = 0
        self._statuses: dict[str, list[str]] = {}
        self._counts: dict[str, Counter[str]] = {}
        self._latest: deque[Outcome] = deque(maxlen=_LATEST)
        self._problem = ""

    def look(self) -> SoFar:
        """The state now. Raises ``RunError`` where there is no run any more."""
        manifest = read_manifest(self._folder)
        self._read(manifest)
        names = manifest.recipe_names
        ends = Counter(self._fate(statuses, manifest) for statuses in self._statuses.values())
        due = manifest.due * len(names) - sum(self._spared(statuses, manifest) for statuses in self._statuses.values())
        recipes = tuple(RecipeSoFar(name, self._of(name).total(), dict(self._of(name))) for name in names)
        trials = sum(one.ended for one in recipes)
        fates = {**ends, "not begun": max(0, manifest.due - len(self._statuses))}
        return SoFar(manifest, trials, max(due, trials), fates, recipes, tuple(reversed(self._latest)), self._problem)

    def _of(self, recipe: str) -> Counter[str]:
        return self._counts.get(recipe, Counter())

    @staticmethod
    def _spared(statuses: list[str], manifest: Manifest) -> int:
        """Trials that will not come, the cascade having ended for this example."""
        over = manifest.cascade and fate(statuses, len(manifest.recipe_names)) in ("wrong", "broken")
        return max(0, len(manifest.recipe_names) - len(statuses)) if over else 0

    @staticmethod
    def _fate(statuses: list[str], manifest: Manifest) -> str:
        """In a cascade an example that was broken or wrong has ended; else each recipe has its turn."""
        recipes = len(manifest.recipe_names)
        became = fate(statuses, recipes)
        ended = len(statuses) >= recipes or (manifest.cascade and became in ("wrong", "broken"))
        return became if ended or became in ("wrong", "broken") else "under way"

    def _read(self, manifest: Manifest) -> None:
        path = self._folder / OUTCOMES
        try:
            with path.open("rb") as stream:
                status = path.stat()
                if self._file != (status.st_dev, status.st_ino) or status.st_size < self._at:
                    self._forget()  # a resume took lines out: a new file in the old one's place
                    self._file = (status.st_dev, status.st_ino)
                stream.seek(self._at)
                for line in stream:
                    if not line.endswith(b"\n"):
                        break  # it is being written
                    self._at += len(line)
                    self._lines += 1
                    self._take(line, manifest)
        except OSError as problem:
            self._problem = f"{OUTCOMES} cannot be read: {problem.strerror}."

    def _take(self, line: bytes, manifest: Manifest) -> None:
        try:
            outcome = Outcome.from_json(line.decode("ascii"), manifest.victim.get("labels", ()))
        except (ValueError, RecursionError):
            self._problem = f"{OUTCOMES}, line {self._lines}: not an outcome; what it said is missing below."
            return
        self._counts.setdefault(outcome.recipe, Counter())[outcome.status] += 1
        self._statuses.setdefault(outcome.example_id, []).append(outcome.status)
        if outcome.status == "succeeded":
            self._latest.append(outcome)
