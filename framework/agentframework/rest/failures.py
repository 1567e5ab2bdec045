"""What an answer that is no success means: one error for each, in words that say what would be right."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from agentframework.errors import (
    AuthError,
    NotFoundError,
    RateLimitError,
    RestError,
    RestTimeoutError,
    ServerError,
)
from agentframework.redaction import Redactor, safe_url
from agentframework.rest.exchange import Answer, ExchangeError, Request
from agentframework.rest.retries import retry_after

__all__ = ["Call", "error_of_answer", "error_without_answer", "read_json"]

_LONGEST_WORD = 100
_MOST_PLACES = 3


@dataclass(frozen=True, slots=True)
class Call:
    """A request and how its failure is told: `failed` begins the sentence, `missing` is what a 404 means.

    `permission` is what the key needs for it.
    """

    request: Request
    failed: str
    missing: str
    permission: str = "convai_write"


def read_json(answer: Answer) -> Any:
    """The body, or None where it is no JSON."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def error_without_answer(call: Call, error: ExchangeError, timeout: float) -> RestError:
    """The error of a call to which no answer came."""
    often = _often(error.attempts)
    if error.timed_out:
        return RestTimeoutError(f"{call.failed}: no answer from {_place(call)} within {timeout:g} s{often}")
    if error.may_have_arrived:
        return RestError(f"{call.failed}: no answer from {_place(call)}: {error.problem}{often}")
    return RestError(f"{call.failed}: cannot reach {_place(call)}: {error.problem}{often}")


def error_of_answer(call: Call, answer: Answer, attempts: int) -> RestError:
    """The error of a call that was answered with another status than success."""
    status = answer.status
    said = _what_was_said(call, answer)
    if status in (401, 403):
        return _refused(call, status, said)
    if status == 404:
        hint = "look at the id, and at whose account and region the key belongs to"
        return NotFoundError(f"{call.failed}: {call.missing}", status=status, hint=hint)
    if 300 <= status < 400:
        where = safe_url(urljoin(call.request.url, answer.headers.get("location", "")))
        problem = f"{call.failed}: {_place(call)} sends on to {where}, and the key is not sent there"
        return RestError(problem, status=status, hint="if that is the right host, give it as the base URL")
    problem = (
        f"{call.failed}: the server answered {status}" + (f" ({said})" if said else "") + _often(attempts)
    )
    if status == 429:
        seconds = retry_after(answer)
        hint = "too many requests at once" if seconds is None else f"try again in {seconds:g} s"
        return RateLimitError(problem, status=status, hint=hint, retry_after=seconds)
    return (ServerError if status >= 500 else RestError)(problem, status=status)


def _refused(call: Call, status: int, said: str) -> AuthError:
    hint = (
        f"the key needs the permission {call.permission}"
        if "permission" in said
        else "look at the API key and whose account it belongs to"
    )
    return AuthError(f"{call.failed}: the API key was refused ({said or status})", status=status, hint=hint)


def _often(attempts: int) -> str:
    return f" (in {attempts} attempts)" if attempts > 1 else ""


def _place(call: Call) -> str:
    """Scheme, host and port of where the request went."""
    return safe_url(urljoin(call.request.url, "/")).rstrip("/")


def _what_was_said(call: Call, answer: Answer) -> str:
    """The words that an error's body gives for itself (protocol 1.4); never what was sent, nor more than a line."""
    body = read_json(answer)
    detail = body.get("detail") if isinstance(body, dict) else None
    if isinstance(detail, dict):
        detail = detail.get("status") or detail.get("message")
    if isinstance(detail, list):
        detail = "; ".join(filter(None, map(_place_and_message, detail[:_MOST_PLACES])))
    if not isinstance(detail, str):
        return ""
    key = call.request.api_key
    redacted = Redactor([key] if key else []).text(detail)
    return " ".join(redacted.split())[: _LONGEST_WORD * _MOST_PLACES]


def _place_and_message(problem: Any) -> str:
    """One problem of FastAPI's validation as "query.agent_id: Field required"; its `input` is left out."""
    if not isinstance(problem, dict):
        return ""
    loc, message = problem.get("loc"), problem.get("msg")
    place = ".".join(str(step) for step in loc) if isinstance(loc, list) else ""
    said = message if isinstance(message, str) else ""
    return ": ".join(part[:_LONGEST_WORD] for part in (place, said) if part)
