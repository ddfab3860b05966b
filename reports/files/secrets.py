"""Values of secret environment variables, kept out of everything that is written or printed.

A victim's exception may hold the request that failed, and the request its key. Secret is the value of every variable whose
name speaks of a key, token, secret, password or credential; it is replaced by ``[value of NAME]``. Short values and everyday
words (``TOKENIZERS_PARALLELISM=false``) are let through, because replacing them would hide nothing and garble texts. So are
paths that exist (``SSH_AUTH_SOCK``). Texts of the data are never touched: a failure must be replayed as it was.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from reports.files.paths import without_home

T = TypeVar("T")
SHORTEST = 6
"""A shorter value is no real secret."""
_LONGEST_WORD = 12
"""A value of letters and digits up to this length is replaced as a whole word only."""
_NAMES = re.compile(
    r"KEY|TOKEN|SECRET|PASSW(?:OR)?D|PASSPHRASE|CREDENTIAL|AUTH(?!ORS?(?:_|$))|PRIVATE|COOKIE|_PWD$|^PGPASS", re.IGNORECASE
)
_WORDS = frozenset(
    "false true none null enabled disabled default required optional always never prompt anonymous public localhost "
    "password secret token bearer basic changeme".split()
)
_KEPT = frozenset({"labels", "fields", "recipes", "comparability", "comparability_id", "outcomes", "digest"})
"""Parts of ``run.json`` that outcomes and policies are joined by; they come from the data and from this package."""


_KEPT_SECRET: set[str] = set()
"""Names of variables that were said to hold a secret, whatever they are called."""


def keep_secret(name: str) -> None:
    """From now on the value of this environment variable is a secret: it was sent as a key or in a header."""
    _KEPT_SECRET.add(name)


def redact(text: str) -> str:
    """The text with the value of each secret variable replaced by ``[value of NAME]``."""
    return redactor()(text)


def redactor() -> Callable[[str], str]:
    """``redact`` by the secrets that there are now, for many texts: to look through the environment costs more than one text."""
    pattern, names = _pattern(_candidates(os.environ))
    if pattern is None:
        return unchanged
    spellings = tuple(names)

    def redacted(text: str) -> str:
        for one in spellings:  # to look for each is much faster than to look for any of them
            if one in text:
                return pattern.sub(lambda found: f"[value of {names[found[0]]}]", text)
        return text

    return redacted


def unchanged(text: str) -> str:
    """The text: what ``redactor`` gives where there is no secret."""
    return text


def redact_all(value: T) -> T:
    """A JSON-like value as it may be written: no secret, the home folder as ``~``; what runs are joined by stays as it is."""
    return _walked(value)  # type: ignore[no-any-return]


def _walked(value: Any) -> Any:
    if isinstance(value, str):
        return without_home(redact(value))
    if isinstance(value, Mapping):
        return {key: one if key in _KEPT else _walked(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_walked, value))
    return value


def _candidates(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    secret = ((name, value) for name, value in environment.items() if _NAMES.search(name) or name in _KEPT_SECRET)
    return tuple((name, value) for name, value in secret if len(value) >= SHORTEST)


@lru_cache(maxsize=4)
def _pattern(candidates: tuple[tuple[str, str], ...]) -> tuple[re.Pattern[str] | None, dict[str, str]]:
    names: dict[str, str] = {}
    for name, value in candidates:
        if not _is_plain(value):
            for spelling in _spellings(value):
                names.setdefault(spelling, name)
    if not names:
        return None, names
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile("|".join(map(_bounded, longest_first))), names


def _is_plain(value: str) -> bool:
    """Whether a value is too ordinary to be a secret: a word, a small number, a path that exists."""
    word = value.strip()
    if len(word) < SHORTEST or word.lower() in _WORDS:
        return True
    return (word.isdigit() and len(word) < 8) or (os.path.isabs(word) and os.path.exists(word))


def _spellings(value: str) -> Iterator[str]:
    """The value, its long lines, and how both read in a URL, in a Python literal and in JSON."""
    parts = dict.fromkeys([value, value.strip(), *(line.strip() for line in value.splitlines() if len(line.strip()) >= 16)])
    for part in parts:
        yield part
        yield quote(part, safe="")
        yield quote_plus(part)
        yield repr(part)[1:-1]
        yield ascii(part)[1:-1]


def _bounded(spelling: str) -> str:
    if len(spelling) <= _LONGEST_WORD and spelling.isalnum():
        return rf"(?<![A-Za-z0-9]){re.escape(spelling)}(?![A-Za-z0-9])"
    return re.escape(spelling)
