"""The threads that sessions share: the wire, the user's loop, and the pools of the workers."""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping

from agentframework.loopthread import LoopThread, Mailbox
from agentframework.session.places import Places
from agentframework.workers.base import Worker
from agentframework.workers.threads import ThreadPool

__all__ = ["UserLoop", "Worlds", "tool_threads"]


def tool_threads(size: int, *, reserved: int | None = None) -> ThreadPool:
    """A pool for the tools of several sessions; unless said, one of eight threads is kept for light ones."""
    return ThreadPool(size, name="agentframework-tool", reserved=size // 8 if reserved is None else reserved)


_WIRE = LoopThread("agentframework-wire")
_USER = LoopThread("agentframework-user")
_TOOLS = tool_threads(32)
_PLACES = Places()
_HANDLERS = ThreadPool(32, name="agentframework-handler", patience=2.0)
_APPROVERS = ThreadPool(8, name="agentframework-approver")


class Worlds:
    """Where a session's work runs. The wire is one for the process; the pools may be a user's own.

    Making one starts nothing: each thread starts with the first session that needs it.
    """

    def __init__(
        self,
        *,
        tools: ThreadPool | None = None,
        handlers: ThreadPool | None = None,
        workers: Mapping[str, Worker] | None = None,
    ) -> None:
        self.wire = _WIRE
        self.tools = tools or _TOOLS
        self.handlers = handlers or _HANDLERS
        self.approvers = _APPROVERS
        self.places = _PLACES if tools is None else Places()
        self._workers = workers

    def worker(self, name: str) -> Worker | None:
        """The worker of this name, None where there is none. Unless said otherwise there is "process"."""
        if self._workers is not None:
            return self._workers.get(name)
        return _processes() if name == "process" else None


@functools.cache
def _processes() -> Worker:
    # here, because few programs have such tools, and what it needs is a good part of the import
    from agentframework.workers.processes import ProcessWorker

    return ProcessWorker()


class UserLoop:
    """The loop where a session's `async def` tools and handlers run.

    It is the caller's own where `mailbox` is given, else one loop of ours, on one thread for the process,
    which starts when the first coroutine is handed over. Thread-safe.
    """

    def __init__(self, mailbox: Mailbox | None = None) -> None:
        self._mailbox = mailbox
        self._ours = False
        self._released = False
        self._lock = threading.Lock()

    def mailbox(self) -> Mailbox:
        """The way into the loop; ours is started for the first who asks.

        Raises RuntimeError, as a closed loop does, once the session has released it.
        """
        with self._lock:
            if self._released:
                raise RuntimeError("the session has ended and needs its loop no more")
            if self._mailbox is None:
                self._mailbox = _USER.acquire()
                self._ours = True
            return self._mailbox

    def release(self) -> None:
        """The session needs the loop no more."""
        with self._lock:
            self._released = True
            if self._ours:
                self._ours = False
                self._mailbox = None
                _USER.release()
