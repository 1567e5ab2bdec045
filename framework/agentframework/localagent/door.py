"""What the local agent says at its door: where conversations are, signed URLs to them, and who comes (protocol 1)."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlencode

__all__ = [
    "CONVERSATION_PATH",
    "Reply",
    "conversation_id_in",
    "introduction",
    "random_conversation_id",
    "reply_to",
]

CONVERSATION_PATH = "/v1/convai/conversation"
"""Where the platform has its conversations (protocol 1.1); a path before it is taken too, as on-prem (1.7)."""

# the platform's own name and the one that it had before (protocol 1.4)
_SIGNED_URL_PATHS = tuple(f"{CONVERSATION_PATH}/{name}" for name in ("get-signed-url", "get_signed_url"))
_CONVERSATION_ID = re.compile(r"[\w-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to an HTTP request that asks for no conversation."""

    status: HTTPStatus
    body: str
    content_type: str = "text/plain; charset=utf-8"


def reply_to(path: str, headers: Mapping[str, str]) -> Reply | None:
    """What is answered to a GET of `path`; None where that is the address of a conversation."""
    place, _, query = path.partition("?")
    if place.endswith("/convai/conversation"):
        return None
    host = headers.get("Host", "HOST:PORT")
    if place.endswith(_SIGNED_URL_PATHS):
        base = place.rpartition("/")[0]
        return _sign(f"ws://{host}{base}", parse_qs(query), headers)
    text = (
        f"There is nothing at {place}.\n"
        f"This is a local agent; its conversations are at ws://{host}{CONVERSATION_PATH}?agent_id=ANY\n"
    )
    return Reply(HTTPStatus.NOT_FOUND, text)


def _sign(address: str, query: Mapping[str, list[str]], headers: Mapping[str, str]) -> Reply:
    """A signed URL for any agent and any key; no signature is checked when a client comes with it."""
    if not headers.get("xi-api-key"):
        problem = {
            "status": "needs_authorization",
            "message": "a request for a signed URL needs an xi-api-key",
        }
        return _json(HTTPStatus.UNAUTHORIZED, {"detail": problem})
    if "agent_id" not in query:
        missing = {"type": "missing", "loc": ["query", "agent_id"], "msg": "Field required", "input": None}
        return _json(HTTPStatus.UNPROCESSABLE_ENTITY, {"detail": [missing]})
    signed = {"agent_id": query["agent_id"][0], "conversation_signature": f"cvtkn_{secrets.token_hex(16)}"}
    if query.get("include_conversation_id") == ["true"]:
        signed["conversation_id"] = random_conversation_id()
    return _json(HTTPStatus.OK, {"signed_url": f"{address}?{urlencode(signed)}"})


def _json(status: HTTPStatus, content: dict[str, Any]) -> Reply:
    return Reply(status, json.dumps(content), "application/json")


def conversation_id_in(path: str) -> str | None:
    """The id that the address asks for, as on-prem and in signed URLs; None where it has none that can be one."""
    asked = parse_qs(path.partition("?")[2]).get("conversation_id", [""])[0]
    return asked if _CONVERSATION_ID.fullmatch(asked) else None


def random_conversation_id() -> str:
    """A new id in the platform's form."""
    return f"conv_{secrets.token_hex(13)}"


def introduction(path: str, headers: Mapping[str, str], subprotocol: str | None) -> str:
    """Who connects, by what may be printed: neither signature nor bearer token."""
    query = parse_qs(path.partition("?")[2])
    said = [f"agent_id {query['agent_id'][0]}" if "agent_id" in query else "no agent_id"]
    said += [f"{name} {query[name][0]}" for name in ("source", "version", "environment") if name in query]
    said.append(f"origin {headers['Origin']}" if "Origin" in headers else "no origin")
    said.append(f"subprotocol {subprotocol}" if subprotocol else "no subprotocol")
    return ", ".join(said)
