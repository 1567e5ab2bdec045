"""An asyncio loop on a named daemon thread that runs while somebody needs it, and the way into a loop."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import Any

__all__ = ["LoopThread", "Mailbox"]

_log = logging.getLogger("agentframework.loopthread")
_JOIN_TIMEOUT = 1.0
_EXIT_TIMEOUT = 0.2
_EXECUTOR_SIZE = 32


class Mailbox:
    """Hands calls from any thread to one loop, in order; a burst costs the loop one wake-up.

    `thread_id` is that of the loop's thread, once the first call has arrived there.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.thread_id: int | None = None
        self._waiting: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._armed = False
        self._delivering = False
        self._deferred: dict[Callable[[], object], None] = {}

    def post(self, function: Callable[..., object], *args: Any) -> None:
        """Have the loop call `function(*args)` soon. From any thread; never blocks.

        Raises RuntimeError where the loop is closed; the call is then lost, and that is how the caller knows.
        """
        self._waiting.append((function, args))
        if not self._armed:
            self._armed = True
            try:
                self.loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:
                self._armed = False
                self._waiting.clear()
                raise

    def defer(self, function: Callable[[], object]) -> None:
        """Call `function` when the burst that is being delivered is over, once for all who asked; else at once.

        On the loop's thread.
        """
        if self._delivering:
            self._deferred[function] = None
        else:
            function()

    def _deliver(self) -> None:
        self.thread_id = threading.get_ident()
        waiting = self._waiting
        self._delivering = True
        for _ in range(len(waiting)):
            function, args = waiting.popleft()
            self._call(function, *args)
        self._delivering = False
        if self._deferred:
            deferred, self._deferred = self._deferred, {}
            for function in deferred:
                self._call(function)
        # only now, so that whoever posts meanwhile need not wake a loop that is awake
        self._armed = False
        if waiting and not self._armed:
            self._armed = True
            self.loop.call_soon(self._deliver)

    def _call(self, function: Callable[..., object], *args: Any) -> None:
        try:
            function(*args)
        except Exception:  # noqa: BLE001 - one bad call must not stop the others
            _log.exception("a call that was handed to the loop failed")


class LoopThread:
    """One loop on one daemon thread, started by the first `acquire`, stopped by the last `release`.

    The loop is uvloop's where that installs. At exit the thread is joined, all such threads together for 0.2 s at
    most: only a coroutine that refuses to be cancelled needs longer. After a fork the child has none and starts its
    own. Thread-safe.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._users = 0
        self._thread: threading.Thread | None = None
        self._mailbox: Mailbox | None = None
        _alive.add(self)

    @property
    def thread(self) -> threading.Thread | None:
        """The thread that runs the loop now, or None."""
        return self._thread

    def acquire(self) -> Mailbox:
        """The mailbox of the running loop, which runs on until as many `release` calls have come.

        Raises RuntimeError where the system gives no thread for it.
        """
        with self._lock:
            if self._mailbox is None:
                self._mailbox = self._start()
            self._users += 1
            return self._mailbox

    def release(self) -> None:
        """Take one `acquire` back. From any thread, the loop's own among them; does not wait."""
        with self._lock:
            if self._users == 0:
                return  # all were taken back by `join`
            self._users -= 1
            if self._users == 0:
                self._stop()

    def join(self, timeout: float = _JOIN_TIMEOUT) -> None:
        """End the loop, whoever needs it, and wait for its thread, for `timeout` seconds at most."""
        with self._lock:
            thread = self._thread
            self._users = 0
            self._stop()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def forget(self) -> None:
        """After a fork, in the child: the thread is not there, so begin anew."""
        self._lock = threading.Lock()
        self._users = 0
        self._thread = self._mailbox = None

    def _start(self) -> Mailbox:
        mailbox = Mailbox(_new_loop())
        executor = _DaemonExecutor(_EXECUTOR_SIZE, f"{self.name}-executor")
        mailbox.loop.set_default_executor(executor)
        thread = threading.Thread(target=_run, args=(mailbox.loop, executor), name=self.name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            mailbox.loop.close()
            raise
        self._thread = thread
        return mailbox

    def _stop(self) -> None:
        mailbox, self._mailbox = self._mailbox, None
        if mailbox is not None:
            mailbox.loop.call_soon_threadsafe(mailbox.loop.stop)


class _DaemonExecutor(ThreadPoolExecutor):
    """The default executor of a loop of ours, on daemon threads.

    The exit of a process waits for the threads of an ordinary one, and so for a name that is looked up in vain, or
    for what a coroutine has given to `asyncio.to_thread`.
    """

    def __init__(self, size: int, name: str) -> None:
        super().__init__(size, name)
        self._size = size
        self._name = name
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._guard = threading.Lock()
        self._free = self._started = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a thread call `fn(*args, **kwargs)`; no more than `size` at a time."""
        future: Future[Any] = Future()
        with self._guard:
            self._jobs.put((future, partial(fn, *args, **kwargs)))
            if self._free:
                self._free -= 1
            elif self._started < self._size:
                self._started += 1
                threading.Thread(
                    target=self._serve, name=f"{self._name}-{self._started}", daemon=True
                ).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End each thread after what it does now; waits for none."""
        with self._guard:
            for _ in range(self._started):
                self._jobs.put(None)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, call = job
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:  # noqa: BLE001 - it is raised where the future is awaited
                    future.set_exception(error)
            del job, future, call
            with self._guard:
                self._free += 1


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def _run(loop: asyncio.AbstractEventLoop, executor: _DaemonExecutor) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        _cancel_all(loop)
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        executor.shutdown()
        loop.close()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=_JOIN_TIMEOUT))


_alive: weakref.WeakSet[LoopThread] = weakref.WeakSet()


@atexit.register
def _join_all() -> None:
    ending = list(_alive)
    for loop_thread in ending:
        loop_thread.join(0)  # all are told to end before any is waited for
    until = time.monotonic() + _EXIT_TIMEOUT
    for loop_thread in ending:
        loop_thread.join(max(until - time.monotonic(), 0))


def _forget_all() -> None:
    for loop_thread in list(_alive):
        loop_thread.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
