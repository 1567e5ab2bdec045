"""What would help when a conversation ends otherwise than it should."""

from __future__ import annotations

import re

__all__ = ["close_hint", "refusal_hint"]

_BY_REASON: tuple[tuple[str, str], ...] = (
    (
        r"missing required dynamic variables.*?\{(?P<names>[^}]*)\}",
        "give a value for {names} under [conversation.dynamic_variables] (or dynamic_variables=...)",
    ),
    (
        r"override for field '(?P<field>[^']*)'",
        "allow overriding {field} in the agent's security settings, or leave that override out",
    ),
    (
        r"invalid message received",
        "the agent's side did not accept what it was sent: a result that is no text, or a field it does not know",
    ),
    (r"misconfigured", "look at the agent's settings on the platform: model, voice, webhooks"),
)

_BY_CODE = {
    1001: "the server is going away, to be restarted or replaced; try again",
    1002: "the agent's side gave up: a time-out, or its model or voice failed; nothing said for 60 s does it too",
    1006: "the connection broke without a goodbye: network, proxy, or the server went away",
    1008: "the agent's side refused something it was sent; overrides must be allowed and variables be set",
    1009: "something that was sent is too large for the agent's side",
    1011: "an error inside the agent's side; try again",
    3000: "the request itself was refused: look at the agent's id, its branch and whether it needs requires_auth",
    4300: "too many conversations at once: the waiting time for a free place ran out",
}


def close_hint(code: int | None, reason: str) -> str:
    """What would help after a close with this code and reason (protocol 1.8); empty for an ordinary end."""
    for pattern, hint in _BY_REASON:
        match = re.search(pattern, reason, re.IGNORECASE)
        if match:
            return hint.format(**{name: text.replace("'", "") for name, text in match.groupdict().items()})
    return "" if code is None else _BY_CODE.get(code, "")


def refusal_hint(status: int | None) -> str:
    """What would help after this HTTP status of the upgrade."""
    if status in (401, 403):
        return "the agent is private: set requires_auth = true and an API key, or allow this host"
    if status == 404:
        return "look at the agent's id and at the address"
    if status == 429:
        return "too many conversations at once; try again later"
    return ""
