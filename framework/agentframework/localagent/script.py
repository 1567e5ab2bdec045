"""Reads a script for the local agent from its TOML file, and says in the file's words what is wrong with it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from agentframework.errors import FormatError, ScriptError
from agentframework.formats import AudioFormat
from agentframework.localagent.options import AgentOptions, ToolHandling
from agentframework.localagent.steps import ENDINGS, STEPS, Step
from agentframework.localagent.toolconfig import ClientToolConfig, with_tools
from agentframework.protocol.calls import ErrorHandling
from agentframework.protocol.messages import SERVER_MESSAGES
from agentframework.spelling import did_you_mean

__all__ = ["Script", "ScriptSettings", "ScriptTool", "load_script", "parse_script"]

Model = TypeVar("Model", bound=BaseModel)


def _check_server_type(name: str) -> str:
    if name not in SERVER_MESSAGES:
        raise ValueError(
            f"an agent sends no message of type {name!r}{did_you_mean(name, SERVER_MESSAGES, after='; ')}"
        )
    return name


def _check_format(name: str) -> str:
    try:
        return AudioFormat.parse(name).name
    except FormatError as error:
        raise ValueError(str(error)) from None


Seconds = Annotated[float, Field(ge=0)]
FormatName = Annotated[str, AfterValidator(_check_format)]


class ScriptTool(ClientToolConfig):
    """A table `[[tool]]`: a tool of the client, as the platform declares it (protocol 5.1)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ScriptSettings(BaseModel):
    """What stands at the top of a script; what is not set is as the agent was started.

    `metadata` is true, false for none at all, or "late": after the first step. `queue_status` is sent before it.
    Times are seconds; `ping_interval` 0 is no pings, `tool_timeout` -1 no time-out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    conversation_id: str | None = Field(default=None, min_length=1)
    strict: bool | None = None
    text_only: bool | None = None
    output_format: FormatName | None = None
    input_format: FormatName | None = None
    client_events: list[Annotated[str, AfterValidator(_check_server_type)]] | None = None
    metadata: bool | Literal["late"] = True
    queue_status: list[str] = []
    ping_interval: Seconds | None = None
    pong_timeout: float | None = Field(default=None, gt=0)
    idle_timeout: float | None = Field(default=None, gt=0)
    tool_timeout: float | None = Field(default=None, ge=-1)
    tool_error_handling_mode: ErrorHandling | None = None
    barge_in: bool | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A script that was read; without steps its settings and tools hold, and the talker speaks."""

    file: str
    settings: ScriptSettings
    tools: tuple[ScriptTool, ...]
    steps: tuple[Step, ...]

    def options(self, base: AgentOptions) -> AgentOptions:
        """How the agent behaves under this script, where it would be `base` without."""
        settings = self.settings
        set_as_they_are = ("strict", "text_only", "pong_timeout", "idle_timeout", "ping_interval", "barge_in")
        changes: dict[str, Any] = {
            name: value for name in set_as_they_are if (value := getattr(settings, name)) is not None
        }
        if settings.ping_interval == 0:
            changes["ping_interval"] = None
        for name in ("output_format", "input_format"):
            if getattr(settings, name) is not None:
                changes[name] = AudioFormat.parse(getattr(settings, name))
        if settings.client_events is not None:
            changes["client_events"] = frozenset(settings.client_events)
        words = {True: "first", False: "never"}
        changes["metadata"] = settings.metadata if settings.metadata == "late" else words[settings.metadata]
        changes["queue_status"] = tuple(settings.queue_status)
        changes["default_handling"] = self._handling(base.default_handling)
        return with_tools(replace(base, **changes), self.tools)

    def _handling(self, base: ToolHandling) -> ToolHandling:
        seconds = self.settings.tool_timeout
        timeout = base.timeout if seconds is None else None if seconds < 0 else seconds
        mode = self.settings.tool_error_handling_mode or base.error_handling
        return replace(base, timeout=timeout, error_handling=mode)


def load_script(path: str | PathLike[str]) -> Script:
    """The script in the file `path`. Raises `ScriptError`, which says everything that is wrong with it."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ScriptError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise ScriptError(f"{path}: is not UTF-8 text") from None
    return parse_script(text, file=str(path))


def parse_script(text: str, *, file: str = "script") -> Script:
    """The script that is written in `text`; `file` is what messages call it. Raises `ScriptError`."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ScriptError(f"{file}: is not TOML: {error}") from None
    problems: list[str] = []
    tables = {name: _tables(content.pop(name, []), name, problems) for name in ("tool", "step")}
    settings = _read(ScriptSettings, content, "", problems, also=("tool", "step"))
    tools = [
        _read(ScriptTool, table, f"tool {number}: ", problems)
        for number, table in enumerate(tables["tool"], start=1)
    ]
    steps = [_read_step(table, number, problems) for number, table in enumerate(tables["step"], start=1)]
    problems.extend(_misplaced(steps))
    if settings is not None and settings.metadata == "late" and not steps:
        problems.append('metadata: "late" means after the first step, and there is none')
    if problems:
        raise ScriptError("\n".join(f"{file}: {problem}" for problem in problems))
    return Script(
        file=file,
        settings=settings or ScriptSettings(),
        tools=tuple(tool for tool in tools if tool is not None),
        steps=tuple(step for step in steps if step is not None),
    )


def _tables(value: object, name: str, problems: list[str]) -> list[dict[str, Any]]:
    if isinstance(value, list) and all(isinstance(table, dict) for table in value):
        return value
    problems.append(f"{name}: written as tables [[{name}]]")
    return []


def _read_step(table: Mapping[str, Any], number: int, problems: list[str]) -> Step | None:
    actions = [key for key in table if key in STEPS]
    if len(actions) != 1:
        found = f"has {' and '.join(actions)}" if actions else "has none"
        hints = [did_you_mean(key, STEPS, after="; ") for key in table]
        hint = next((hint for hint in hints if hint), f"; actions are {', '.join(STEPS)}")
        problems.append(f"step {number}: one action is needed, and it {found}{'' if actions else hint}")
        return None
    return _read(STEPS[actions[0]], table, f"step {number}: ", problems)


def _misplaced(steps: list[Step | None]) -> Iterator[str]:
    for number, step in enumerate(steps[:-1], start=1):
        if isinstance(step, ENDINGS):
            [action] = [name for name, cls in STEPS.items() if type(step) is cls]
            yield f"step {number}: {action} ends the script, but other steps come after it"


def _read(
    model: type[Model],
    table: Mapping[str, Any],
    place: str,
    problems: list[str],
    *,
    also: tuple[str, ...] = (),
) -> Model | None:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        said: dict[str, list[str]] = {}
        for problem in error.errors(include_url=False):
            path = _path(problem["loc"], table)
            if problem["type"] == "extra_forbidden":
                sentence = f"no such key{did_you_mean(path, [*model.model_fields, *also], after='; ')}"
            else:
                sentence = _sentence(problem["msg"])
            said.setdefault(path, []).append(sentence)
        problems.extend(f"{place}{path}: {', or '.join(sentences)}" for path, sentences in said.items())
        return None


def _path(loc: tuple[str | int, ...], table: Mapping[str, Any]) -> str:
    """The dotted name of a place in the file; what only the checker knows, such as union members, is left out."""
    path, here = [str(loc[0])], table.get(str(loc[0]))
    for part in loc[1:]:
        if isinstance(here, dict) and part in here:
            here = here[str(part)]
        elif isinstance(here, list) and isinstance(part, int):
            here = here[part]
        else:
            break
        path.append(str(part))
    return ".".join(path)


def _sentence(message: str) -> str:
    words = message.removeprefix("Value error, ")
    return words[:1].lower() + words[1:]
