"""What a place that shows a conversation must be able to show."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from agentframework.callbacks import ToolAnswered, ToolCalled
from agentframework.cli.phrases import Summary, count, shortened

__all__ = ["Heading", "Screen"]


@dataclass(frozen=True, slots=True)
class Heading:
    """Who is talked to, and what is hosted."""

    agent: str
    tools: int
    plugins: int

    def text(self, separator: str, *, agent_width: int = 64) -> str:
        """The heading on one line; an agent's id longer than `agent_width` is shortened."""
        agent = shortened(self.agent, agent_width)
        return separator.join([agent, count(self.tools, "tool"), count(self.plugins, "plugin")])


class Screen(ABC):
    """Shows a conversation, one thing after another. Every method runs on the main thread.

    Text is shown as it is given, apart from control characters; nothing in it is markup.
    """

    @abstractmethod
    def opened(self, heading: Heading) -> None:
        """The conversation has begun."""

    @abstractmethod
    def user(self, text: str) -> None:
        """What the user typed or said."""

    @abstractmethod
    def agent(self, text: str) -> None:
        """What the agent says."""

    @abstractmethod
    def tool(self, call: ToolAnswered) -> None:
        """A tool call with its outcome."""

    @abstractmethod
    def working(self, calls: Sequence[ToolCalled]) -> None:
        """The tool calls that are open now: shown while they are, where something can be taken back."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Something about the conversation that is not part of it."""

    @abstractmethod
    def warning(self, text: str) -> None:
        """Something that the user may want to mend."""

    @abstractmethod
    def error(self, text: str) -> None:
        """Something that went wrong."""

    @abstractmethod
    def summary(self, summary: Summary) -> None:
        """The last line."""
