"""Victims: the audited systems behind one protocol. A spec such as ``hf:FOLDER`` names one; nothing is loaded before."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from robustness.errors import UsageError
from robustness.victims.base import PlainVictim, Victim, VictimInfo

if TYPE_CHECKING:
    from robustness.harden.normaliser import Normaliser
    from robustness.victims.endpoint.session import Session

__all__ = [
    "KINDS",
    "PlainVictim",
    "Victim",
    "VictimInfo",
    "VictimKind",
    "load_victim",
    "open_victim",
    "refuse_local_code",
    "victims",
]


@dataclass(frozen=True, slots=True)
class VictimKind:
    """One way to name a victim: ``spec`` as typed, what it gives, what it is, and the options that it takes.

    ``runs_code``: opening it runs code that the spec names, so a file in a repository must not choose it unasked.
    ``sends_keys``: asking it sends a key from the environment to whoever the spec names, and may cost money: likewise.
    """

    name: str
    spec: str
    access: str
    summary: str
    options: tuple[str, ...] = ()
    runs_code: bool = False
    sends_keys: bool = False


PROMPTED = ("prompt", "system", "labels", "fields", "task", "max_new_tokens", "stop", "seed")
ENDPOINT = (
    *("endpoint", "scoring", "calibrate", "temperature", "sampling_seed", "concurrency", "rps", "tpm", "request_timeout"),
    *("header", "key_env", "extra_body", "allow_plain_http", "deterministic"),
)
"""Options of victims behind an API; ``robustness.victims.endpoint.asking.options`` says what they mean."""

KINDS = (
    VictimKind("demo", "demo", "scores", "MiniLM-L6 with a shipped head: sentiment of movie reviews, works offline", ("device",)),
    VictimKind(
        "hf",
        "hf:FOLDER_OR_NAME[#LABEL]",
        "scores",
        "any Hugging Face checkpoint whose class says how to ask it: classifiers, taggers, readers, encoder-decoders, decoders; "
        "#LABEL picks one label of a multi-label one, #PERSON=PER,*=O renames the types of a tagger",
        (
            *("device", "allow_pickle", "trust_remote_code", "max_length", "fields", "task"),
            *("labels", "prompt", "system", "prefix", "max_new_tokens", "stop", "calibrate", "seed"),
        ),
    ),
    VictimKind(
        "python",
        "python:MODULE:NAME",
        "scores or labels",
        "a function of a list of texts, an object with predict_proba or predict, a transformers pipeline, or a loader of one",
        ("access", "labels", "fields", "one_at_a_time", "task"),
        runs_code=True,
    ),
    VictimKind(
        "openai",
        "openai:URL#MODEL",
        "scores or labels",
        "a model behind an OpenAI-compatible API: OpenAI, Azure, vLLM, llama.cpp, Ollama, TGI, SGLang, OpenRouter, a proxy",
        (*PROMPTED, *ENDPOINT),
        sends_keys=True,
    ),
    VictimKind(
        "responses",
        "responses:URL#MODEL",
        "scores or labels",
        "a model behind OpenAI's Responses API; nothing is left on the server",
        (*PROMPTED, *(name for name in ENDPOINT if name not in ("endpoint", "sampling_seed"))),
        sends_keys=True,
    ),
    VictimKind(
        "http",
        "http:FILE.toml[#MODEL]",
        "labels",
        "any JSON API that a file describes, one of one's own or example:anthropic, example:bedrock or example:gemini",
        (
            *PROMPTED,
            *(name for name in ENDPOINT if name not in ("endpoint", "scoring", "calibrate", "header", "key_env", "extra_body")),
        ),
        sends_keys=True,
    ),
    VictimKind(
        "bm25",
        "bm25:CORPUS",
        "rankings",
        "BM25 over the passages of a file with columns id and text: which passages answer a query",
        ("fields",),
    ),
    VictimKind(
        "embedder",
        "embedder:MODEL#CORPUS",
        "rankings",
        "a bi-encoder, minilm or a Hugging Face one, over the passages of a file with columns id and text",
        ("device", "fields"),
    ),
    VictimKind(
        "spacy",
        "spacy:PIPELINE[#TYPES]",
        "labels",
        "the entities of a spaCy pipeline, installed or in a folder; #conll or #PERSON=PER,GPE=LOC,*=O renames its types",
    ),
    VictimKind(
        "command",
        "command:PROGRAM ARGUMENTS",
        "scores or labels",
        "any program that reads a text per line and answers each with a line, as plain text or as JSON",
        ("access", "labels", "fields", "task", "json_lines", "start_limit", "answer_limit"),
        runs_code=True,
    ),
    VictimKind(
        "predictions", "predictions:FILE", "scores or labels", "stored predictions of exported texts", ("fields", "labels")
    ),
    VictimKind("scripted", "scripted:NAME[:ARGUMENT]", "scores or labels", "shipped fakes that answer, or fail, as told"),
    VictimKind(
        "null",
        "null:NAME",
        "no work",
        "victims that echo, refuse, say nothing … in any task, to see that no gate passes them",
        ("task", "labels", "fields"),
    ),
)


def victims() -> tuple[VictimKind, ...]:
    """Every way to name a victim, then each scripted and each null one by its name."""
    from robustness.victims.null import NULLS
    from robustness.victims.scripted import SCRIPTED

    scripted = (VictimKind(n, f"scripted:{n}", s.access, _first_line(s.make)) for n, s in SCRIPTED.items())
    return (*KINDS, *scripted, *(VictimKind(n, f"null:{n}", "no work", null.summary) for n, null in NULLS.items()))


def refuse_local_code(spec: str | None, source: str, allowed: bool, advice: str = "") -> None:
    """Raise ``UsageError`` where a file, not the user, names a victim that is code, or is sent a key, and nobody allowed it.

    ``source``: the file, for the message; ``advice``: how to allow it, where that is not a flag. Whoever can write that
    file, in a pull request, say, could run anything here, or have a key sent to a server of theirs.
    """
    kind = next((one for one in KINDS if one.name == (spec or "").partition(":")[0]), None)
    if allowed or kind is None or not (kind.runs_code or kind.sends_keys):
        return
    how = advice or f"repeat it as --victim {shlex.quote(str(spec))}, or pass --allow-local-code"
    what = "runs code of its own; to run it" if kind.runs_code else "is sent a key and may cost money; to ask it"
    raise UsageError(f"{source} names the victim {spec}, which {what}, {how}")


def takes(spec: str, option: str) -> bool:
    """Whether the kind of victim that a spec names takes an option."""
    return any(kind.name == spec.partition(":")[0] and option in kind.options for kind in KINDS)


def is_endpoint(victim: Any) -> bool:
    """Whether a spec names a victim behind an API, which counts what it costs and remembers what it answered."""
    kind = victim.partition(":")[0] if isinstance(victim, str) else ""
    return any(known.sends_keys and known.name == kind for known in KINDS)


def load_victim(
    spec: str,
    *,
    offline: bool = False,
    isolate: bool = False,
    through: str | None = None,
    normalise: str | None = None,
    session: Session | None = None,
    **options: Any,
) -> Victim:
    """The victim that ``spec`` names.

    ``options`` are those of its kind (``KINDS``); one that is None or False counts as not given. ``isolate``: load one that
    brings its own code, ``python:`` or with ``trust_remote_code``, in a child process; the others are the suite's own code, or,
    with ``command:``, in a process of their own anyway.
    ``through``: a channel that every text goes through before the victim reads it (``robustness.channels``). ``normalise``: steps
    of the normaliser, or its file, that every text, as it came out of a channel, goes through (``robustness.harden``).
    ``session``: what a victim behind an API is asked through; without one it has no caps and remembers nothing.

    Raises:
        UsageError: an unknown kind, or an option that the kind does not take; a channel that is not there.
        VictimError: it cannot be loaded.
    """
    if through:
        from robustness.channels import check_channel

        check_channel(through, offline=offline)  # a missing program is reported before the victim is loaded
        inner = load_victim(spec, offline=offline, isolate=isolate, normalise=normalise, session=session, **options)
        return behind(inner, through, offline=offline)
    if normalise:
        from robustness.harden.kept import normaliser_of

        normaliser = normaliser_of(normalise)  # a mistake in it is reported before the victim is loaded
        return normalised(load_victim(spec, offline=offline, isolate=isolate, session=session, **options), normaliser)
    kind, rest = check_spec(spec, options)
    given = _given(options)
    if isolate and (kind == "python" or "trust_remote_code" in given):
        from robustness.isolation.victim import IsolatedVictim

        return IsolatedVictim(spec, offline=offline, options=given)
    asked_through = {"session": session} if session is not None and is_endpoint(spec) else {}  # it may be a helper's alone
    return _load(kind, rest, offline, {**given, **asked_through})


def behind(victim: Victim, through: str | None, *, offline: bool = False) -> Victim:
    """The victim behind a channel; as it is without one."""
    if not through:
        return victim
    from robustness.channels import open_channel
    from robustness.victims.through import behind_channel

    return behind_channel(victim, open_channel(through, offline=offline))


def normalised(victim: Victim, normaliser: Normaliser | None) -> Victim:
    """The victim behind a normaliser; as it is without one."""
    if normaliser is None:
        return victim
    from robustness.harden.victim import behind_normaliser

    return behind_normaliser(victim, normaliser)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a kind that were given; ``isolate``, ``through`` and ``normalise`` are those of every kind."""
    common = ("isolate", "through", "normalise")
    return {name: value for name, value in options.items() if value is not None and value is not False and name not in common}


def check_spec(spec: str, options: Mapping[str, Any]) -> tuple[str, str]:
    """The kind and the name in ``spec``; raises ``UsageError`` for an unknown kind, or an option that the kind does not take."""
    from robustness.victims.names import unknown

    prefix, colon, rest = spec.partition(":")
    kind = next((k for k in KINDS if k.name == prefix), None)
    if kind is None:
        hint = f"; to audit a checkpoint of that name, write hf:{spec}" if not colon and spec else ""
        raise UsageError(f"{unknown('kind of victim', prefix, [k.spec for k in KINDS])}{hint}")
    if bool(rest) is (kind.spec == kind.name) or (colon and not rest):
        raise UsageError(f"expected {kind.spec}, got {spec!r}")
    odd = sorted(set(_given(options)) - set(kind.options))
    if odd:
        raise UsageError(f"{', '.join(odd)} cannot be used with {kind.spec}; it takes: {', '.join(kind.options) or 'no options'}")
    return kind.name, rest


def _load(kind: str, rest: str, offline: bool, given: dict[str, Any]) -> Victim:
    if kind == "demo":
        from robustness.victims.demo import load_demo

        return load_demo(**given)
    if kind == "hf":
        from robustness.victims.transformers.load import load_checkpoint

        name, _, label = rest.partition("#")
        named = {"label": label} if label else {}
        return load_checkpoint(name, offline=offline, **named, **given)
    if kind == "python":
        from robustness.victims.function import load_function

        return load_function(rest, **given)
    if kind in ("openai", "responses", "http"):
        from robustness.victims.endpoint.asking.opening import load_endpoint

        return load_endpoint(kind, rest, offline=offline, **given)
    if kind == "bm25":
        from robustness.victims.retrieval import load_bm25

        return load_bm25(rest, offline=offline, **given)
    if kind == "embedder":
        from robustness.victims.transformers.embedder import load_embedder

        return load_embedder(rest, offline=offline, **given)
    if kind == "spacy":
        from robustness.victims.spacy import load_spacy

        name, _, types = rest.partition("#")
        return load_spacy(name, types=types or None, **given)
    if kind == "command":
        from robustness.victims.programs.command import load_command

        return load_command(rest, offline=offline, **given)
    if kind == "predictions":
        from robustness.victims.predictions import load_predictions

        return load_predictions(rest, **given)
    if kind == "null":
        from robustness.victims.null import load_null

        return load_null(rest, **given)
    from robustness.victims.scripted import load_scripted

    return load_scripted(rest)


def _first_line(make: Callable[..., Any]) -> str:
    return (make.__doc__ or "").partition("\n")[0]


def open_victim(victim: Victim | str | Callable[..., Any], *, task: str | None = None, **options: Any) -> Victim:
    """The victim behind a spec, a callable or a victim; ``task``: what it is asked, None for what it says.

    Raises:
        RobustnessError: it cannot be opened, or is a victim of another task.
    """
    from robustness.tasks.registry import task_named

    if task is not None:
        task_named(task)
    if not isinstance(victim, str) or takes(victim, "task"):
        options["task"] = task
        if task is not None and len(task_named(task).fields) > 1 and options.get("fields") is None:
            options["fields"] = task_named(task).fields
    opened = _opened(victim, **options)
    if task is not None and opened.info.task != task:
        opened.close()
        raise UsageError(f"the victim {opened.info.name} answers for the task {opened.info.task}, and --task says {task}")
    return opened


def _opened(victim: Victim | str | Callable[..., Any], **options: Any) -> Victim:
    if isinstance(victim, str):
        return load_victim(victim, **options)
    options.pop("session", None)
    through, offline = options.pop("through", None), bool(options.get("offline"))
    steps, normaliser = options.pop("normalise", None), None
    if steps:
        from robustness.harden.kept import normaliser_of

        normaliser = normaliser_of(steps)
    if options.pop("isolate", False):
        raise UsageError(
            f"isolate needs a victim that a child process can load, such as 'python:module:function'; got {type(victim).__name__}"
        )
    if isinstance(getattr(victim, "info", None), VictimInfo):
        return behind(normalised(cast("Victim", victim), normaliser), through, offline=offline)
    from robustness.victims.function import from_callable

    made = from_callable(victim, **{k: v for k, v in options.items() if k != "offline"})
    return behind(normalised(made, normaliser), through, offline=offline)
