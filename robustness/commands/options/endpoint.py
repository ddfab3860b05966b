"""Flags of victims behind an API; what they mean stands in ``robustness.victims.endpoint.asking.options``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from robustness.commands.options.groups import Flags


@dataclass(frozen=True, slots=True)
class EndpointFlags(Flags):
    """How an openai:, responses: or http: victim is asked."""

    PANEL = "Victim"

    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="Which API an openai: victim speaks: chat or completions (default: chat).")
    ] = None
    scoring: Annotated[
        str | None,
        typer.Option(
            "--scoring",
            help="How an endpoint's labels are scored: logprobs, echo (a request a label), parse, or auto: the first that works.",
        ),
    ] = None
    temperature: Annotated[
        float | None, typer.Option("--temperature", help="Sampling temperature that an endpoint is asked for (default 0).")
    ] = None
    sampling_seed: Annotated[
        int | None, typer.Option("--sampling-seed", help="Seed that is sent to an endpoint; fresh asks get seeds of their own.")
    ] = None
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", help="Most requests in flight to an endpoint at once (default 8).")
    ] = None
    rps: Annotated[float | None, typer.Option("--rps", help="Most requests a second to an endpoint.")] = None
    tpm: Annotated[
        float | None, typer.Option("--tpm", help="Most tokens a minute to an endpoint, counted before they are sent.")
    ] = None
    request_timeout: Annotated[
        float | None, typer.Option("--request-timeout", help="Seconds allowed for one request to an endpoint (default 120).")
    ] = None
    header: Annotated[
        list[str] | None,
        typer.Option(
            "--header", metavar="NAME=VARIABLE", help="A header whose value is that environment variable's; repeatable."
        ),
    ] = None
    key_env: Annotated[
        str | None,
        typer.Option(
            "--key-env", metavar="VARIABLE", help="Environment variable with the key (default OPENAI_API_KEY); none for no key."
        ),
    ] = None
    extra_body: Annotated[
        str | None, typer.Option("--extra-body", metavar="JSON", help="A JSON object that is added to each request.")
    ] = None
    allow_plain_http: Annotated[
        bool, typer.Option("--allow-plain-http", help="Let a key go out unencrypted, to a server of your own network.")
    ] = False
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="State that an endpoint always gives one text one answer; it is checked.")
    ] = False
