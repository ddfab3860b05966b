"""The cassette of a run: what was asked, what came back and what it cost, in one append-only file of the run folder.

A line is written before a request goes out and after it came back, and survives the death of the process as the lines of
``outcomes.jsonl`` do. So a killed run asks nothing again that was answered, and forgets no request: one that was under way when
the process died counts as the most that it could have cost. From a cassette alone, with no network, a run can be derived again.

Lines, each a JSON object::

    {"cassette": 1}                                                          the first
    {"caps": {"max_requests": 500}, "currency": "USD"}                       what limits the requests that follow
    {"sent": 7, "tokens_in": 120, "tokens_out": 16, "cost": "0.0001"}        request 7 goes out; the most that it can cost
    {"billed": 7, "tokens_in": 118, "tokens_out": 3, "cost": "0.00007"}      it came back, and this is what it cost
    {"unsent": 7}                                                            it never left
    {"key": "…", "ask": "", "request": …, "reply": {"status": 200, "headers": {…}, "text": "…"}, "attempts": 1, "cost": {…}}
    {"key": "…", "ask": "", "request": …, "failed": {"type": "VictimTimeoutError", "message": "…"}, "attempts": 6, "cost": {…}}
    {"spent": "--max-requests 500 is reached: …"}                            a cap refused a request

A body is kept as the text that came, because a message may quote any part of it, and as base64 where it is no text.
No header of a request is written, and of a reply only those named in ``HEADERS``. Values of secret environment variables are
taken out of a reply *before the victim reads it*, so that a reply reads the same when it is told again.
"""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import InvalidOperation
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from reports.files.lock import lock, release
from reports.files.secrets import redactor, unchanged
from robustness.errors import CassetteError, SpentError, UsageError, VictimError
from robustness.victims.endpoint.account import Account, counted, spent_in
from robustness.victims.endpoint.cassette_lines import answer_in, encoded, is_final, lines_of, read_line, strings_in, written
from robustness.victims.endpoint.ledger import Caps, Spent
from robustness.victims.endpoint.wire import Reply

if TYPE_CHECKING:
    from robustness.victims.endpoint.prices import Prices

FILE = "cassette.jsonl"
FORMAT = 1
HEADERS = frozenset({"content-type", "retry-after", "retry-after-ms", "x-request-id", "request-id", "openai-model"})
LIMITS = "x-ratelimit-"


class Asked(Protocol):
    """What was asked, as an ``Exchange`` holds it."""

    @property
    def canonical(self) -> Any:
        """Method, URL and body, without secrets."""

    @property
    def ask(self) -> str:
        """The name of this asking."""

    @property
    def spelled(self) -> str:
        """``canonical`` as JSON in ASCII."""


class Cassette:
    """Remembers exchanges and counts what they cost; thread-safe. ``Cassette.open`` makes one.

    ``replaying``: it answers everything, and nothing is ever sent.
    """

    def __init__(self, path: Path | None, descriptor: int | None, *, replaying: bool = False) -> None:
        self.path, self.replaying = path, replaying
        self._open, self._owner = descriptor, os.getpid()
        self._lock = threading.Lock()
        self._account = Account()
        self._places: dict[str, tuple[int, int]] = {}
        self._old: set[str] = set()
        self._end = 0
        self._due: list[str] = []
        self._due_bytes = self._holder = 0
        self._broken: CassetteError | None = None

    @classmethod
    def open(cls, path: str | Path | None, *, resume: bool = True) -> Self:
        """The cassette to write to; without a path one that remembers nothing. A torn last line is cut off.

        Raises:
            UsageError: the file is none that can be continued, another process writes it, or it exists and ``resume`` is not set.
        """
        if path is None:
            return cls(None, None)
        file = Path(path)
        try:
            if not resume and file.exists() and file.stat().st_size:
                raise UsageError(f"{file} exists; resume the run that it belongs to, or name another folder")
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as problem:
            raise UsageError(f"{file} cannot be written: {problem.strerror}") from None
        try:
            lock(descriptor)
        except OSError:
            release(descriptor)
            raise UsageError(f"{file} is being written by another process; wait for it to finish, or stop it") from None
        found = cls(file, descriptor)
        try:
            found._read()
            os.ftruncate(descriptor, found._end)
            if not found._end:
                found._append(encoded({"cassette": FORMAT}))
        except BaseException:
            found.close()
            raise
        return found

    @classmethod
    def replay(cls, path: str | Path) -> Self:
        """A cassette that answers with no network and is not written to; raises ``UsageError`` where it is none."""
        file = Path(path)
        if file.is_dir():
            file = file / FILE
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as problem:
            raise UsageError(f"--cassette {file} cannot be read: {problem.strerror}") from None
        found = cls(file, descriptor, replaying=True)
        try:
            found._read()
            if not found._end:
                raise UsageError(f"--cassette {file} is empty")
        except BaseException:
            found.close()
            raise
        return found

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is told to it inside goes to disk in one piece when this ends: a system call a line would be dear.

        Raises:
            CassetteError: it cannot be written.
        """
        with self._lock:
            if not self._holder:
                self._holder = threading.get_ident()  # what another thread tells it meanwhile is written at once
        try:
            yield
        finally:
            with self._lock:
                if self._holder == threading.get_ident():
                    self._holder = 0
                self._write()

    @property
    def spent(self) -> Spent:
        """What all requests in it cost, those that never came back at the most that they could have."""
        with self._lock:
            return self._account.spent

    @property
    def next_serial(self) -> int:
        """The number that the next request gets."""
        return self._account.last + 1

    @property
    def recalled(self) -> Spent:
        """What the exchanges of earlier sessions that were recalled in this one had cost when they were asked."""
        return self._account.recalled

    @property
    def currency(self) -> str:
        """In which money is counted; empty where none is."""
        return self._account.currency

    def bill(self) -> dict[str, Any]:
        """What was spent, under which caps, and whether one ended the run; as ``run.json`` holds it."""
        with self._lock:
            return self._account.bill()

    def limit(self, caps: Caps, prices: Prices | None) -> None:
        """Write down what limits the requests that follow; raises ``UsageError`` for another currency than before."""
        currency, before = prices.currency if prices else "", self._account.currency
        if currency and before and currency != before:
            raise UsageError(f"{self.path} counts in {before}, and the prices are in {currency}; use prices in {before}")
        line = {"caps": caps.record(), **({"currency": currency or before} if currency or before else {})}
        with self._lock:
            self._account.read(line)
            self._append(encoded(line))

    def recall(self, key: str) -> Reply | VictimError | None:
        """The reply to a request that was answered before; None where it has to be asked.

        A reply that says "not now", such as 429 or 500, and a failure are told again only when replaying: a run that is resumed
        asks anew.

        Raises:
            CassetteError: replaying, and it is not there.
            SpentError: the same, where a cap ended the run that was recorded.
        """
        place = self._places.get(key)
        if place is None:
            if self.replaying:
                raise self._missing()
            return None
        assert self._open is not None
        if place[0] >= self._end and not self.replaying:
            with self._lock:
                self._write()
        found = read_line(os.pread(self._open, place[1], place[0]))
        answer = answer_in(found)
        if not self.replaying and not is_final(answer):
            return None
        with self._lock:
            if key in self._old:
                self._old.remove(key)
                self._account.recalled += spent_in(found["cost"])
        return answer

    def _missing(self) -> CassetteError | SpentError:
        if self._account.ended:
            return SpentError(self._account.ended)
        return CassetteError(
            f"--cassette {self.path} holds no answer to a request of this run: it was recorded with another victim, other data "
            "or other settings; run it with those of the recording, or without --cassette"
        )

    def keep(self, key: str, exchange: Asked, reply: Reply, attempts: int, cost: Spent | None = None) -> Reply:
        """Append the final reply to a request; what it returns is what the victim may read.

        ``exchange``: with ``canonical`` and ``ask``. ``cost``: what its attempts were billed.
        """
        clean, told = self._told(reply)
        self._keep(key, exchange, f'"reply":{told}', attempts, cost)
        return clean

    def keep_failure(self, key: str, exchange: Asked, error: VictimError, attempts: int, cost: Spent | None = None) -> None:
        """Append that there is no reply, and why: told again only when replaying."""
        failed = {"type": type(error).__name__, "message": str(error), "kind": getattr(error, "kind", "")}
        self._keep(key, exchange, f'"failed":{encoded(failed)}', attempts, cost)

    def _keep(self, key: str, exchange: Asked, what: str, attempts: int, cost: Spent | None) -> None:
        if self.path is None:
            return
        request = exchange.spelled
        if self._redact is not unchanged:
            strings = "\n".join(strings_in(exchange.canonical))
            if self._redact(strings) != strings:
                request = encoded(written(exchange.canonical, self._redact))
        asked = f'"key":"{key}","ask":{encoded(exchange.ask)},"request":{request}'
        text = f'{{{asked},{what},"attempts":{attempts},"cost":{{{counted(cost or Spent())}}}}}'
        with self._lock:
            self._append(text, key)

    def sent(self, serial: int, worst: Spent) -> None:
        """A request is about to go out."""
        with self._lock:
            self._account.opened(serial, worst)
            self._append(f'{{"sent":{serial},{counted(worst)}}}')

    def billed(self, serial: int, spent: Spent) -> None:
        """It came back."""
        with self._lock:
            self._account.settled(serial, spent)
            self._hold(f'{{"billed":{serial},{counted(spent)}}}')  # written with what follows; till then the worst counts

    def unsent(self, serial: int) -> None:
        """It never left."""
        with self._lock:
            self._account.forgotten(serial)
            self._append(f'{{"unsent":{serial}}}')

    def ended(self, message: str) -> None:
        """A cap refused a request."""
        with self._lock:
            if not self._account.ended:
                self._account.ended = message
                self._append(encoded({"spent": message}))

    def close(self) -> None:
        """Put everything on disk and let go of the file."""
        if self._open is not None and self._owner == os.getpid():
            if self.replaying:
                os.close(self._open)
            else:
                with self._lock:
                    if self._broken is None:
                        self._write()
                os.fsync(self._open)
                release(self._open)
        self._open = None

    @cached_property
    def _redact(self) -> Callable[[str], str]:
        """By the secrets that there are when the first reply comes: the victim has named its own by then."""
        return redactor()

    def _told(self, reply: Reply) -> tuple[Reply, str]:
        """The reply without secrets and with the headers alone that are kept, and the same as JSON."""
        headers = {
            name: self._redact(value) for name, value in reply.headers.items() if name in HEADERS or name.startswith(LIMITS)
        }
        told = ",".join([f"{encoded(name)}:{encoded(value)}" for name, value in headers.items()])
        head = f'{{"status":{reply.status},"headers":{{{told}}}'
        try:
            text = reply.body.decode("utf-8")
        except UnicodeDecodeError:  # a secret is ASCII, and stands in other bytes as it stands in text
            body = self._redact(reply.body.decode("latin-1")).encode("latin-1", "replace")
            return Reply(reply.status, headers, body), f'{head},"base64":"{base64.b64encode(body).decode("ascii")}"}}'
        shown = self._redact(text)
        clean = Reply(reply.status, headers, reply.body if shown == text else shown.encode("utf-8"))
        return clean, f'{head},"text":{encoded(shown)}}}'

    def _append(self, line: str, key: str = "") -> None:
        """Append one line behind what is due, at once or when ``together`` ends; the caller holds the lock."""
        self._hold(line, key)
        if self._holder != threading.get_ident():
            self._write()

    def _hold(self, line: str, key: str = "") -> None:
        """A line that is written with the next that is; the caller holds the lock."""
        if self.path is None:
            return
        size = len(line) + 1
        if key:
            self._places[key] = (self._end + self._due_bytes, size)
        self._due.append(line)
        self._due_bytes += size

    def _write(self) -> None:
        """Append everything that is due in one system call; the caller holds the lock."""
        if self._broken is not None:
            raise self._broken
        if not self._due:
            return
        if self._open is None or self._owner != os.getpid():
            raise CassetteError(f"{self.path} is closed; open it again to continue it")
        data = ("\n".join(self._due) + "\n").encode("ascii")
        self._due.clear()
        self._due_bytes = 0
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._open, rest) :]
        except OSError as problem:  # nothing more may be sent that could not be written down, nor stand behind a torn line
            self._places = {key: place for key, place in self._places.items() if place[0] < self._end}
            self._broken = CassetteError(f"{self.path} cannot be written: {problem.strerror}; fix that and resume the run")
            raise self._broken from None
        self._end += len(data)

    def _read(self) -> None:
        """Take in what is there, up to a torn last line."""
        assert self._open is not None
        assert self.path is not None
        torn = ""
        for number, line in enumerate(lines_of(self._open), start=1):
            if torn:
                raise UsageError(torn)
            try:
                found = read_line(line)
                if number == 1 and found.get("cassette") != FORMAT:
                    raise UsageError(
                        f"{self.path} is no cassette of format {FORMAT}; give the {FILE} of a run, or another folder"
                    )
                self._account.read(found)
                if "key" in found:
                    answer_in(found)
                    self._places[str(found["key"])] = (self._end, len(line))
            except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation) as problem:
                torn = (
                    f"{self.path}, line {number}: not a line of a cassette ({problem}); restore the file, or name another folder"
                )
                if number == 1 and line.endswith(b"\n"):
                    raise UsageError(torn) from None
                continue
            self._end += len(line)
        self._old = set(self._places)
