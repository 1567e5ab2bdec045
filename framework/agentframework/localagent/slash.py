"""The commands that begin with a slash, read from a line."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agentframework.localagent.literals import decoded, literal
from agentframework.localagent.matching import KnownTool
from agentframework.localagent.parameters import Parameter

__all__ = ["CALL_USAGE", "SlashCall", "SlashCommand", "SlashMistake", "read_pairs", "read_slash"]

CALL_USAGE = "/call NAME key=value ... or /call NAME {JSON}"


@dataclass(frozen=True, slots=True)
class SlashCall:
    """`/call`: a tool's name, declared or not, and its arguments as they were written."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """Any other command, by its word in lower case without the slash."""

    word: str


@dataclass(frozen=True, slots=True)
class SlashMistake:
    """A `/call` that cannot be read, with the sentence that says why."""

    text: str


def read_slash(line: str, tools: Mapping[str, KnownTool]) -> SlashCall | SlashCommand | SlashMistake | None:
    """The command that a line is; None for a line that does not begin with a slash.

    `/call` reads values by the schema's types; what does not fit them goes as it is, so that the answer of the
    runtime's own check can be seen.
    """
    line = line.strip()
    if not line.startswith("/"):
        return None
    word, _, rest = line[1:].partition(" ")
    if word.casefold() != "call":
        return SlashCommand(word.casefold())
    name, _, written = rest.strip().partition(" ")
    written = written.strip()
    if not name:
        return SlashMistake(f"Which tool? Write {CALL_USAGE}.")
    if written.startswith("{"):
        arguments = decoded(written, dict)
        if arguments is None:
            return SlashMistake(f"What follows {name} is no JSON object that I can read. Write {CALL_USAGE}.")
        return SlashCall(name, arguments)
    return _read_call(name, written, tools.get(name))


def _read_call(name: str, written: str, tool: KnownTool | None) -> SlashCall | SlashMistake:
    try:
        pairs = shlex.split(written)
    except ValueError:
        return SlashMistake(f"A quotation mark is open in {written!r}. Write {CALL_USAGE}.")
    try:
        return SlashCall(name, read_pairs(pairs, tool.parameters if tool is not None else ()))
    except ValueError as error:
        return SlashMistake(f"{error}. Write {CALL_USAGE}.")


def read_pairs(pairs: Iterable[str], parameters: Iterable[Parameter]) -> dict[str, Any]:
    """Arguments that are written as `key=value`, each value read by its parameter's type.

    Raises ValueError for what is no pair.
    """
    by_name = {parameter.name: parameter for parameter in parameters}
    arguments: dict[str, Any] = {}
    for pair in pairs:
        key, is_pair, value = pair.partition("=")
        if not is_pair or not key:
            raise ValueError(f"{pair!r} is no key=value")
        arguments[key] = literal(value, by_name.get(key))
    return arguments
