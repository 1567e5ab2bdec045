"""A conversation on a terminal: aligned, wrapped to its width, in colours."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

from agentframework.callbacks import ToolAnswered, ToolCalled
from agentframework.cli.phrases import (
    Summary,
    call_text,
    count,
    duration_text,
    flat,
    harmless,
    result_text,
    shortened,
)
from agentframework.cli.screen import Heading, Screen

__all__ = ["LABEL_WIDTH", "TerminalScreen", "terminal_console"]

LABEL_WIDTH: Final = 7
"""Columns before the text: the label and two spaces."""

_NARROWEST: Final = 20
_DEEPEST: Final = 12
_LEAVE: Final = 'Ctrl-D or "bye" to leave'


def terminal_console(stream: TextIO) -> Console:
    """A console for a stream behind which there is a terminal, though the stream itself is none."""
    return Console(file=stream, force_terminal=True, markup=False, highlight=False, emoji=False)


class TerminalScreen(Screen):
    """Writes to a rich console; what is open right now is kept in `status`, for the line editor to show.

    `status_changed` is called when that changes. Colours are the console's affair (NO_COLOR, TERM). Where the
    console's encoding has no arrow, `->` and `...` stand in.
    """

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self.status_changed: Callable[[], None] = lambda: None
        self._working: tuple[str, float] | None = None
        wide = console.encoding.lower().startswith("utf")
        self._arrow, self._cross = ("→", "✗") if wide else ("->", "!!")
        self._mark, self._dot = ("…", " · ") if wide else ("...", " - ")

    @property
    def status(self) -> str:
        """What runs now and since when, at most a line long; empty where nothing does."""
        if self._working is None:
            return ""
        said, since = self._working
        seconds = int(self._clock() - since)
        return said + self._mark + (f" {seconds} s" if seconds else "")

    def opened(self, heading: Heading) -> None:
        rest = len(heading.text(self._dot, agent_width=0)) + len(self._dot) + len(_LEAVE)
        line = heading.text(self._dot, agent_width=max(self._console.width - rest, 8))
        self._print(Text(shortened(line + self._dot + _LEAVE, self._console.width, mark=self._mark), "dim"))

    def user(self, text: str) -> None:
        self._print(Text())
        self._say("you", "bold cyan", Text(harmless(text).strip()))

    def agent(self, text: str) -> None:
        self._say("agent", "bold green", Text(harmless(text).strip()))

    def tool(self, call: ToolAnswered) -> None:
        width = self._width
        took = duration_text(call.duration) + ("" if call.sent else ", not sent")
        said = self._call(call, width)
        told = Text.assemble((f"{self._arrow} ", "dim"), self._result(call.text, took, width))
        if call.outcome != "ok":
            told = Text(f"{self._cross} {flat(call.text)}", "red")
        told = Text.assemble(told, (f"  {took}", "dim"))
        if said.cell_len + 1 + told.cell_len <= width:
            self._say("tool", "bold yellow", Text.assemble(said, " ", told))
        else:
            self._say("tool", "bold yellow", said)
            self._say("", "", told, indent=2)

    def working(self, calls: Sequence[ToolCalled]) -> None:
        if calls:
            more = f" and {count(len(calls) - 1, 'more call')}" if len(calls) > 1 else ""
            width = self._width - len(more) - 10
            said = call_text(calls[0].tool_name, calls[0].parameters, width=width, mark=self._mark) + more
            since = self._working[1] if self._working is not None else self._clock()
            self._working = (said, since)
        else:
            self._working = None
        self.status_changed()

    def note(self, text: str) -> None:
        self._say("note", "dim", Text(flat(text), "dim"))

    def warning(self, text: str) -> None:
        self._say("warn", "bold yellow", Text(harmless(text).strip(), "yellow"))

    def error(self, text: str) -> None:
        self._say("error", "bold red", Text(harmless(text).strip(), "red"))

    def summary(self, summary: Summary) -> None:
        self._print(Text())
        counts, last = self._dot.join(summary.parts[:-1]), summary.parts[-1]
        # the id always comes whole, so that it can be copied
        lines = [summary.text(self._dot)]
        if summary.conversation_id:
            lines.append(f"{counts}{self._dot}{flat(summary.conversation_id)}")
        fitting = [line for line in lines if len(line) <= self._console.width]
        self._print(Text(fitting[0] if fitting else f"{counts}\n{last}", "dim"))

    @property
    def _width(self) -> int:
        return max(self._console.width - LABEL_WIDTH, _NARROWEST)

    def _call(self, call: ToolAnswered, width: int) -> Text:
        said = call_text(call.tool_name, call.parameters, width=width, mark=self._mark)
        name, bracket, rest = said.partition("(")
        return Text.assemble((name, "bold"), bracket + rest)

    def _result(self, text: str, took: str, width: int) -> str:
        room = width - len(self._arrow) - len(took) - 5
        return result_text(text, width=room, mark=self._mark)

    def _say(self, label: str, style: str, text: Text, *, indent: int = 0) -> None:
        """The text beside its label; what is wrapped goes on under its first word, or a bit further right."""
        gap = " " * (LABEL_WIDTH - len(label) + indent)
        for paragraph in text.split(allow_blank=True):
            hang = _hang(paragraph.plain)
            lines = paragraph.wrap(self._console, self._width - indent - hang, overflow="fold")
            for number, line in enumerate(lines or [Text()]):
                line.rstrip()
                further = " " * hang if number else ""
                whole = Text.assemble((label, style), gap, further, line)
                whole.rstrip()
                self._print(whole)
                label, gap = "", " " * (LABEL_WIDTH + indent)

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True, markup=False, highlight=False, emoji=False)


def _hang(line: str) -> int:
    """How far right the rest of a line of a list goes on: as far as its own indent, and two columns."""
    indent = len(line) - len(line.lstrip(" "))
    is_item = indent > 0 or line.startswith(("- ", "* ", "• "))
    return min(indent + 2, _DEEPEST) if is_item else 0
