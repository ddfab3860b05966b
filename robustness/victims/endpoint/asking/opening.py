"""Opens an endpoint as a victim: address and key, prompt, probe, how labels are scored, and what the prompt favours."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attacks.search import Input, Unusable
from robustness.errors import RefusedError, UsageError, VictimError
from robustness.tasks.registry import task_named
from robustness.victims.base import VictimInfo
from robustness.victims.endpoint.asking.address import address_of, header_names, headers_of
from robustness.victims.endpoint.asking.options import EndpointOptions
from robustness.victims.endpoint.asking.probe import Probe, probe
from robustness.victims.endpoint.asking.scoring import label_scores
from robustness.victims.endpoint.asking.victim import Asking, EndpointVictim, Scoring
from robustness.victims.endpoint.dialects.chat import Chat
from robustness.victims.endpoint.dialects.dialect import Ask, Dialect, Written
from robustness.victims.endpoint.wire import Limits, Reply
from robustness.victims.prompts.chosen import prompt_of

if TYPE_CHECKING:
    from robustness.victims.endpoint.client import Client
    from robustness.victims.endpoint.session import Session

_TINY = 1e-12
CONTENT_FREE = ("N/A", "", "[MASK]")
"""Inputs that say nothing, after Zhao et al. 2021 (arXiv 2102.09690, section 5)."""
SPECS = {"openai": "openai:URL#MODEL", "responses": "responses:URL#MODEL", "http": "http:FILE.toml[#MODEL]"}


@dataclass(frozen=True, slots=True)
class Target:
    """Who is asked, by which API, and with which headers; ``shown``: the URL as it may be written."""

    dialect: Dialect
    headers: Mapping[str, str]
    shown: str
    model: str


def load_endpoint(
    kind: str,
    rest: str,
    *,
    offline: bool = False,
    session: Session | None = None,
    prompt: str | None = None,
    system: str | None = None,
    labels: Sequence[str] | None = None,
    fields: Sequence[str] | None = None,
    task: str | None = None,
    max_new_tokens: int | None = None,
    stop: Sequence[str] | None = None,
    seed: int = 0,
    **options: Any,
) -> EndpointVictim:
    """The victim behind ``openai:``, ``responses:`` or ``http:`` and ``rest``.

    It is asked up to six requests of the probe, and three that say nothing where scores are to be evened out. ``session``: what
    it is asked through; without one nothing limits what it costs and nothing is remembered. ``options``: those of
    ``EndpointOptions``; the others are those of ``prompt_of``.

    Raises:
        UsageError: anything wrong with address, key, prompt or options; nothing was sent then.
        VictimError: it cannot be asked, or does not take what it would be asked.
    """
    asked = EndpointOptions(**options)
    chosen = prompt_of(
        prompt,
        system=system,
        task=task,
        labels=labels,
        fields=fields,
        max_new_tokens=max_new_tokens,
        stop=stop,
        seed=seed,
    )
    target = target_of(kind, rest, asked, replaying=session is not None and session.replaying)
    if asked.calibrate and not chosen.labels:
        raise UsageError("--calibrate evens out labels, and there are none; name them with --labels first,second")
    if offline and not (session is not None and session.replaying):
        from robustness.isolation.offline import permit

        permit(str(urlsplit(target.dialect.url).hostname))
    headers = {"Content-Type": "application/json", **target.headers}
    asking = Asking(target.dialect, chosen, headers, target.shown, asked.temperature, asked.sampling_seed)
    sender = new_client(asked, session)
    try:
        return opened(f"{kind}:{rest}", kind, chosen.task, asking, sender, asked, target)
    except BaseException:
        sender.close()
        raise


def target_of(kind: str, rest: str, options: EndpointOptions, *, replaying: bool = False) -> Target:
    """Who is asked; raises ``UsageError``. ``replaying``: nothing is sent, so no header needs its value."""
    if kind == "http":
        from robustness.victims.endpoint.asking.template_file import read_template

        template, filled, where = read_template(rest, allow_plain_http=options.allow_plain_http, replaying=replaying)
        return Target(template, filled, where.shown, where.model)
    address = address_of(rest, "responses" if kind == "responses" else options.endpoint, SPECS[kind])  # type: ignore[arg-type]
    make: Any = Chat
    if kind == "responses":
        from robustness.victims.endpoint.dialects.responses import Responses as make
    elif options.endpoint == "completions":
        from robustness.victims.endpoint.dialects.completions import Completions as make
    if replaying:
        headers = dict.fromkeys(header_names(options.header), "")
    else:
        key_env, header, plain = options.key_env, options.header, options.allow_plain_http
        headers = headers_of(address, key_env=key_env, header=header, allow_plain_http=plain)
    return Target(make(address.url, address.model, options.extra), headers, address.shown, address.model)


def new_client(options: EndpointOptions, session: Session | None = None) -> Client:
    """What sends, through the ledger and the cassette of a session, or through such that limit and remember nothing."""
    from robustness.victims.endpoint.client import Client
    from robustness.victims.endpoint.exchange import ClientOptions
    from robustness.victims.endpoint.session import open_session
    from robustness.victims.endpoint.transports import transport_factory

    limits = Limits() if options.request_timeout is None else Limits(total=options.request_timeout)
    how = ClientOptions(concurrency=options.concurrency, rps=options.rps, tpm=options.tpm, limits=limits)
    session = session or open_session("", {})
    return Client(transport_factory(), ledger=session.ledger, cassette=session.cassette, options=how)


def opened(
    name: str, kind: str, task: str, asking: Asking, client: Client, options: EndpointOptions, target: Target
) -> EndpointVictim:
    """The victim, once its endpoint was probed."""

    def send(asking: Asking, ask: Ask, again: str) -> Reply:
        return client.ask(asking.exchange(ask, again), asking.dialect.usage)

    prompt = asking.prompt
    scorable = bool(prompt.labels) and prompt.scored and task_named(task).classes
    if options.scoring in ("logprobs", "echo") and not scorable:
        why = "this prompt's answers are to be read" if prompt.labels and not prompt.scored else f"for {task} leave it out"
        raise UsageError(f"--scoring {options.scoring} scores labels of a classification; {why}")
    found = probe(asking, send, scores=scorable and options.scoring in ("auto", "logprobs"))
    if options.deterministic and found.equal is False:
        raise UsageError("--deterministic was given, and the endpoint answered two equal requests differently; leave it out")
    asking = replace(asking, dialect=found.dialect)
    notes = list(found.notes)
    if scorable:
        asking, notes_of_scoring = scored(asking, found, options.scoring)
        notes += notes_of_scoring
    info = VictimInfo(
        name=name,
        kind=kind,
        labels=prompt.labels,
        fields=prompt.fields,
        access="scores" if asking.scoring != "parse" else "labels",
        identity=tuple(sorted(identity_of(asking, found, options, target).items())),
        deterministic=options.deterministic,
        dialogue=asking.dialect.name in ("chat", "responses"),
        task=task,
        notes=tuple(notes),
        probe=found.table,
        supplied=prompt.supplied,
        shown=prompt.shown,
        prompted=True,
        asked=tuple(sorted(asked_of(asking).items())),
    )
    if not options.calibrate:
        return EndpointVictim(info, asking, client)
    asking, note = evened(EndpointVictim(info, asking, client), asking)
    return EndpointVictim(replace(info, notes=(*info.notes, note)), asking, client)


def scored(asking: Asking, found: Probe, wanted: str) -> tuple[Asking, list[str]]:
    """How labels are scored: as wanted, or by the first way that works.

    Raises:
        VictimError: the way that was asked for does not work here.
    """
    words = asking.prompt.words
    readable = isinstance(found.first, Written) and not isinstance(label_scores(found.first, words), Unusable)
    if wanted == "logprobs" and not found.logprobs:
        raise VictimError(f"--scoring logprobs: {dict(found.table)['log-probabilities']}; use --scoring parse")
    if wanted == "echo" and not found.echo:
        raise VictimError(
            f"--scoring echo: {dict(found.table)['log-probabilities of the prompt']}; every label would seem as likely as any "
            "other; use --scoring parse"
        )
    way: Scoring = "parse"
    if wanted == "logprobs" or (wanted == "auto" and found.logprobs and readable):
        way = "logprobs"
    elif wanted in ("echo", "auto") and found.echo:
        way = "echo"
    notes = []
    if way == "parse" and wanted == "auto":
        why = "the first words are other ones than the labels'" if found.logprobs else "the endpoint gives no log-probabilities"
        notes.append(f"labels are read out of what the model writes, without scores: {why}")
    return replace(asking, scoring=way), notes


def evened(victim: EndpointVictim, asking: Asking) -> tuple[Asking, str]:
    """Take off what inputs that say nothing are answered, and say how much it is.

    Raises:
        VictimError: there are no scores, or none for any such input.
    """
    if asking.scoring == "parse":
        raise VictimError("--calibrate evens out scores, and this endpoint gives none that can be read; leave it out")
    rows = [row for text in CONTENT_FREE if (row := _scores_of(victim, asking.prompt.filled(text))) is not None]
    if not rows:
        raise VictimError("--calibrate: none of the inputs that say nothing is answered with a label; leave it out")
    mean = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    listed = ", ".join(f"{name} {share:.2f}" for name, share in zip(asking.prompt.labels, mean, strict=True))
    prior = tuple(math.log(max(share, _TINY)) for share in mean)
    return replace(asking, prior=prior), f"inputs that say nothing are answered {listed}; this was taken off every answer"


def _scores_of(victim: EndpointVictim, inputs: Input) -> list[float] | None:
    """The scores of one input; None where it gets none."""
    try:
        row = victim.predict([inputs])[0]
    except RefusedError:
        raise
    except VictimError:  # some servers refuse an empty text; the run itself may have none
        return None
    return None if isinstance(row, Unusable) else [float(one) for one in row]


def asked_of(asking: Asking) -> dict[str, str]:
    """What of the asking decides which runs can be compared: two models or two prompts can be, scores and bare labels cannot.

    Whether two equal requests got equal answers is left out: two requests say little of a rate, and that is measured by the run.
    """
    taken = "temperature" in asking.dialect.takes
    return {"scoring": asking.scoring, "temperature": str(asking.temperature) if taken else "the server's own"}


def identity_of(asking: Asking, found: Probe, options: EndpointOptions, target: Target) -> dict[str, str]:
    """What pins the victim: who was asked, how, and what the server said that it is; never a key."""
    return {
        "url": target.shown,
        "model": target.model,
        "served_model": found.model,
        "fingerprint": found.fingerprint,
        "api": asking.dialect.name,
        "parameters": ",".join(sorted(asking.dialect.takes)),
        "temperature": str(asking.temperature),
        "sampling_seed": str(asking.seed),
        "scoring": asking.scoring,
        "calibrate": str(options.calibrate),
        "max_new_tokens": str(asking.prompt.max_tokens),
        "stop": "\x1f".join(asking.prompt.stop),
        "extra_body": json.dumps(options.extra, sort_keys=True) if options.extra else "",
        "headers": ",".join(sorted(name for name in target.headers if name not in ("Authorization", "api-key"))),
        **asking.prompt.identity,
    }
