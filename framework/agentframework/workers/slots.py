"""One worker process as the event loop sees it: what is sent to it, and what it says."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from typing import Any, Protocol

from agentframework.errors import (
    AgentFrameworkError,
    ArgumentProblem,
    ArgumentsError,
    ResultError,
    ToolCrashed,
    ToolError,
    ToolFailed,
)
from agentframework.workers.base import CallContext, ToolSpec
from agentframework.workers.frames import FrameReader, frame

__all__ = ["Job", "Slot", "Supervisor"]

_log = logging.getLogger("agentframework.workers")


class Job:
    """One call: it waits, runs in a slot, or is done."""

    __slots__ = ("call_id", "context", "deadline", "future", "params", "slot", "spec_number", "timer", "tool")

    def __init__(
        self,
        tool: ToolSpec,
        spec_number: int,
        params: dict[str, Any],
        call_id: str,
        deadline: float,
        context: CallContext,
        future: asyncio.Future[str],
    ) -> None:
        self.tool = tool
        self.spec_number = spec_number
        self.params = params
        self.call_id = call_id
        self.deadline = deadline
        self.context = context
        self.future = future
        self.slot: Slot | None = None
        self.timer: asyncio.TimerHandle | None = None

    def answer(self, text: str) -> None:
        """It is done."""
        if not self.future.done():
            self.future.set_result(text)
        self._clear()

    def fail(self, error: Exception) -> None:
        """It is done, and this is why it has no answer."""
        if not self.future.done():
            self.future.set_exception(error)
        self._clear()

    def _clear(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Supervisor(Protocol):
    """Who owns slots."""

    def slot_is_ready(self, slot: Slot) -> None:
        """It can take its first call."""

    def slot_has_answered(self, slot: Slot, *, is_spent: bool) -> None:
        """It can take another call, unless it is spent."""

    def slot_is_broken(self, slot: Slot) -> None:
        """What it says is none of our messages: it is to be ended."""


class Slot:
    """Lives on one event loop. `number` is what the process is called by; the job is the one that it runs."""

    def __init__(
        self, number: int, end: socket.socket, supervisor: Supervisor, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.number = number
        self.is_ready = False
        self.job: Job | None = None
        self.calls = 0
        self._socket = end
        self._supervisor = supervisor
        self._loop = loop
        self._reader = FrameReader()
        self._unsent = b""
        self._known: set[int] = set()
        self._is_open = True
        end.setblocking(False)
        loop.add_reader(end, self._readable)

    @property
    def is_alive(self) -> bool:
        """Whether the process still has its end of the socket."""
        try:
            return self._is_open and bool(self._socket.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def begin(self, job: Job) -> None:
        """Have the process run a job. Raises TypeError and ValueError where its arguments are no JSON."""
        message: dict[str, Any] = {
            "call": self.calls + 1,
            "tool": job.spec_number,
            "params": job.params,
            "left": job.deadline - time.monotonic(),
            "call_id": job.call_id,
            "context": {
                "session_id": job.context.session_id,
                "conversation_id": job.context.conversation_id,
                "idempotency_key": job.context.idempotency_key,
            },
        }
        if job.spec_number not in self._known:
            message["spec"] = job.tool.to_json()
        data = frame(message)
        self._known.add(job.spec_number)
        self.calls += 1
        self.job, job.slot = job, self
        self._send(data)

    def close(self) -> None:
        """Say no more to the process, which ends upon that when it is idle, and listen no more."""
        if self._is_open:
            self._stop_reading()
            self._is_open = False
            self._loop.remove_writer(self._socket)
            self._socket.close()

    def forget(self) -> None:
        """In a forked copy of this process: close it, and leave the loop's own descriptors to the other one."""
        if self._is_open:
            self._is_open = False
            os.close(self._socket.detach())

    def drain(self) -> None:
        """Read what an ended process has said before it ended."""
        while self._is_open and self._readable():
            pass

    def _send(self, data: bytes) -> None:
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # it has ended, which its process's own process will say
        if sent < len(data):
            self._unsent = data[sent:]
            self._loop.add_writer(self._socket, self._writable)

    def _writable(self) -> None:
        data, self._unsent = self._unsent, b""
        self._loop.remove_writer(self._socket)
        self._send(data)

    def _stop_reading(self) -> None:
        self._loop.remove_reader(self._socket)

    def _readable(self) -> bool:
        try:
            data = self._socket.recv(262144)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._stop_reading()
            return False
        try:
            for message in self._reader.feed(data):
                if self._is_open:
                    self._hear(message)
        except Exception:  # noqa: BLE001 - a tool may have written there whatever it liked
            _log.warning("a worker process said what is no message, and is ended")
            self._supervisor.slot_is_broken(self)
        return self._is_open

    def _hear(self, message: dict[str, Any]) -> None:
        job = self.job
        if "done" in message:
            if job is None or message["done"] != self.calls:
                raise ValueError("an answer to no call")
            self.job = None
            problem = message.get("error")
            # before its answer, because whoever awaits that may look at the worker's health
            self._supervisor.slot_has_answered(self, is_spent=problem == "memory")
            if problem is None:
                job.answer(message["text"])
            else:
                job.fail(_error(job.tool.name, problem, message))
        elif "log" in message:
            name = str(message["tool"])
            logger = logging.getLogger(f"agentframework.tools.{name}" if name else "agentframework.workers")
            logger.log(int(message["level"]), "%s: %s", message["logger"], message["log"])
        elif "progress" in message:
            if job is not None and message["of"] == self.calls:
                with contextlib.suppress(Exception):  # a listener's fault is not the worker's
                    job.context.on_progress(str(message["progress"]))
        elif "ready" in message:
            self.is_ready = True
            self._supervisor.slot_is_ready(self)
        else:
            raise ValueError("no such message")


def _error(tool: str, problem: str, message: dict[str, Any]) -> AgentFrameworkError:
    match problem:
        case "tool":
            return ToolError(str(message["text"]))
        case "result":
            return ResultError(str(message["text"]))
        case "memory":
            return ToolCrashed(tool, None, out_of_memory=True)
        case "arguments":
            error = ArgumentsError(tool, [ArgumentProblem(**each) for each in message["problems"]])
            if message["trace"]:
                error.__cause__ = ToolFailed(tool, "an exception in a validator", "", message["trace"])
            return error
        case _:
            return ToolFailed(tool, str(message["type"]), str(message["text"]), str(message["trace"]))
