"""Calls with a time limit: results and exceptions come through, a hanging call is given up, the next one runs."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import pytest

from robustness.engine.time_limit import Patience, guarded
from robustness.errors import TooLargeError, VictimError, VictimTimeoutError


def test_results_and_exceptions_come_through() -> None:
    patience = Patience(5)
    assert patience.run(lambda: 7) == 7
    with pytest.raises(KeyError, match="gone"):
        patience.run(lambda: dict[str, int]()["gone"])


def test_a_hanging_call_is_given_up_and_the_next_one_runs() -> None:
    patience, release = Patience(0.1), threading.Event()
    started = time.monotonic()
    with pytest.raises(VictimTimeoutError, match=r"0\.1 s"):
        patience.run(release.wait)
    assert time.monotonic() - started < 2
    assert patience.run(lambda: "next") == "next"
    release.set()


def test_without_a_limit_calls_run_here() -> None:
    assert Patience(None).run(threading.get_ident) == threading.get_ident()


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_limit_must_be_positive(seconds: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        Patience(seconds)


class Held:
    """Something large."""


@pytest.mark.parametrize("name", ["MemoryError", "OutOfMemoryError"])
def test_what_did_not_fit_into_memory_is_let_go(name: str) -> None:
    kind: type[Exception] = type(name, (Exception,), {})
    alive: list[weakref.ref[Held]] = []

    def forward() -> None:
        held = Held()
        alive.append(weakref.ref(held))
        raise kind("tried to allocate 80 GiB")

    with pytest.raises(TooLargeError, match=f"the victim raised {name}: tried to allocate") as caught:
        guarded(forward, "the victim")
    gc.collect()
    assert alive[0]() is None
    assert caught.value.__context__ is not None, "it is kept with its traceback, whose frames would keep what filled the memory"


def test_other_exceptions_are_errors_of_the_victim() -> None:
    def forward() -> None:
        raise RuntimeError("sizes do not match")

    with pytest.raises(VictimError, match="RuntimeError") as caught:
        guarded(forward, "the victim")
    assert not isinstance(caught.value, TooLargeError)
