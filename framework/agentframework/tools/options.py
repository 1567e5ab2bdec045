"""How a tool wants to be run: what its author says of it, and what the operator says in its place."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypedDict, get_args

from agentframework.spelling import did_you_mean
from agentframework.tools.definition import Definition

__all__ = ["Interrupted", "LateResult", "Options", "Risk", "ToolOptions", "read_options"]

Risk = Literal["read", "write", "dangerous"]
Interrupted = Literal["finish", "cancel"]
LateResult = Literal["drop", "context"]

_NOWHERE: Mapping[str, object] = MappingProxyType({})


class ToolOptions(TypedDict, total=False):
    """What `tool`, `Tool` and `register` take by keyword; `Options` says what each means."""

    timeout: float | None
    worker: str
    placement: Mapping[str, object]
    risk: Risk
    idempotent: bool | None
    max_concurrency: int | None
    serial: bool | str
    light: bool
    on_interrupt: Interrupted
    settle: float
    late_result: LateResult
    strict: bool


@dataclass(frozen=True, slots=True)
class Options:
    """How a tool is run. Durations are in seconds."""

    timeout: float | None = None
    """Until a call is answered as timed out, from its receipt; None for the runtime's own."""
    worker: str = "auto"
    """Where it runs: "thread", "process" or another worker by name; "auto" is the user's loop for an `async def`, and
    else a thread."""
    placement: Mapping[str, object] = field(default_factory=lambda: _NOWHERE)
    """What the worker is told of where to run it; "process" knows `group`."""
    risk: Risk = "write"
    """What it can do: "read" changes nothing, "dangerous" is denied unless the policy lists it."""
    idempotent: bool | None = None
    """False: the same call again is not run again within a while, but given the first one's result. True: it may be
    run a second time, for instance where a worker died. None: neither."""
    max_concurrency: int | None = None
    """How many of its calls run at the same time, over all conversations; the others wait."""
    serial: bool | str = False
    """Whether its calls of one conversation run one after another, in the order in which they came; a text is a key
    that several tools share."""
    light: bool = False
    """Whether it is quick for certain, and so may use the threads that are reserved for such tools."""
    on_interrupt: Interrupted = "finish"
    """What becomes of a call that runs when the user interrupts the agent: it finishes, or it is cancelled."""
    settle: float = 0.0
    """How long to wait before it acts; if the user speaks meanwhile it does not act. For tools that end or transfer
    the conversation."""
    late_result: LateResult = "drop"
    """What becomes of a result that comes after the deadline: only recorded, or told to the agent as context."""
    strict: bool = False
    """Whether arguments that do not fit are refused as they are, without the repairs."""
    own: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    """The names of the options that somebody has set."""

    def replaced(self, changes: Mapping[str, Any], definition: Definition) -> Options:
        """A copy with these options; raises `ToolDefinitionError` for one that is not known or cannot be meant."""
        for name, value in changes.items():
            check = _CHECKS.get(name)
            if check is None:
                fix = did_you_mean(name, _CHECKS) or f"options are {', '.join(_CHECKS)}"
                raise definition.refused(f"there is no option {name!r}", fix)
            problem = check(value)
            if problem:
                raise definition.refused(f"{name} = {value!r} is {problem}")
        if isinstance(changes.get("placement"), Mapping):
            changes = {**changes, "placement": MappingProxyType(dict(changes["placement"]))}
        return dataclasses.replace(self, **changes, own=self.own | changes.keys())


def read_options(options: Mapping[str, Any], definition: Definition) -> Options:
    """The options of a tool; raises `ToolDefinitionError` for one that is not known or cannot be meant."""
    return Options().replaced(options, definition) if options else _DEFAULT


def _seconds(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if is_number and 0 < float(str(value)) < math.inf else "no number of seconds above zero"


def _optional_seconds(value: object) -> str:
    return "" if value is None else _seconds(value)


def _seconds_or_none_at_all(value: object) -> str:
    return "" if value == 0 and not isinstance(value, bool) else _seconds(value)


def _count(value: object) -> str:
    is_count = value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0)
    return "" if is_count else "no whole number above zero"


def _flag(value: object) -> str:
    return "" if isinstance(value, bool) else "neither True nor False"


def _optional_flag(value: object) -> str:
    return "" if value is None else _flag(value)


def _flag_or_key(value: object) -> str:
    is_key = isinstance(value, str) and bool(value)
    return "" if is_key or isinstance(value, bool) else "neither True nor False nor the text of a key"


def _name(value: object) -> str:
    return "" if isinstance(value, str) and value else "no name of a worker"


def _table(value: object) -> str:
    is_table = isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
    return "" if is_table else "no mapping of names to values"


def _one_of(choice: object) -> Callable[[object], str]:
    words = get_args(choice)
    said = f"none of {', '.join(map(repr, words))}"
    return lambda value: "" if value in words else said


_CHECKS: Mapping[str, Callable[[object], str]] = {
    "timeout": _optional_seconds,
    "worker": _name,
    "placement": _table,
    "risk": _one_of(Risk),
    "idempotent": _optional_flag,
    "max_concurrency": _count,
    "serial": _flag_or_key,
    "light": _flag,
    "on_interrupt": _one_of(Interrupted),
    "settle": _seconds_or_none_at_all,
    "late_result": _one_of(LateResult),
    "strict": _flag,
}
_DEFAULT = Options()
