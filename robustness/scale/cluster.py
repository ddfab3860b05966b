"""Ray as the hands of a crew: a cluster of this machine for the time of a run, or one that is there already.

Plain actors and nothing more of Ray: no retries, no restarts, no data library; what is out and what comes back is in our own
queue. A cluster of this machine listens on the loopback interface only, asks for a token that is drawn for the run and written
nowhere, sends no usage statistics, has no dashboard, and ends with this process, however that ends.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.errors import MissingExtraError, RobustnessError, UsageError, cut
from robustness.scale.actor import Actor, Trouble
from robustness.scale.crew import Event, Lost, Started
from robustness.scale.undertaker import TAG, undertaker

if TYPE_CHECKING:
    from robustness.scale.brief import Brief
    from robustness.scale.queue import Unit

OURS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
LOCAL = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # by its name about other systems; on every one of them it means: loopback only
    "RAY_AUTH_MODE": "token",
}
STORE_BYTES = 100 * 2**20
"""Shared memory for messages; those of a run are small."""
START_S = 900.0
"""How long the first worker may take to be ready."""
_SOCKET_ROOM = 40
"""Most characters of a temporary folder: Ray puts sockets into it, whose paths the system limits to about 100."""


@contextmanager
def hands(brief: Brief, *, workers: int | None, address: str | None) -> Iterator[RayHands]:
    """Ray started, or joined, and left again at the end together with every worker.

    Raises:
        MissingExtraError: Ray is not installed.
        UsageError: it cannot be started or joined.
    """
    if address:
        with _environment(OURS):
            yield from _joined(brief, workers, address, None)
        return
    tag, folder = secrets.token_hex(16), _folder()
    # the driver itself does not carry the tag: it is set after this process began, and what a system shows is from its beginning
    with undertaker(tag, folder), _environment({**OURS, **LOCAL, "RAY_AUTH_TOKEN": secrets.token_hex(32), TAG: tag}):
        yield from _joined(brief, workers, None, folder)


def _joined(brief: Brief, workers: int | None, address: str | None, folder: Path | None) -> Iterator[RayHands]:
    ray = _ray()
    if ray.is_initialized():
        raise UsageError("Ray runs in this process already; end it with ray.shutdown() before a run with --workers")
    with _silenced(ray):
        try:
            _begin(ray, workers, address, folder)
            found = RayHands(ray, brief, gpus=_gpus(ray, brief.opening, workers))
            try:
                yield found
            finally:
                found.close()
        finally:
            ray.shutdown()


@contextmanager
def _silenced(ray: Any) -> Iterator[None]:
    """Without the paragraph that Ray prints on stderr for each worker that is gone: there is no public switch for it.

    The crew says in a line what became of its units.
    """
    inside: Any = getattr(getattr(ray, "_private", None), "worker", None)
    before = getattr(inside, "print_to_stdstream", None)
    if before is None:
        yield
        return
    inside.print_to_stdstream = lambda *_, **__: None
    try:
        yield
    finally:
        inside.print_to_stdstream = before


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("ray", "ray") from error
    return ray


def _folder() -> Path:
    base = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="robustness-", dir=base if len(base) < _SOCKET_ROOM else "/tmp"))


def _begin(ray: Any, workers: int | None, address: str | None, folder: Path | None) -> None:
    import logging

    from robustness.isolation.offline import own_child

    quiet = {"log_to_driver": False, "logging_level": logging.ERROR, "namespace": f"robustness-{os.getpid()}"}
    try:
        with own_child():
            if address:
                ray.init(address=address, **quiet)
            else:
                ray.init(
                    num_cpus=workers, include_dashboard=False, object_store_memory=STORE_BYTES, _temp_dir=str(folder), **quiet
                )
    except Exception as error:  # whatever Ray raises where it cannot start or find a cluster
        what = f"join the cluster at {address}; is that the address that `ray start --head` printed?" if address else "start"
        raise UsageError(f"Ray cannot {what} ({cut(error)})") from error


def _gpus(ray: Any, opening: Mapping[str, Any], workers: int | None) -> float:
    """The share of a GPU that a worker asks Ray for."""
    device = str(opening.get("device") or "")
    if not device.startswith("cuda"):
        return 0.0
    total = float(ray.cluster_resources().get("GPU", 0))
    if not total or device not in ("cuda", "cuda:0"):
        raise UsageError(
            f"--device {device} with workers: each is given its own GPU and calls it cuda; Ray sees {total:g} of them. "
            "Say --device cuda on machines that have one"
        )
    return min(1.0, total / (workers or total))


class RayHands:
    """Workers as Ray's actors. A worker's answers are waited for in the order in which its steps were sent."""

    def __init__(self, ray: Any, brief: Brief, *, gpus: float = 0.0) -> None:
        self._ray = ray
        self._brief = ray.put(brief)
        # Ray's own restarts are off: a lost worker's units must come back to the queue first
        self._class = ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=0, max_task_retries=0)(Actor)
        self._actors: dict[str, Any] = {}
        self._waiting: dict[str, deque[Any]] = {}
        self._opening: set[str] = set()
        self._hired = 0
        self._begun, self._any_ready = time.monotonic(), False

    @property
    def processors(self) -> int:
        """How many workers of one processor the cluster has room for."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def hire(self) -> str:
        """Begin to start a worker."""
        self._hired += 1
        name = f"worker {self._hired}"
        actor = self._class.remote(self._brief)
        self._actors[name] = actor
        self._waiting[name] = deque([actor.open.remote()])
        self._opening.add(name)
        return name

    def share(self, value: Any) -> Any:
        """Something that goes out with many steps: stored once, and named from then on."""
        return self._ray.put(value)

    def send(self, worker: str, units: list[Unit], shared: Any) -> None:
        """Let a worker take units and work for a step."""
        self._waiting[worker].append(self._actors[worker].step.remote(units, shared))

    def news(self) -> list[Event]:
        """Wait until some worker has finished a step, is ready, or is gone.

        Raises:
            RobustnessError: what a worker raised while it was opened, or that none is ready after a quarter of an hour.
        """
        heads = {waiting[0]: name for name, waiting in self._waiting.items() if waiting}
        ready, _ = self._ray.wait(list(heads), num_returns=1, timeout=10.0)
        if len(ready) and len(heads) > 1:
            ready, _ = self._ray.wait(list(heads), num_returns=len(heads), timeout=0)
        if not ready and not self._any_ready and time.monotonic() - self._begun > START_S:
            raise RobustnessError(f"no worker was ready after {START_S:g} s; has the cluster a free processor for one?")
        return [self._event(heads[ref], ref) for ref in ready]

    def _event(self, worker: str, ref: Any) -> Event:
        try:
            answer = self._ray.get(ref)
        except self._ray.exceptions.RayActorError as error:
            return worker, Lost(cut(str(error).strip().split("\n")[0]))
        self._waiting[worker].popleft()
        if worker in self._opening:
            self._opening.discard(worker)
            if isinstance(answer, Trouble):
                raise answer.error()
            self._any_ready = True
            return worker, Started(answer)
        report, trouble = answer
        return worker, report if trouble is None else _refusing(report, trouble)

    def dismiss(self, worker: str) -> None:
        """End a worker, if it has not ended."""
        self._waiting.pop(worker, None)
        self._opening.discard(worker)
        actor = self._actors.pop(worker, None)
        if actor is not None:
            self._ray.kill(actor, no_restart=True)

    def close(self) -> None:
        """End every worker."""
        for worker in list(self._actors):
            self.dismiss(worker)


def _refusing(report: Any, trouble: Trouble) -> Any:
    from dataclasses import replace

    return replace(report, refused=trouble.error())
