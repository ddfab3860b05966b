"""JSON that brings any text back exactly, a surrogate pair in two code points included.

JSON spells a character beyond U+FFFF as the two halves of a surrogate pair, so a text that holds the two halves as code
points of their own would come back as that one character. Such a text, which only attacks and broken encoders make, is
written as ``{"code points": [...]}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_APART = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_KEY = "code points"


def canonical(value: Any) -> bytes:
    """Bytes of JSON for a digest: other bytes wherever the values differ.

    In UTF-8 and not in escapes, which spell the two halves of a surrogate pair as the character that they would make.
    """
    return _CANONICAL.encode(value).encode("utf-8", "surrogatepass")


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def spelled(value: Any, plain: Callable[[Any], Mapping[str, Any]] | None = None) -> Any:
    """The value as JSON can hold it. ``plain``: makes a mapping of a record, as ``default`` does for ``json``."""
    if isinstance(value, str):
        return {_KEY: [ord(character) for character in value]} if _APART.search(value) else value
    if isinstance(value, Mapping):
        return {key: spelled(one, plain) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [spelled(one, plain) for one in value]
    if plain is None or value is None or isinstance(value, (bool, int, float)):
        return value
    return spelled(plain(value), plain)


def has_halves(*texts: str | None) -> bool:
    """Whether some text holds the two halves of a pair as code points of their own."""
    return any(text is not None and not text.isascii() and _APART.search(text) for text in texts)


def loads(text: str) -> Any:
    """Read JSON that ``spelled`` may have written; raises ``ValueError`` where it is not JSON, which NaN is not."""
    hook = _joined if f'"{_KEY}"' in text else None
    return json.loads(text, parse_constant=_refuse_constant, object_hook=hook)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number that JSON can hold")


def _joined(value: dict[str, Any]) -> Any:
    codes = value.get(_KEY)
    if len(value) != 1 or not isinstance(codes, list) or not all(type(code) is int and 0 <= code < 0x110000 for code in codes):
        return value
    text = "".join(map(chr, codes))
    return text if _APART.search(text) else value
