"""What tokens cost: prices that the user states in a small TOML file. The suite knows no price of anybody.

::

    currency = "USD"

    [default]                    # of every model that is not named below; may be left out
    input = 0.15                 # for a million tokens
    output = 0.60
    cached_input = 0.075         # of input that the server had in its cache; as input where it is left out

    [models."some-model-mini"]
    input = 0.10
    output = 0.40
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from robustness.errors import UsageError
from robustness.victims.names import unknown

MILLION = 1_000_000
_KEYS = ("input", "output", "cached_input")
_LONGEST_WORD = 12


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens of one model cost, in ``currency``: of input, of output, of input that the server's cache held."""

    input: Decimal
    output: Decimal
    cached_input: Decimal
    currency: str

    def cost(self, tokens_in: int, tokens_out: int, cached_in: int = 0) -> Decimal:
        """What tokens cost, to the last digit; ``cached_in``: how many of ``tokens_in`` came out of the server's cache."""
        return (self.input * (tokens_in - cached_in) + self.cached_input * cached_in + self.output * tokens_out) / MILLION

    def worst(self, tokens_in: int, tokens_out: int) -> Decimal:
        """The most that so many tokens can cost, whatever the server had in its cache."""
        return (max(self.input, self.cached_input) * tokens_in + self.output * tokens_out) / MILLION


def read_prices(path: str | Path, model: str) -> Prices:
    """The prices of a model from a file.

    Raises:
        UsageError: the file cannot be read, holds what is no price, or knows neither this model nor a default.
    """
    import tomllib

    file = Path(path)
    try:
        raw = tomllib.loads(file.read_text("utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as problem:
        raise UsageError(f"--prices {file} cannot be read: {problem}") from None
    odd = sorted(set(raw) - {"currency", "default", "models"})
    if odd:
        raise unknown(f"key in --prices {file} called", odd[0], ["currency", "default", "models"])
    currency, models = raw.get("currency"), raw.get("models", {})
    if not isinstance(currency, str) or not currency.isalnum() or len(currency) > _LONGEST_WORD:
        raise UsageError(f'--prices {file}: currency is a word such as "USD" (up to {_LONGEST_WORD} letters), got {currency!r}')
    if not isinstance(models, dict):
        raise UsageError(f'--prices {file}: models holds a table for each model, such as [models."NAME"], got {models!r}')
    tables = {name: _prices(file, f'models."{name}"', table, currency) for name, table in models.items()}
    otherwise = _prices(file, "default", raw["default"], currency) if "default" in raw else None
    found = tables.get(model, otherwise)
    if found is None:
        names = ", ".join(tables) or "none"
        raise UsageError(f"--prices {file} has no price of the model {model!r} and no [default]; it has: {names}")
    return found


def _prices(file: Path, where: str, table: Any, currency: str) -> Prices:
    if not isinstance(table, Mapping):
        raise UsageError(f"--prices {file}: [{where}] is a table with input and output, got {table!r}")
    odd = sorted(set(table) - set(_KEYS))
    if odd:
        raise unknown(f"key in [{where}] of --prices {file} called", odd[0], _KEYS)
    missing = [key for key in ("input", "output") if key not in table]
    if missing:
        raise UsageError(f"--prices {file}: [{where}] has no {missing[0]}; give what a million tokens cost")
    given = {key: _amount(file, where, key, value) for key, value in table.items()}
    return Prices(given["input"], given["output"], given.get("cached_input", given["input"]), currency)


def _amount(file: Path, where: str, key: str, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not Decimal(value).is_finite() or value < 0:
        raise UsageError(f"--prices {file}: [{where}] {key} is a price for a million tokens, from 0 up; got {value!r}")
    return Decimal(value)
