"""Every error that agentframework raises, in one tree; an error carries data and `__str__` writes the sentence.

AgentFrameworkError
├── ConfigError                 the config file is wrong; carries every problem found
├── PluginError                 a plugin could not be loaded
├── ToolDefinitionError         a tool cannot be registered as it is written
│   └── DuplicateToolError      two owners of one tool name
├── ToolError                   raised by a tool: its text is for the model
│   └── ResultError             a tool's result has no text form
├── ToolTimeout                 a call was ended at its deadline
├── ToolCrashed                 the process of a call died, or was killed
├── ToolFailed                  a tool raised something else, in another process
├── EngineDown                  a worker can run no calls now
├── ArgumentsError              a call's arguments do not fit the tool's schema
├── DriftError                  the agent's tools differ from those that are hosted
├── AudioError                  an audio backend is unknown or cannot start
├── FormatError                 an audio format that nobody knows
├── ScriptError                 a script for the local agent is wrong
├── RestError                   a REST call failed
│   ├── AuthError               the key is missing, was refused, or lacks a permission
│   ├── NotFoundError           there is no such agent, conversation or file
│   ├── RateLimitError          too many requests, and no time left to try again
│   ├── ServerError             the server failed, and no time left to try again
│   └── RestTimeoutError        no answer came in time
└── SessionError
    ├── StartError              the conversation could not be started
    └── SessionEndedError       something was sent after the end
"""

from __future__ import annotations

import copyreg
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "AgentFrameworkError",
    "ArgumentProblem",
    "ArgumentsError",
    "AudioError",
    "AuthError",
    "ConfigError",
    "ConfigProblem",
    "DriftError",
    "DuplicateToolError",
    "EngineDown",
    "FormatError",
    "NotFoundError",
    "PluginError",
    "RateLimitError",
    "RestError",
    "RestTimeoutError",
    "ResultError",
    "ScriptError",
    "ServerError",
    "SessionEndedError",
    "SessionError",
    "StartError",
    "ToolCrashed",
    "ToolDefinitionError",
    "ToolError",
    "ToolFailed",
    "ToolTimeout",
]


class AgentFrameworkError(Exception):
    """The root: catch it to catch everything that this package raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        """Copied with its data as it is, so that an error survives the way out of a worker process."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing wrong in a config file: where it stands, what is wrong, and what would be right."""

    file: str
    line: int | None
    key: str
    problem: str
    fix: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line is not None else self.file
        where = f"{place}: {self.key}: " if self.key else f"{place}: "
        return where + self.problem + (f" ({self.fix})" if self.fix else "")


class ConfigError(AgentFrameworkError):
    """The config cannot be used; `problems` holds all that was found, in the order of the file."""

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class PluginError(AgentFrameworkError):
    """A plugin could not be loaded, or one of its hooks failed.

    `distribution` and `version` are empty where the plugin is not installed.
    """

    def __init__(self, plugin: str, distribution: str, version: str, cause: str, fix: str) -> None:
        super().__init__(plugin, distribution, version, cause, fix)
        self.plugin = plugin
        self.distribution = distribution
        self.version = version
        self.cause = cause
        self.fix = fix

    def __str__(self) -> str:
        origin = f" ({self.distribution} {self.version})" if self.distribution else ""
        said = f"plugin {self.plugin!r}{origin}: {self.cause}"
        return said + (f". {self.fix}" if self.fix else "")


class ToolDefinitionError(AgentFrameworkError):
    """A tool cannot be registered as it is written."""

    def __init__(self, tool: str, problem: str, *, owner: str = "", fix: str = "") -> None:
        super().__init__(tool, problem, owner, fix)
        self.tool = tool
        self.problem = problem
        self.owner = owner
        self.fix = fix

    def __str__(self) -> str:
        owner = f" of {self.owner}" if self.owner else ""
        return f"tool {self.tool!r}{owner}: {self.problem}" + (f"; {self.fix}" if self.fix else "")


class DuplicateToolError(ToolDefinitionError):
    """Two owners of one tool name; the first stays, the second is refused."""

    def __init__(self, tool: str, *, owner: str, first_owner: str) -> None:
        super().__init__(
            tool,
            f"the name is taken by {first_owner or 'another tool'}",
            owner=owner,
            fix=f'disable one of the two, for instance with [tools] disable = ["{tool}"] or [plugins] disable',
        )
        self.first_owner = first_owner


class DriftError(AgentFrameworkError):
    """The tools that the agent has on the platform differ from those hosted here; `differences` says where."""

    def __init__(self, agent: str, differences: Sequence[Any]) -> None:
        super().__init__(agent, differences)
        self.agent = agent
        self.differences = tuple(differences)

    def __str__(self) -> str:
        said = "\n".join(f"- {difference}" for difference in self.differences)
        return (
            f"the tools of the agent {self.agent!r} differ from those hosted here:\n{said}\n"
            "`agentframework tools push` brings them into line; [tools] on_drift decides what a difference means"
        )


class ToolError(AgentFrameworkError):
    """Raise it in a tool: the text goes to the model, word for word, as the call's failure."""


class ResultError(ToolError):
    """A tool ran, and what it returned has no text form or is too long; the text says so to the model."""


class ToolTimeout(AgentFrameworkError):  # noqa: N818 - what happened to the tool, which may be no error of its
    """A call was ended at its deadline, or could not begin before it."""

    def __init__(self, tool: str, problem: str = "had not ended by its deadline") -> None:
        super().__init__(tool, problem)
        self.tool = tool
        self.problem = problem

    def __str__(self) -> str:
        return f"tool {self.tool!r} {self.problem}"


class ToolCrashed(AgentFrameworkError):  # noqa: N818 - as above
    """The process that ran a call died or was killed; the worker has another one by now.

    `exit_code` is None where it is not known, and the negative number of the signal that killed it, as `subprocess`
    has it; `out_of_memory` where the call wanted more memory than its group may have.
    """

    def __init__(
        self, tool: str, exit_code: int | None, *, out_of_memory: bool = False, problem: str = ""
    ) -> None:
        super().__init__(tool, exit_code)
        self.tool = tool
        self.exit_code = exit_code
        self.out_of_memory = out_of_memory
        self.problem = problem

    @property
    def signal_name(self) -> str:
        """The signal that killed the process, such as "SIGSEGV"; empty where none did."""
        if self.exit_code is None or self.exit_code >= 0:
            return ""
        try:
            return signal.Signals(-self.exit_code).name
        except ValueError:
            return f"signal {-self.exit_code}"

    def __str__(self) -> str:
        return f"the process of tool {self.tool!r} {self.problem or self._death()}"

    def _death(self) -> str:
        if self.out_of_memory:
            return "was ended, because it wanted more memory than its group may have"
        if self.signal_name == "SIGKILL":
            return "was killed by SIGKILL, as the system does where it has no memory left"
        if self.signal_name:
            return f"was killed by {self.signal_name}"
        return "died" if self.exit_code is None else f"ended with exit code {self.exit_code}"


class ToolFailed(AgentFrameworkError):  # noqa: N818 - as above
    """A tool raised, in another process, what is for the log and not for the model.

    `type_name` is the exception's type, `problem` its text, and `trace` its traceback as text.
    """

    def __init__(self, tool: str, type_name: str, problem: str, trace: str = "") -> None:
        super().__init__(tool, type_name, problem, trace)
        self.tool = tool
        self.type_name = type_name
        self.problem = problem
        self.trace = trace

    def __str__(self) -> str:
        said = f"tool {self.tool!r} raised {self.type_name}" + (f": {self.problem}" if self.problem else "")
        return f"{said}\n{self.trace}" if self.trace else said


class EngineDown(AgentFrameworkError):  # noqa: N818 - as above
    """A worker can run no calls now; no tool has run. The text says which worker, and why."""


@dataclass(frozen=True, slots=True)
class ArgumentProblem:
    """One argument that does not fit: the field's path, what was expected, and what came."""

    field: str
    expected: str
    came: str

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, got {self.came}"


class ArgumentsError(AgentFrameworkError):
    """A call's arguments do not fit; `__str__` is the text that the model is told."""

    def __init__(self, tool: str, problems: Sequence[ArgumentProblem]) -> None:
        super().__init__(tool, problems)
        self.tool = tool
        self.problems = tuple(problems)

    def __str__(self) -> str:
        said = "; ".join(str(problem) for problem in self.problems)
        return f"The arguments of {self.tool} do not fit. {said}. Call {self.tool} again with this corrected."


class AudioError(AgentFrameworkError):
    """An audio backend is unknown or cannot start; the text says which, why, and what would help."""


class FormatError(AgentFrameworkError):
    """An audio format that nobody knows."""

    def __init__(self, format_name: str, known: Sequence[str]) -> None:
        super().__init__(format_name, known)
        self.format_name = format_name
        self.known = tuple(known)

    def __str__(self) -> str:
        return f"unknown audio format {self.format_name!r}; known are {', '.join(self.known)}"


class ScriptError(AgentFrameworkError):
    """A script for the local agent is wrong; the text names file, step and what would be right."""


class RestError(AgentFrameworkError):
    """A REST call failed; `status` is the HTTP status, or None where no answer came."""

    def __init__(self, what: str, *, status: int | None = None, hint: str = "") -> None:
        super().__init__(what, status, hint)
        self.what = what
        self.status = status
        self.hint = hint

    def __str__(self) -> str:
        return self.what + (f"; {self.hint}" if self.hint else "")


class AuthError(RestError):
    """The key is missing, was refused, or lacks a permission."""


class NotFoundError(RestError):
    """There is no such agent, conversation or file."""


class RateLimitError(RestError):
    """The server has had too many requests; `retry_after` is the seconds that it asks to wait, where it says so."""

    def __init__(
        self, what: str, *, status: int | None = None, hint: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(what, status=status, hint=hint)
        self.retry_after = retry_after


class ServerError(RestError):
    """The server failed (a status from 500 on), again and again where trying again was safe."""


class RestTimeoutError(RestError):
    """No answer came in time; whether the server has acted is not known."""


class SessionError(AgentFrameworkError, RuntimeError):
    """Something went wrong with one conversation. A RuntimeError too, as programs for the ElevenLabs SDK expect."""


class StartError(SessionError):
    """The conversation could not be started.

    `phase` is "connect" or "start"; `close_code` and `close_reason` are what the agent's side said, where it
    said anything (protocol 1.8).
    """

    def __init__(
        self,
        problem: str,
        *,
        phase: str,
        close_code: int | None = None,
        close_reason: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(problem, phase, close_code, close_reason, hint)
        self.problem = problem
        self.phase = phase
        self.close_code = close_code
        self.close_reason = close_reason
        self.hint = hint

    def __str__(self) -> str:
        return self.problem + (f"; {self.hint}" if self.hint else "")


class SessionEndedError(SessionError):
    """Something was sent on a conversation that is not running."""

    def __init__(self, what: str, state: str) -> None:
        super().__init__(what, state)
        self.what = what
        self.state = state

    def __str__(self) -> str:
        return f"cannot send {self.what}: the conversation {self.state}"
