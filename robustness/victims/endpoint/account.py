"""What the lines of a cassette add up to: what was spent, what is still owed, which caps hold, whether one ended the run."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from robustness.victims.endpoint.ledger import Spent


class Account:
    """What the lines of a cassette add up to."""

    def __init__(self) -> None:
        self.currency, self.ended, self.last = "", "", -1
        self.recalled = Spent()
        self.dearer = 0
        self._caps: Mapping[str, Any] = {}
        self._settled = Spent()
        self._open: dict[int, Spent] = {}

    @property
    def spent(self) -> Spent:
        """Everything that was or may have been billed."""
        return sum(self._open.values(), self._settled)

    def read(self, line: Mapping[str, Any]) -> None:
        """Take account of one line."""
        if "sent" in line:
            self.opened(int(line["sent"]), spent_in(line))
        elif "billed" in line:
            self.settled(int(line["billed"]), spent_in(line))
        elif "unsent" in line:
            self.forgotten(int(line["unsent"]))
        elif "caps" in line:
            self._caps, self.currency, self.ended = dict(line["caps"]), str(line.get("currency", self.currency)), ""
        elif "spent" in line:
            self.ended = str(line["spent"])

    def opened(self, serial: int, worst: Spent) -> None:
        """A request goes out."""
        self.last, self._open[serial] = serial, worst

    def settled(self, serial: int, billed: Spent) -> None:
        """It came back."""
        worst = self._open.pop(serial)
        self.dearer += billed.tokens_in > worst.tokens_in or billed.tokens_out > worst.tokens_out
        self._settled += billed

    def forgotten(self, serial: int) -> None:
        """It never left."""
        del self._open[serial]

    def bill(self) -> dict[str, Any]:
        """As ``run.json`` holds it."""
        spent = self.spent
        money = {} if spent.cost is None else {"cost": float(spent.cost), "currency": self.currency}
        counts = {"requests": spent.requests, "tokens_in": spent.tokens_in, "tokens_out": spent.tokens_out}
        dearer = {"dearer": self.dearer} if self.dearer else {}
        return {**counts, **money, "caps": dict(self._caps), **dearer, "spent": bool(self.ended)}


def counted(spent: Spent) -> str:
    """A bill as members of a JSON object; of one request where it does not say."""
    many = "" if spent.requests == 1 else f'"requests":{spent.requests},'
    money = "" if spent.cost is None else f',"cost":"{spent.cost:f}"'
    return f'{many}"tokens_in":{spent.tokens_in},"tokens_out":{spent.tokens_out}{money}'


def spent_in(line: Mapping[str, Any]) -> Spent:
    """What ``counted`` wrote."""
    cost = line.get("cost")
    return Spent(line.get("requests", 1), line["tokens_in"], line["tokens_out"], None if cost is None else Decimal(cost))
