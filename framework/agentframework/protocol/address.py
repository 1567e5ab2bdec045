"""Where the agent's side is to be found: base addresses, and the conversation's own."""

from __future__ import annotations

from urllib.parse import quote, urlencode, urlsplit, urlunsplit

__all__ = ["REGIONS", "conversation_url"]

REGIONS = {
    "production": "https://api.elevenlabs.io",
    "us": "https://api.us.elevenlabs.io",
    "eu": "https://api.eu.residency.elevenlabs.io",
    "in": "https://api.in.residency.elevenlabs.io",
    "sg": "https://api.sg.residency.elevenlabs.io",
}
"""The vendor's hosts (protocol 1.1)."""

_SCHEMES = {"https": "wss", "http": "ws"}
_PATH = "/v1/convai/conversation"


def conversation_url(base_url: str, agent_id: str, *, environment: str | None = None) -> str:
    """The WebSocket address of a public agent below `base_url` (http, https, ws or wss; protocol 1.1, 1.2)."""
    parts = urlsplit(base_url)
    query = {"agent_id": agent_id, "environment": environment}
    given = {name: value for name, value in query.items() if value}
    return urlunsplit(
        (
            _SCHEMES.get(parts.scheme, parts.scheme),
            parts.netloc,
            parts.path.rstrip("/") + _PATH,
            urlencode(given, quote_via=quote),
            "",
        )
    )
