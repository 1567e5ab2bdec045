"""Calls inside a worker process: from the arguments to the text that answers; whatever a tool raises becomes text."""

from __future__ import annotations

import asyncio
import inspect
import logging
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, Protocol

from agentframework.errors import ArgumentsError, ToolError
from agentframework.tools.context import ToolContext
from agentframework.tools.results import encode_result
from agentframework.tools.tool import Tool
from agentframework.workers.base import CallContext, ToolSpec
from agentframework.workers.descriptions import cut, text_of, trace_of, type_name_of
from agentframework.workers.hosts import distant_context

__all__ = ["Calls", "Sender"]

GRACE: Final = 1.0
"""How long after the deadline the kernel ends a worker whose runtime has not."""
_MAX_LOG_LINES: Final = 500  # of one call


class Sender(Protocol):
    """The way to the runtime."""

    def send(self, message: object) -> None:
        """Send one message."""


class Calls:
    """Runs the calls of one worker, one at a time, on the process's main thread."""

    def __init__(self, channel: Sender, loaded: Mapping[ToolSpec, Tool[..., Any]], log_level: int) -> None:
        self._channel = channel
        self._loaded = loaded
        self._tools: dict[int, Tool[..., Any]] = {}
        self._specs: dict[int, ToolSpec] = {}
        self._runner: asyncio.Runner | None = None
        self._log = _LogRelay(channel)
        root = logging.getLogger()
        root.handlers[:] = [self._log]
        root.setLevel(log_level)

    def run(self, message: dict[str, Any]) -> bool:
        """Run one call and answer it. False where the process should not be used again."""
        number = message["call"]
        if "spec" in message:
            self._specs[message["tool"]] = ToolSpec(**message["spec"])
        self._log.begin(self._specs[message["tool"]].name)
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, max(message["left"], 0.0) + GRACE)
            answer = self._answer(message)
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        except BaseException as error:  # noqa: BLE001 - an odd exception may raise while it is described
            answer = {"error": "failed", "type": type_name_of(error), "text": "", "trace": ""}
        answer["done"] = number
        self._log.end()
        self._channel.send(answer)
        return answer.get("error") != "memory"

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            tool = self._tool(message["tool"])
            context = self._context(tool, message)
            args, kwargs = tool.bind(message["params"], context)
            value = tool.handler(*args, **kwargs)
            if inspect.isawaitable(value):
                value = self._awaited(value)
            encoded = encode_result(value)
            return {"error": "result", "text": encoded.text} if encoded.is_error else {"text": encoded.text}
        except MemoryError:
            return {"error": "memory"}
        except ArgumentsError as error:
            cause = error.__cause__
            problems = [asdict(problem) for problem in error.problems]
            return {"error": "arguments", "problems": problems, "trace": trace_of(cause) if cause else ""}
        except ToolError as error:
            return {"error": "tool", "text": text_of(error)}
        except BaseException as error:  # noqa: BLE001 - SystemExit too: a tool ends its call, and no process
            return {
                "error": "failed",
                "type": type_name_of(error),
                "text": text_of(error),
                "trace": trace_of(error),
            }

    def _context(self, tool: Tool[..., Any], message: dict[str, Any]) -> ToolContext:
        def progress(text: str) -> None:
            self._channel.send({"progress": cut(text), "of": message["call"]})

        deadline = time.monotonic() + message["left"]
        taken = CallContext(**message["context"], on_progress=progress)
        return distant_context(tool, message["call_id"], deadline, taken)

    def _tool(self, number: int) -> Tool[..., Any]:
        tool = self._tools.get(number)
        if tool is None:
            spec = self._specs[number]
            tool = self._tools[number] = self._loaded.get(spec) or spec.load()
        return tool

    def _awaited(self, value: Any) -> Any:
        async def outcome() -> Any:
            return await value

        if self._runner is None:
            self._runner = asyncio.Runner()
        # on a task of its own, so that a KeyboardInterrupt or SystemExit leaves the loop usable
        return self._runner.run(outcome())


class _LogRelay(logging.Handler):
    """Sends log records to the runtime as text, with the name of the tool that runs."""

    def __init__(self, channel: Sender) -> None:
        super().__init__()
        self._channel = channel
        self._tool = ""
        self._lines = 0

    def begin(self, tool: str) -> None:
        self._tool, self._lines = tool, 0

    def end(self) -> None:
        dropped = self._lines - _MAX_LOG_LINES
        if dropped > 0:
            self._send(logging.WARNING, "agentframework.workers", f"{dropped} more log lines were left out")
        self._tool = ""

    def emit(self, record: logging.LogRecord) -> None:
        self._lines += 1
        if self._lines > _MAX_LOG_LINES:
            return
        try:
            self._send(record.levelno, record.name, self.format(record))
        except Exception:  # noqa: BLE001 - as every handler: a bad record is said and harms nothing
            self.handleError(record)

    def _send(self, level: int, logger: str, text: str) -> None:
        self._channel.send({"log": cut(text), "level": level, "logger": logger, "tool": self._tool})
