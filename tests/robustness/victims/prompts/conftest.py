"""A tiny real decoder that has learnt what to say of twelve films, after one instruction."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "tiny_decoder", Path(__file__).resolve().parents[1] / "transformers" / "conftest.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
tiny: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(tiny)

INSTRUCTION = "say its mood"
GOOD, BAD = ("good", "great", "fine", "sweet", "warm", "fun"), ("bad", "dull", "poor", "sour", "cold", "sad")
FILMS = [(f"a {word} film", "positive") for word in GOOD] + [(f"a {word} film", "negative") for word in BAD]
PROMPT = f"""
instruction = "{INSTRUCTION}"

[[messages]]
role = "user"
content = "{{{{ instruction }}}}: {{{{ input }}}}"

[labels]
negative = "negative"
positive = "positive"
"""


@pytest.fixture(scope="session")
def moody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder."""
    tokenizer, folder = tiny.byte_tokenizer(chat=True), tmp_path_factory.mktemp("moody")
    tiny.TAUGHT = {f"{INSTRUCTION}: {text}": label for text, label in FILMS}
    tiny.teach(tokenizer, 80).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The films as a file."""
    path = tmp_path_factory.mktemp("films") / "films.csv"
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in FILMS), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def prompt(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The prompt that it was taught with, as a file."""
    path = tmp_path_factory.mktemp("prompt") / "mood.toml"
    path.write_text(PROMPT, encoding="utf-8")
    return str(path)
