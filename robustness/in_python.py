"""Errors in Python's words: what the command line calls ``--labels a,b`` is the keyword ``labels=['a', 'b']`` here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

_LISTS = ("labels", "fields", "text", "columns", "preserve", "protect", "recipes")
_DIRECT = (
    *("victim", "data", "recipes", "task", "goal", "out", "access", "through", "normalise", "label", "id", "group", "format"),
    *("labels", "fields", "text", "columns", "split", "encoding", "limit", "traps", "seed", "budget", "recipe_budget", "field"),
    *("profile", "preserve", "language", "protect", "tagger", "encoder", "rewriter", "masked_lm", "parser", "fluency"),
    *("max_cost", "max_tokens_total", "max_requests", "prices", "cassette", "cache", "batch_tokens", "in_flight"),
    *("victim_timeout", "confirm", "universal", "workers", "ray", "label_map", "policy"),
)
_OPTIONS = (
    *("device", "max_length", "prompt", "system", "max_new_tokens", "stop", "prefix", "start_limit", "answer_limit"),
    *("endpoint", "scoring", "temperature", "sampling_seed", "concurrency", "rps", "tpm", "request_timeout", "header"),
    *("key_env", "extra_body"),
)
_SWITCHES = ("resume", "one_at_a_time", "isolate", "until_decided", "offline", "adaptive")
_OPTION_SWITCHES = ("allow_pickle", "trust_remote_code", "json_lines", "calibrate", "allow_plain_http", "deterministic")
_THRESHOLD = re.compile(r"(?:min|max)_(?!cost|tokens|requests|length|new)\w+")
_FLAG = re.compile(r"(?<![\w-])--((?:no-)?[a-z][a-z-]*[a-z])(?:[ =](?P<value>'[^'\n]*'|[^\s;:()']*[^\s;:().,']))?")
_VALUES = ("scores", "labels", "none", "parse", "logprobs", "echo", "en", "apertium", "translation", "regression", "multi-label")


@contextmanager
def in_python_words() -> Iterator[None]:
    """Within this context, what an error advises is how to call ``robustness.audit``, not what to type into a shell."""
    from reports.run import RunError
    from robustness.errors import RobustnessError

    try:
        yield
    except (RobustnessError, RunError) as error:
        if len(error.args) == 1 and isinstance(error.args[0], str):
            error.args = (reworded(error.args[0]),)
        raise


def reworded(message: str) -> str:
    """The message with flags of the command line as keywords of ``audit``; flags of other programs stay."""
    return _FLAG.sub(_keyword, message)


def _keyword(found: re.Match[str]) -> str:
    name, value = found[1].replace("-", "_"), found["value"]
    if value and value.startswith("'"):
        value = value[1:-1]  # quoted for a shell
    off = name.removeprefix("no_") if name.startswith("no_") else ""
    rest = f" {value}" if value else ""
    if off in _SWITCHES or off in _OPTION_SWITCHES:
        return f"{off}=False{rest}"
    if name in _SWITCHES:
        return f"{name}=True{rest}"
    if name in _OPTION_SWITCHES:
        return f"victim_options={{{name!r}: True}}{rest}"
    if _THRESHOLD.fullmatch(name):
        return f"gate={{{name!r}: {value!r}}}" if value and value[0].isdigit() else f"{name} in gate={rest}"
    if name not in _DIRECT and name not in _OPTIONS:
        return found[0]
    if value is None or not _a_value(value):
        return f"{name}={rest}" if name in _DIRECT else f"{name!r} in victim_options={rest}"
    shown = _printed(name, value)
    return f"{name}={shown}" if name in _DIRECT else f"victim_options={{{name!r}: {shown}}}"


def _a_value(word: str) -> bool:
    """Whether a word after a flag is its value, not the sentence going on."""
    return word in _VALUES or word.isupper() or any(sign.isdigit() or sign in ",=:/_" for sign in word)


def _printed(name: str, value: str) -> str:
    if name == "label_map":
        return repr(dict(pair.partition("=")[::2] for pair in value.split(",")))
    if name in _LISTS and "," in value:
        return repr([part for part in value.split(",") if part])
    return value if value.isdigit() or value.isupper() else repr(value)
