"""``--offline``: any use of the network beyond this machine becomes an error, in this process and in its children.

An audit hook of the interpreter (PEP 578) sees every call of Python's socket module, whoever kept a reference to it: connecting,
sending to an address, looking a name up. Loopback and Unix sockets stay allowed, and so does the host of an endpoint that the
user named as the victim (``permit``), and nothing else. A forked child inherits the hook, and a child that ``multiprocessing``
starts afresh is made to set it up before anything else; every other program is refused, because what it does cannot be seen,
except for those of this package, which answer for themselves (``own_child``). Native code that calls the system's sockets without
Python is not seen; a sandbox without a network is what stops that.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from robustness.errors import RobustnessError

ENVIRONMENT = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")
_INTERNET = {socket.AF_INET, socket.AF_INET6}
_HERE = {getattr(socket, name) for name in ("AF_UNIX", "AF_NETLINK", "AF_ALG") if hasattr(socket, name)}
_RUNS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.startfile", "os.startfile/2")


class OfflineError(RobustnessError, ConnectionError):
    """Something tried to use the network, or to start a program that might, while ``--offline`` forbids it."""


class _State:
    """How many contexts forbid the network now, and whether the hook, which can never be taken out, is in."""

    depth = 0
    hooked = False
    own = threading.local()
    lock = threading.Lock()
    permitted: ClassVar[dict[str, set[str]]] = {}
    """The host of the victim, by name in lower case, with every address that it was found to have."""


@contextmanager
def offline(enabled: bool = True) -> Iterator[None]:
    """Within this context, sockets reach this machine only, no foreign program starts, and model hubs are told to stay local."""
    if not enabled:
        yield
        return
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(dict.fromkeys(ENVIRONMENT, "1"))
    _enter()
    try:
        with _spawned_children_inherit(), _addresses_checked_first(), _addresses_of_permitted_hosts():
            yield
    finally:
        with _State.lock:
            _State.depth -= 1
            if not _State.depth:
                _State.permitted.clear()
        _restore(before)


def permit(host: str) -> None:
    """Let this host be reached until the outermost context ends: the user named it as the victim. Children may not reach it."""
    if _State.depth:
        _State.permitted[host.lower().strip("[]")] = set()


def inherit() -> None:
    """Forbid the network for the rest of this process; a child of an offline process begins with it."""
    os.environ.update(dict.fromkeys(ENVIRONMENT, "1"))
    _enter()


@contextmanager
def own_child() -> Iterator[None]:
    """Within this context this thread may start a program: one of this package's, that uses no network or is offline itself."""
    before = getattr(_State.own, "allowed", False)
    _State.own.allowed = True
    try:
        yield
    finally:
        _State.own.allowed = before


def _enter() -> None:
    with _State.lock:
        _State.depth += 1
        if not _State.hooked:
            sys.addaudithook(_hook)
            _State.hooked = True


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    check = _CHECKS.get(event)
    if check is not None and _State.depth:
        check(*arguments)


def _address(sock: socket.socket, address: Any, *_: Any) -> None:
    """Of connect, sendto, sendmsg and bind: an address that is not of this machine; None for a socket that is connected."""
    if address is None or sock.family in _HERE:
        return
    host = address[0] if isinstance(address, tuple) and address else address
    if sock.family not in _INTERNET or not (_is_local(host) or _is_permitted(host)):
        raise OfflineError(
            f"--offline forbids the network, and something tried to reach {_text(host)}; run without --offline to allow it"
        )


def _name(host: Any, *_: Any) -> None:
    """Of a look-up: a name asks a server, an address in figures does not."""
    if not _is_local(host) and not _is_address(host) and not _is_permitted(host):
        raise OfflineError(
            f"--offline forbids the network, and something tried to look up {_text(host)}; run without --offline to allow it"
        )


def _reverse(host: Any, *_: Any) -> None:
    where = host[0] if isinstance(host, tuple) and host else host
    if not _is_local(where):
        raise OfflineError(
            f"--offline forbids the network, and something tried to look up {_text(where)}; run without --offline to allow it"
        )


def _program(program: Any, *_: Any) -> None:
    if not getattr(_State.own, "allowed", False):
        raise OfflineError(
            f"--offline forbids other programs, which could use the network unseen, and something tried to run "
            f"{_text(program)}; run without --offline, or in a sandbox without a network"
        )


_CHECKS: dict[str, Callable[..., None]] = {
    **dict.fromkeys(("socket.connect", "socket.sendto", "socket.sendmsg"), _address),
    **dict.fromkeys(("socket.getaddrinfo", "socket.gethostbyname"), _name),
    **dict.fromkeys(("socket.gethostbyaddr", "socket.getnameinfo"), _reverse),
    **dict.fromkeys(_RUNS, _program),
    "os.spawn": lambda mode, program, *_: _program(program),
}


@contextmanager
def _addresses_checked_first() -> Iterator[None]:
    """Check an address before the socket module looks its host up, which it does on the way to the event that the hook sees."""
    kept = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex", "sendto", "sendmsg")}

    def checked(name: str) -> Callable[..., Any]:
        def call(self: socket.socket, *arguments: Any, **named: Any) -> Any:
            at = {"sendto": -1, "sendmsg": 3}.get(name, 0)
            if -len(arguments) <= at < len(arguments):
                _address(self, arguments[at])
            return kept[name](self, *arguments, **named)

        return call

    for name in kept:
        setattr(socket.socket, name, checked(name))
    try:
        yield
    finally:
        for name, method in kept.items():
            setattr(socket.socket, name, method)


@contextmanager
def _addresses_of_permitted_hosts() -> Iterator[None]:
    """Note the addresses of a permitted host as they are looked up: what connects afterwards knows addresses only."""
    look_up = socket.getaddrinfo

    def noted(host: Any, *arguments: Any, **named: Any) -> Any:
        found = look_up(host, *arguments, **named)
        addresses = _State.permitted.get(_text(host).lower()) if host is not None else None
        if addresses is not None:
            addresses.update(str(one[4][0]) for one in found)
        return found

    socket.getaddrinfo = noted
    try:
        yield
    finally:
        socket.getaddrinfo = look_up


@contextmanager
def _spawned_children_inherit() -> Iterator[None]:
    """Make the interpreters that ``multiprocessing`` starts (spawn, forkserver, its trackers) go offline first."""
    from multiprocessing import util

    start = util.spawnv_passfds

    def spawn(path: Any, arguments: Sequence[Any], descriptors: Any) -> Any:
        words = list(arguments)
        at = next((n + 1 for n, word in enumerate(words[:-1]) if word in ("-c", b"-c")), None)
        if at is None:
            raise OfflineError("--offline cannot follow a child that multiprocessing starts this way; run without --offline")
        path_here = list(map(str, sys.path))
        first = f"import sys; sys.path[:] = {path_here!r}; from robustness.isolation.offline import inherit; inherit(); "
        words[at] = first + os.fsdecode(words[at])
        with own_child():
            return start(path, words, descriptors)

    util.spawnv_passfds = spawn  # type: ignore[assignment]
    try:
        yield
    finally:
        util.spawnv_passfds = start


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _text(value: Any) -> str:
    return os.fsdecode(value) if isinstance(value, (str, bytes, os.PathLike)) else repr(value)


def _is_permitted(host: Any) -> bool:
    """Whether it is the victim's host, by name or by an address that was looked up for that name."""
    name = _text(host).lower() if host is not None else ""
    return name in _State.permitted or any(name in addresses for addresses in _State.permitted.values())


def _is_local(host: Any) -> bool:
    name = "" if host is None else _text(host)
    if name.lower() in ("localhost", "", "0.0.0.0", "::"):  # the last two are this machine, as a destination
        return True
    try:
        return ipaddress.ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return False


def _is_address(host: Any) -> bool:
    try:
        ipaddress.ip_address(_text(host).split("%")[0])
    except ValueError:
        return False
    return True
