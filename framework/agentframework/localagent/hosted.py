"""A local agent on a thread of its own, for a runtime that brings its agent with it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.script import load_script
from agentframework.localagent.server import LocalAgent
from agentframework.localagent.voice import VoiceChoice
from agentframework.loopthread import LoopThread, Mailbox
from agentframework.protocol.agent import DEFAULT_CLIENT_EVENTS
from agentframework.protocol.calls import ErrorHandling

__all__ = ["HostedAgent"]

_PATIENCE = 5.0


class HostedAgent:
    """A `LocalAgent` on loopback that runs beside the runtime as if it were far away, and says when it has finished.

    `start` is called once, `stop` as often as wanted, both from any thread. Making one starts nothing, but reads the
    script: raises `ScriptError` where that is wrong.
    """

    def __init__(
        self,
        tools: Sequence[ToolDeclaration],
        *,
        script: Path | None,
        error_handling: ErrorHandling,
        voice: VoiceChoice = "tone",
        transcribe: Sequence[str] = (),
    ) -> None:
        self.url = ""
        self._agent = LocalAgent(
            tools,
            script=None if script is None else load_script(script),
            tool_error_handling_mode=error_handling,
            voice=voice,
            transcribe=transcribe,
            client_events=DEFAULT_CLIENT_EVENTS | {"agent_response_complete"},
        )
        self._thread = LoopThread("agentframework-local-agent")
        self._mailbox: Mailbox | None = None
        self._stopping: Future[Any] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Listen; `url` is then the address."""
        self._mailbox = self._thread.acquire()
        try:
            self._on_its_loop(self._agent.start).result(_PATIENCE)
        except BaseException:
            self._mailbox = None
            self._thread.release()
            raise
        self.url = self._agent.url

    def stop(self) -> None:
        """End its conversations and its thread; does not wait."""
        with self._lock:
            if self._mailbox is None or self._stopping is not None or self._mailbox.loop.is_closed():
                return  # closed: the process is ending, and its loops with it
            self._stopping = self._on_its_loop(self._agent.stop)
        self._stopping.add_done_callback(lambda _: self._thread.release())

    def join(self, timeout: float) -> None:
        """Stop, and wait until nothing of it is open any more, for `timeout` seconds at most."""
        self.stop()
        if self._stopping is not None:
            wait([self._stopping], timeout)

    def _on_its_loop(self, function: Callable[[], Coroutine[Any, Any, Any]]) -> Future[Any]:
        assert self._mailbox is not None
        return asyncio.run_coroutine_threadsafe(function(), self._mailbox.loop)
