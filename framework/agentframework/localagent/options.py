"""How a local agent behaves: its tools, formats, time-outs and strictness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agentframework.formats import AudioFormat
from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.voice import ChosenVoice
from agentframework.protocol.agent import DEFAULT_CLIENT_EVENTS
from agentframework.protocol.calls import ErrorHandling

__all__ = ["AgentOptions", "ToolHandling"]


@dataclass(frozen=True, slots=True)
class ToolHandling:
    """How the agent calls a tool (protocol 5.1); `timeout` in seconds, None for ever."""

    expects_response: bool = True
    timeout: float | None = 20.0
    error_handling: ErrorHandling = "auto"


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """Everything that can be set; each conversation has its own, since scripts and clients change it.

    Times are seconds, and None is never. `handling` names the tools that are not called as `default_handling`
    says. `metadata` says whether the metadata comes first, after the script's first step, or not at all.
    `lacks_voice` is set where it speaks in tones for want of a program that speaks. `transcribe` is the command
    that turns the user's speech into words; with `barge_in` the agent stops when the user begins to speak.
    `keep_heard` seconds of the microphone's sound are kept for tests.
    """

    tools: tuple[ToolDeclaration, ...] = ()
    default_handling: ToolHandling = ToolHandling()
    handling: Mapping[str, ToolHandling] = field(default_factory=dict)
    strict: bool = False
    text_only: bool = False
    output_format: AudioFormat = AudioFormat()
    input_format: AudioFormat = AudioFormat()
    client_events: frozenset[str] = DEFAULT_CLIENT_EVENTS
    ping_interval: float | None = 2.0
    pong_timeout: float | None = None
    idle_timeout: float | None = None
    metadata: Literal["first", "late", "never"] = "first"
    queue_status: tuple[str, ...] = ()
    voice: ChosenVoice = "tone"
    lacks_voice: bool = False
    transcribe: tuple[str, ...] = ()
    barge_in: bool = False
    keep_heard: float = 0.0

    def handling_of(self, tool_name: str) -> ToolHandling:
        """How that tool is called."""
        return self.handling.get(tool_name, self.default_handling)
