"""The tokenizer of a checkpoint: loaded, and refused where it is missing or belongs to another model.

A library that finds no vocabulary puts an empty one in its place. Every text then reads alike, no attack can change an answer,
and the victim looks robust.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from robustness.errors import UsageError, VictimError

FILES = (
    "tokenizer*", "vocab.*", "merges.txt", "special_tokens_map.json", "added_tokens.json", "*.model", "*.tiktoken", "bpe.codes",
)  # fmt: skip
"""What tokenizers are saved as."""
LEAST_SHARE = 0.5
"""Of the model's vocabulary. Models pad theirs by some percent (50,257 to 50,304 tokens, 100,000 to 102,400), never by half."""
USUAL_SHARE = 0.9
BLANKS = "▁Ġ \t\n"
"""What a vocabulary writes for a blank; a token of nothing else tells no words apart."""
SAVE = "save it beside the model with tokenizer.save_pretrained(FOLDER)"


def load_tokenizer(transformers: Any, source: str, folder: Path | None, config: Any, options: Mapping[str, Any]) -> Any:
    """The tokenizer of a checkpoint with the given ``config``; ``folder`` where it is a local one.

    Raises:
        VictimError: there is none, it knows no words, or it knows far fewer tokens than the model.
    """
    nothing = folder is not None and not saved_files(folder)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, **options)
    except Exception as problem:
        if nothing:  # each kind of tokenizer fails in its own way without its files
            raise VictimError(_absent(source)) from problem
        if folder is None or isinstance(problem, ImportError) or "trust_remote_code" in str(problem):
            raise
        first = " ".join(str(problem).split())[:200]
        raise VictimError(f"cannot read the tokenizer of {source} ({type(problem).__name__}: {first}); {SAVE}") from problem
    if nothing and _vocabulary_files(tokenizer):  # those of characters or bytes need no files
        raise VictimError(_absent(source))
    _check_size(source, tokenizer, config)
    return tokenizer


def _absent(source: str) -> str:
    return f"{source} holds no tokenizer (tokenizer.json, vocab.txt …), so no text can be read; {SAVE}"


def saved_files(folder: Path) -> list[Path]:
    """The files of a tokenizer in a folder."""
    return sorted({path for pattern in FILES for path in folder.glob(pattern) if path.is_file()})


def _vocabulary_files(tokenizer: Any) -> dict[str, str]:
    names: dict[str, str] = getattr(tokenizer, "vocab_files_names", None) or {}
    return names


def _check_size(source: str, tokenizer: Any, config: Any) -> None:
    """Compare what the tokenizer knows with what the model was made for."""
    known, made_for = len(tokenizer), _vocabulary_size(config)
    if known < 10_000 and not _words(tokenizer):
        raise VictimError(
            f"the tokenizer of {source} knows {known} special tokens and no words, so every text reads alike; {SAVE}"
        )
    if made_for is not None and known < LEAST_SHARE * made_for:
        raise VictimError(
            f"the tokenizer of {source} knows {known:,} tokens, the model {made_for:,}: it belongs to another model or is "
            f"incomplete; {SAVE}"
        )


def vocabulary_notes(tokenizer: Any, config: Any) -> tuple[str, ...]:
    """A note where the model has markedly more tokens than its tokenizer gives."""
    known, made_for = len(tokenizer), _vocabulary_size(config)
    if made_for is None or known >= USUAL_SHARE * made_for:
        return ()
    return (
        f"the tokenizer knows {known:,} of the model's {made_for:,} tokens: check that it is the one the model was trained with",
    )


def _vocabulary_size(config: Any) -> int | None:
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    size = getattr(text, "vocab_size", None)
    return size if isinstance(size, int) and size > 0 else None


def _words(tokenizer: Any) -> set[str]:
    special = {str(token) for token in tokenizer.all_special_tokens}
    return {token for token in map(str, tokenizer.get_vocab()) if token not in special and token.strip(BLANKS)}


def check_ids(source: str, tokenizer: Any, rows: int | None) -> None:
    """Refuse a tokenizer whose own tokens reach past the model's ``rows`` of embeddings.

    Tokens added to it later are left alone: one that no text holds does no harm, and one that a text holds is an error there.

    Raises:
        UsageError: it belongs to another model.
    """
    if rows is None:
        return
    with suppress(NotImplementedError):
        added = set(getattr(tokenizer, "added_tokens_decoder", {}))
        highest = max((number for number in tokenizer.get_vocab().values() if number not in added), default=0)
        if highest >= rows:
            raise UsageError(
                f"the tokenizer of {source} gives tokens up to number {highest:,}, but the model has {rows:,}: it belongs to "
                f"another model; {SAVE}"
            )


def built_in(tokenizer: Any) -> str:
    """What pins a tokenizer that has no files of its own, one of characters or bytes: its class and the library's version."""
    from importlib.metadata import version

    return f"built in: {type(tokenizer).__name__}, transformers {version('transformers')}"
