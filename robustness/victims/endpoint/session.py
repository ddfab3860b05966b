"""What an endpoint is asked through in one run: who keeps count of what it costs, and what remembers what was answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.errors import UsageError

if TYPE_CHECKING:
    from robustness.victims.endpoint.cassette import Cassette
    from robustness.victims.endpoint.ledger import Ledger, Spent

CAPS = ("max_cost", "max_tokens_total", "max_requests")
SPENDING = (*CAPS, "prices", "cassette")
"""Keywords that say what a run may spend and where its answers come from."""


@dataclass(frozen=True, slots=True)
class Session:
    """A ledger and a cassette that belong together: the cassette is told of every request, and knows what was spent before.

    ``before``: what was spent before this session.
    """

    ledger: Ledger
    cassette: Cassette
    before: Spent

    @property
    def replaying(self) -> bool:
        """Whether every answer comes out of a cassette: then nothing is sent, and no key is needed."""
        return self.cassette.replaying

    def bill(self) -> dict[str, Any]:
        """What was spent so far, as ``run.json`` holds it; of a replay, what was spent when it was recorded."""
        return self.cassette.bill()

    @property
    def currency(self) -> str:
        """Of the prices; of a replay, of those that it was recorded under. Empty where there were none."""
        return self.cassette.currency

    def ended(self, why: str) -> None:
        """Write down that a cap ended the run."""
        if not self.replaying:
            self.cassette.ended(why)

    def asked(self) -> Spent:
        """What the answers given in this session cost when they were asked, be it in this session or before it."""
        return self.cassette.spent - self.before + self.cassette.recalled

    def close(self) -> None:
        """Let go of the cassette."""
        self.cassette.close()


def open_session(
    model: str, spending: Mapping[str, Any], folder: str | Path | None = None, *, already: Spent | None = None
) -> Session:
    """The session of a run in ``folder``, which may be continued; without one, nothing outlives the process.

    ``model``: whose prices hold. ``spending``: values of ``SPENDING``, None or missing where one was not given. ``already``: what
    was spent elsewhere under the same caps.

    Raises:
        UsageError: caps or prices that cannot be meant, or a cassette that cannot be used; ``RunError`` for one that was edited.
    """
    from robustness.victims.endpoint.cassette import FILE, Cassette
    from robustness.victims.endpoint.ledger import Caps, Ledger, Spent
    from robustness.victims.endpoint.prices import read_prices

    given = {name: value for name, value in spending.items() if value is not None}
    recorded = given.pop("cassette", None)
    if recorded is not None:
        if given:
            raise UsageError(f"--{_dashed(next(iter(given)))} limits what is sent, and with --cassette nothing is; leave it out")
        _refuse_edited(Path(recorded))
        return Session(Ledger(), Cassette.replay(recorded), Spent())
    caps = Caps(_amount(given.get("max_cost")), given.get("max_tokens_total"), given.get("max_requests"))
    prices = read_prices(given["prices"], model) if "prices" in given else None
    Ledger(caps, prices)  # what is wrong with them is said before a file is made
    cassette = Cassette.open(None if folder is None else Path(folder) / FILE)
    try:
        cassette.limit(caps, prices)
        before = cassette.spent
        counted = before if already is None else before + already
        return Session(Ledger(caps, prices, counted, journal=cassette, first=cassette.next_serial), cassette, before)
    except BaseException:
        cassette.close()
        raise


def _refuse_edited(recorded: Path) -> None:
    """Raise ``RunError`` where a cassette is not the one that its run was sealed with: it could hold any answer."""
    from reports.run.seal import refuse_changed
    from robustness.victims.endpoint.cassette import FILE

    file = recorded / FILE if recorded.is_dir() else recorded
    if file.is_file():
        refuse_changed(file.parent, file.name)


def refuse_spending(victim: Any, spending: Mapping[str, Any]) -> None:
    """Raise ``UsageError`` where something limits what is spent on a victim that costs nothing: the limit would hold nothing."""
    given = [name for name, value in spending.items() if value is not None]
    if given:
        who = victim if isinstance(victim, str) else type(victim).__name__
        raise UsageError(f"--{_dashed(given[0])} is for victims behind an API, such as openai:URL#MODEL; {who} sends no requests")


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _amount(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        raise UsageError(f"--max-cost expects an amount in the currency of the prices, such as 2.50, got {value!r}") from None
