"""Replies before a dialect reads them: JSON or not, an error or not, a filter's refusal or a fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attacks.search import Unusable
from robustness.errors import RefusedError, cut
from robustness.victims.endpoint.dialects.dialect import EndpointError
from robustness.victims.endpoint.ledger import Usage
from robustness.victims.endpoint.wire import Reply

FILTERED = ("content_filter", "content_policy_violation", "moderation_blocked", "responsibleaipolicyviolation")
"""Codes by which a filter, Azure's say, refuses a prompt: an outcome of that prompt, not a fault."""
_SHOWN = 300


def payload(reply: Reply) -> Mapping[str, Any] | Unusable:
    """The reply's JSON object, or what a content filter made of it.

    Raises:
        RefusedError: the key is refused.
        EndpointError: any other error, one inside a reply of status 200 included, or a body that is no JSON object.
    """
    found = loosely(reply)
    code, said = error_of(found) if isinstance(found, dict) else ("", "")
    if (code or said or not 200 <= reply.status < 300) and is_filtered(found, code):
        return Unusable("filtered", f"a content filter refused the prompt: {cut(said or code, _SHOWN)}")
    if not 200 <= reply.status < 300:
        refuse(reply, code, said, blamed(found, said))
    if not isinstance(found, dict):
        kind = reply.headers.get("content-type", "no content type")
        raise EndpointError(
            f"the endpoint answered {len(reply.body)} bytes that are no JSON object ({kind}): {_beginning(reply.body)}",
            status=reply.status,
        )
    if code or said:
        raise EndpointError(
            f"the endpoint answered an error with status {reply.status}: {cut(said or code, _SHOWN)}",
            status=reply.status,
            code=code,
            blames=blamed(found, said),
        )
    return found


def refuse(reply: Reply, code: str, said: str, blames: str) -> None:
    """Raise what a status other than 2xx stands for."""
    what = cut(said or code, _SHOWN) or _beginning(reply.body)
    if reply.status in (401, 403):
        raise RefusedError(f"the endpoint refuses the key (HTTP {reply.status}): {what}")
    if reply.status in (404, 405):  # the client ends the run by itself where nothing was ever answered, or the model is gone
        said = f"there is no such address or model (HTTP {reply.status}): {what}; check URL and #MODEL"
        raise EndpointError(said, status=reply.status, code=code, blames=blames)
    raise EndpointError(f"the endpoint answered HTTP {reply.status}: {what}", status=reply.status, code=code, blames=blames)


def error_of(found: Mapping[str, Any]) -> tuple[str, str]:
    """(code, message) of an error object in any of the usual shapes; empty strings where there is none."""
    error = found.get("error")
    if error is None and "type" not in found and found.get("object") != "error":
        return "", ""
    if isinstance(error, str):
        return "", error
    if isinstance(error, Mapping):
        code = error.get("code") or error.get("type") or ""
        return str(code), str(error.get("message") or error.get("msg") or code or json.dumps(error)[:_SHOWN])
    if found.get("object") == "error" or found.get("type") == "error":  # vLLM of old, and Anthropic
        return str(found.get("code") or ""), str(found.get("message") or "an error without a message")
    return "", ""


def blamed(found: Any, said: str) -> str:
    """The parameter that an error names, else what it says."""
    error = found.get("error") if isinstance(found, Mapping) else None
    return str((error.get("param") if isinstance(error, Mapping) else None) or said)


def is_filtered(found: Any, code: str) -> bool:
    """Whether an error is a content filter's: by its code, or that of the error inside it, as Azure has it."""
    codes = [code]
    error = found.get("error") if isinstance(found, Mapping) else None
    if isinstance(error, Mapping):
        inner = error.get("innererror") or error.get("inner_error")
        metadata = error.get("metadata")
        if isinstance(metadata, Mapping) and ("flagged_input" in metadata or "reasons" in metadata):  # OpenRouter's moderation
            return True
        codes += [str(error.get("type") or ""), str(inner.get("code") or "") if isinstance(inner, Mapping) else ""]
    return any(one.casefold() in FILTERED for one in codes)


def usage_of(found: Any, names: tuple[str, str]) -> Usage | None:
    """Tokens in and out under ``usage``, by these names; None where either is missing or is no whole number."""
    counted = found.get("usage") if isinstance(found, dict) else None
    if not isinstance(counted, dict):
        return None
    details = counted.get(f"{names[0]}_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    return usage_from(counted.get(names[0]), counted.get(names[1]), cached)


def usage_from(tokens_in: Any, tokens_out: Any, cached: Any = None) -> Usage | None:
    """The three numbers as usage; None where either of the first two is no whole number from 0 up."""
    if _count(tokens_in) is None or _count(tokens_out) is None:
        return None
    return Usage(tokens_in, tokens_out, _count(cached) or 0)


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def loosely(reply: Reply) -> Any:
    """The JSON of a reply, whatever it says; None where it is none. For what is read of errors and answers alike."""
    try:
        return reply.json()
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None


def _beginning(body: bytes) -> str:
    return repr(cut(body[:400].decode("utf-8", "replace"), 120))
