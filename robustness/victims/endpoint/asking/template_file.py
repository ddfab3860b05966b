"""``http:FILE.toml`` read and checked: request, paths into the reply, headers from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path as File
from typing import Any
from urllib.parse import quote, urlsplit

from robustness.errors import UsageError
from robustness.victims.endpoint.asking.address import Address, check_header, check_url, filled, refuse_plain
from robustness.victims.endpoint.dialects.paths import Path, path_of
from robustness.victims.endpoint.dialects.template import PLACES, Paths, Template, check_places, places_in
from robustness.victims.names import unknown

SPEC = "http:FILE.toml[#MODEL]"
_TABLES = ("request", "answer", "usage", "error")
_REQUEST = ("method", "url", "model", "headers", "body", "message", "roles", "split_system")
_ANSWER = ("path", "finish", "thinking", "filtered", "model", "truncated", "filtered_by", "refused", "tool_calls")
_ENDS = {"truncated": "length", "filtered_by": "content_filter", "refused": "refusal", "tool_calls": "tool_calls"}
METHODS = ("POST", "PUT")
_MODEL = re.compile(r"\{\{\s*model\s*\}\}")


def read_template(
    rest: str, *, allow_plain_http: bool = False, replaying: bool = False
) -> tuple[Template, dict[str, str], Address]:
    """What ``FILE.toml`` or ``FILE.toml#MODEL`` describes, its headers with their secrets, and where requests go.

    ``example:NAME`` is a shipped file. ``replaying``: nothing is sent, so no header needs its value.

    Raises:
        UsageError: a file that cannot be read, a key that it has not, a path, a place or a variable that cannot be used.
    """
    name, _, model = rest.partition("#")
    found = _parsed(name)
    _known(found, _TABLES, f"{name}:")
    request, answer = _table(found, "request", name), _table(found, "answer", name)
    _known(request, _REQUEST, f"{name}: [request]")
    _known(answer, _ANSWER, f"{name}: [answer]")
    model = model or str(request.get("model") or "")
    address = _address(_text(request, "url", f"{name}: [request]"), model, name)
    method = str(request.get("method", "POST")).upper()
    if method not in METHODS:
        raise UsageError(f"{name}: [request] method expects one of {', '.join(METHODS)}, got {method!r}")
    body = request.get("body")
    if not isinstance(body, dict) or not places_in(body) & {"messages", "input"}:
        raise UsageError(f"{name}: [request.body] expects the body, with {{{{ messages }}}} or {{{{ input }}}} somewhere in it")
    check_places(body, f"{name}: [request.body]", PLACES[:-2])
    if "max_tokens" not in places_in(body):
        raise UsageError(f"{name}: [request.body] has no {{{{ max_tokens }}}}: without a limit no answer's price is known")
    message = request.get("message", {"role": "{{ role }}", "content": "{{ content }}"})
    check_places(message, f"{name}: [request.message]", PLACES[-2:])
    headers, secret = _headers(request.get("headers", {}), name, replaying=replaying)
    refuse_plain(address, secret, allow_plain_http or replaying)
    roles = request.get("roles", {})
    if not isinstance(roles, dict) or not all(isinstance(one, str) for one in roles.values()):
        raise UsageError(f'{name}: [request.roles] expects the API\'s words for roles, such as assistant = "model"')
    if "model" in places_in(body) and not model:
        raise UsageError(_no_model(name))
    template = Template(
        url=address.url,
        model=model,
        json=body,
        message=message,
        paths=_paths(found, answer, name),
        method=method,
        split_system=bool(request.get("split_system", "system" in places_in(body))),
        roles=roles,
    )
    return template, headers, address


def _address(url: str, model: str, name: str) -> Address:
    """Where requests go; a place for the model in the URL is filled."""
    check_places(url, f"{name}: [request] url", ("model",))
    if places_in(url) and not model:
        raise UsageError(_no_model(name))
    url = _MODEL.sub(quote(model, safe=""), url)
    check_url(url, f"{name}: [request] url")
    return Address(url, model, str(urlsplit(url).hostname).lower())


def _no_model(name: str) -> str:
    return f'{name} has a place for the model and names none: write http:{name}#MODEL, or model = "…" under [request]'


def examples() -> tuple[str, ...]:
    """The names of the shipped files."""
    from importlib import resources

    folder = resources.files("robustness.victims.endpoint").joinpath("examples")
    return tuple(sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml")))


def _parsed(name: str) -> dict[str, Any]:
    if name.startswith("//"):
        raise UsageError(f"expected {SPEC}, got an address; an OpenAI-compatible server is openai:http:{name}#MODEL")
    import tomllib

    try:
        return tomllib.loads(_read(name))
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(
            f"cannot read {name!r}: {problem}; expected a TOML file, or example:NAME with one of {', '.join(examples())}"
        ) from None
    except tomllib.TOMLDecodeError as problem:
        raise UsageError(f"{name} is no TOML: {problem}") from None


def _read(name: str) -> str:
    if not name.startswith("example:"):
        return File(name).expanduser().read_text(encoding="utf-8")
    from importlib import resources

    wanted = name.removeprefix("example:")
    if wanted not in examples():
        raise unknown("example", wanted, examples())
    return resources.files("robustness.victims.endpoint").joinpath("examples", f"{wanted}.toml").read_text(encoding="utf-8")


def _paths(found: Mapping[str, Any], answer: Mapping[str, Any], name: str) -> Paths:
    usage, error = found.get("usage", {}), found.get("error", {})
    _known(usage, ("in", "out"), f"{name}: [usage]")
    _known(error, ("path",), f"{name}: [error]")

    def path(table: Mapping[str, Any], where: str, key: str) -> Path | None:
        return path_of(_text(table, key, f"{name}: {where}"), f"{name}: {where} {key}") if key in table else None

    whole = path(answer, "[answer]", "path")
    if whole is None:
        raise UsageError(f'{name}: [answer] needs a path, such as path = "choices[0].message.content"')
    ends: dict[str, str] = {}
    for key, meaning in _ENDS.items():
        words = answer.get(key, [])
        if not isinstance(words, list) or not all(isinstance(one, str) for one in words):
            raise UsageError(f"{name}: [answer] {key} expects a list of words, got {words!r}")
        ends |= dict.fromkeys(words, meaning)
    if ends and "finish" not in answer:
        raise UsageError(f"{name}: [answer] names how answers end, and no finish that says where that stands")
    return Paths(
        answer=whole,
        finish=path(answer, "[answer]", "finish"),
        thinking=path(answer, "[answer]", "thinking"),
        filtered=path(answer, "[answer]", "filtered"),
        model=path(answer, "[answer]", "model"),
        error=path(error, "[error]", "path"),
        tokens_in=path(usage, "[usage]", "in"),
        tokens_out=path(usage, "[usage]", "out"),
        ends=ends,
    )


def _headers(table: Any, name: str, *, replaying: bool) -> tuple[dict[str, str], bool]:
    """Headers with their variables filled in, and whether any of them holds one."""
    from reports.files.secrets import keep_secret

    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise UsageError(f'{name}: [request.headers] expects names and texts, such as x-api-key = "$ANTHROPIC_API_KEY"')
    found, secret = {}, False
    for header, text in table.items():
        check_header(header, f"{name}: [request.headers]")
        if replaying:
            found[header] = ""
            continue
        found[header], variables = filled(text, f"{name}: the header {header}")
        secret = secret or bool(variables)
        for variable in variables:
            keep_secret(variable)
    return found, secret


def _table(found: Mapping[str, Any], key: str, name: str) -> dict[str, Any]:
    table = found.get(key)
    if not isinstance(table, dict):
        raise UsageError(
            f"{name} has no table [{key}]; see the shipped files: {', '.join(f'example:{one}' for one in examples())}"
        )
    return table


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    text = table.get(key)
    if not isinstance(text, str) or not text:
        raise UsageError(f"{where} {key} expects a text, got {text!r}")
    return text


def _known(table: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    strange = sorted(set(table) - set(names))
    if strange:
        raise unknown(f"key in {where}", strange[0], names)
