"""A conversation as plain lines: for pipes, files and CI."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, TextIO

from agentframework.callbacks import ToolAnswered, ToolCalled
from agentframework.cli.phrases import Summary, call_text, duration_text, flat, harmless, result_text
from agentframework.cli.screen import Heading, Screen

__all__ = ["PlainScreen"]

_LONGEST_CALL: Final = 300
_LONGEST_RESULT: Final = 500


class PlainScreen(Screen):
    """Writes `you: ...`, `agent: ...`, `tool: ...` to one stream, warnings and errors to another.

    Each line is flushed. No escape sequences and no wrapping; what has several lines goes on indented, so that
    every line that begins with a word and a colon is a new thing. Where a stream is closed by its reader,
    BrokenPipeError is raised.
    """

    def __init__(self, out: TextIO | None = None, errors: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._errors = errors or sys.stderr

    def opened(self, heading: Heading) -> None:
        self._write(self._out, "start", heading.text(", "))

    def user(self, text: str) -> None:
        self._write(self._out, "you", text)

    def agent(self, text: str) -> None:
        self._write(self._out, "agent", text)

    def tool(self, call: ToolAnswered) -> None:
        said = call_text(call.tool_name, call.parameters, width=_LONGEST_CALL, mark="...")
        if call.outcome == "ok":
            result = result_text(call.text, width=_LONGEST_RESULT, mark="...")
        else:
            result = f"{call.outcome}: {flat(call.text)}"
        took = duration_text(call.duration) + ("" if call.sent else ", not sent")
        self._write(self._out, "tool", f"{said} -> {result} ({took})")

    def working(self, calls: Sequence[ToolCalled]) -> None:
        """Nothing: a line that is written cannot be taken back, and the outcome follows."""

    def note(self, text: str) -> None:
        self._write(self._out, "note", text)

    def warning(self, text: str) -> None:
        self._write(self._errors, "warning", text)

    def error(self, text: str) -> None:
        self._write(self._errors, "error", text)

    def summary(self, summary: Summary) -> None:
        self._write(self._out, "summary", summary.text())

    def _write(self, stream: TextIO, label: str, text: str) -> None:
        first, *rest = harmless(text).strip().splitlines() or [""]
        indent = " " * (len(label) + 2)
        lines = [f"{label}: {first}".rstrip(), *(f"{indent}{line}".rstrip() for line in rest)]
        print(*lines, sep="\n", file=stream, flush=True)
