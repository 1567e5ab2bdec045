"""The kinds of values that a config may hold, and what is checked of each."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from agentframework.config.problems import members_of, wrong
from agentframework.config.references import FetchedText
from agentframework.spelling import did_you_mean

__all__ = [
    "URL_WORDS",
    "AgentUrl",
    "Count",
    "Flag",
    "JsonTable",
    "Pause",
    "PlainTables",
    "Seconds",
    "Section",
    "Text",
    "ToolName",
    "Variables",
]

URL_WORDS = ("local", "production", "us", "eu", "in", "sg")
"""What `[agent] url` may be besides an address: the local agent, or one of the vendor's regions (protocol 1.1)."""

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def _json(value: Any, place: str = "") -> Any:
    """A value that JSON can carry, as plain types; TOML also has dates and infinite numbers."""
    match value:
        case None | bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
        case str():
            return str(value)
        case Mapping():
            return {str(key): _json(item, f"{place}.{key}".lstrip(".")) for key, item in value.items()}
        case list() | tuple():
            return [_json(item, place) for item in value]
    raise wrong(f"{place}: JSON has no such value", "write it as text, in quotes")


def _plain(value: Any) -> Any:
    """A value as TOML has it, without the marks that the reading of references left."""
    match value:
        case str():
            return str(value)
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


def _variables(value: dict[str, Any]) -> dict[str, Any]:
    """Dynamic variables: texts, numbers, booleans, lists of these; `system__` is the platform's (protocol 2.3)."""
    for name, held in value.items():
        if name.startswith("system__"):
            raise wrong(
                f"{name}: names that begin with system__ are the platform's own", "give it another name"
            )
        if isinstance(held, dict):
            raise wrong(f"{name}: a variable is text, a number, true or false, or a list, not a table")
    return value


def _tool_name(name: str) -> str:
    if not _TOOL_NAME.fullmatch(name):
        raise wrong(
            "no tool can have this name", "a tool's name is 1 to 64 letters, digits, _ or -, and no glob"
        )
    return name


def _agent_url(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator:
        if url in URL_WORDS:
            return url
        words = ", ".join(f'"{word}"' for word in URL_WORDS)
        fix = did_you_mean(url, URL_WORDS) or "a URL begins with wss://, ws://, https:// or http://"
        raise wrong(f"is neither a URL nor one of {words}", fix)
    if scheme.lower() not in {"ws", "wss", "http", "https"}:
        raise wrong("is no URL to connect to", "a URL begins with wss://, ws://, https:// or http://")
    return _checked_address(f"{scheme.lower()}://{rest}")


def _checked_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_complete = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_complete = False
        parts = None
    if parts is None or not is_complete:
        raise wrong("is no complete URL", "write it as wss://host:port/path")
    if parts.fragment:
        raise wrong("a URL to connect to has no part after #", "leave it out")
    if parts.scheme in {"http", "https"} and parts.query:
        raise wrong("a base URL has no query", "leave out what begins with ?, or give the wss:// URL itself")
    return url


Count = Annotated[int, Field(strict=True, ge=1)]
Pause = Annotated[float, Field(strict=True, ge=0, le=3600, allow_inf_nan=False)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=3600, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(min_length=1)]
AgentUrl = Annotated[Text, AfterValidator(_agent_url)]
JsonTable = Annotated[dict[str, Any], AfterValidator(_json)]
Variables = Annotated[JsonTable, AfterValidator(_variables)]
PlainTables = Annotated[dict[str, dict[str, Any]], BeforeValidator(_plain)]
ToolName = Annotated[str, AfterValidator(_tool_name)]


class Section(BaseModel):
    """A table of the config: no unknown key, nothing to change later, no coercion of what TOML says itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _read_fetched_text(cls, value: Any, info: ValidationInfo) -> Any:
        """What came from the environment or a file is text; where a number is wanted the text is read as one."""
        if not isinstance(value, FetchedText) or info.field_name is None:
            return value
        wanted = members_of(cls.model_fields[info.field_name].annotation)
        try:
            if bool in wanted:
                return {"true": True, "1": True, "false": False, "0": False}[value.strip().lower()]
            if float in wanted:
                return float(value)
            if int in wanted:
                return int(value)
        except (KeyError, ValueError):
            return value
        return str(value)
