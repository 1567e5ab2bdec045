"""A bounded pool of daemon threads that survives jobs which never return."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable

__all__ = ["ThreadPool", "Ticket"]

_log = logging.getLogger("agentframework.workers")


class Ticket:
    """One job in the pool: it waits, runs, or is done."""

    __slots__ = ("_pool", "_state", "begun", "job")

    def __init__(self, pool: ThreadPool, job: Callable[[], object]) -> None:
        self.job = job
        self.begun = 0.0
        self._pool = pool
        self._state = "waiting"

    @property
    def started(self) -> bool:
        """Whether a thread has taken the job."""
        return self._state != "waiting"

    def abandon(self) -> bool:
        """Give the job up. One that waits never runs; one that runs goes on as a zombie.

        A zombie's thread no longer counts as one of the pool's and is replaced, up to the pool's cap of zombies.
        True where the job still ran. From any thread; never blocks.
        """
        return self._pool._abandon(self)


class ThreadPool:
    """At most `size` threads at work, all daemons, started when they are needed; jobs wait in order.

    `max_zombies` threads may hang in abandoned jobs beside them; when there are more, no replacement is
    started. With `patience`, jobs that have run for so many seconds while others wait are abandoned by the pool
    itself; without it that is the caller's to do. Exit waits for no thread. Thread-safe. A job must not raise; one
    that does is logged.
    """

    def __init__(
        self, size: int, *, name: str, max_zombies: int = 256, patience: float | None = None
    ) -> None:
        if size < 1:
            raise ValueError(f"a pool needs at least one thread, not {size}")
        self.size = size
        self.name = name
        self.max_zombies = max_zombies
        self.patience = patience
        self._running: set[Ticket] = set()
        self._watched = False
        self._jobs: deque[Ticket] = deque()
        self._lock = threading.Lock()
        self._ready = threading.Condition(self._lock)
        self._threads = 0
        self._idle = 0
        self._zombies = 0
        self._serial = 0
        _pools.add(self)

    @property
    def zombies(self) -> int:
        """How many threads hang in jobs that were given up."""
        return self._zombies

    @property
    def threads(self) -> int:
        """How many threads serve the pool, zombies not among them."""
        return self._threads

    @property
    def waiting(self) -> int:
        """How many jobs wait for a thread."""
        return len(self._jobs)

    def submit(self, job: Callable[[], object]) -> Ticket:
        """Have a thread call `job()`. From any thread; never blocks."""
        ticket = Ticket(self, job)
        with self._lock:
            self._jobs.append(ticket)
            if self._idle >= len(self._jobs):
                self._ready.notify()
            elif self._may_start():
                self._start_thread()
            elif self._idle:
                self._ready.notify()
            elif self.patience is not None and not self._watched:
                self._watched = True
                args = (self.patience,)
                threading.Thread(
                    target=self._watch, args=args, name=f"{self.name}-watch", daemon=True
                ).start()
        return ticket

    def forget(self) -> None:
        """After a fork, in the child: the threads are not there, so begin anew."""
        self._jobs.clear()
        self._lock = threading.Lock()
        self._ready = threading.Condition(self._lock)
        self._threads = self._idle = self._zombies = 0
        self._running.clear()
        self._watched = False

    def _watch(self, patience: float) -> None:
        """While jobs wait: give up those that have run too long, so that others get their threads."""
        while True:
            time.sleep(patience / 4)
            with self._lock:
                if not self._jobs:
                    self._watched = False
                    return
                late = time.monotonic() - patience
                for ticket in [ticket for ticket in self._running if ticket.begun <= late]:
                    self._make_zombie(ticket)
                for _ in range(len(self._jobs) - self._idle):
                    if self._may_start():
                        self._start_thread()

    def _make_zombie(self, ticket: Ticket) -> None:
        ticket._state = "zombie"
        self._running.discard(ticket)
        self._zombies += 1
        self._threads -= 1

    def _may_start(self) -> bool:
        return self._threads < self.size and self._threads + self._zombies < self.size + self.max_zombies

    def _start_thread(self) -> None:
        self._threads += 1
        self._serial += 1
        threading.Thread(target=self._serve, name=f"{self.name}-{self._serial}", daemon=True).start()

    def _serve(self) -> None:
        while True:
            with self._lock:
                while not self._jobs:
                    self._idle += 1
                    self._ready.wait()
                    self._idle -= 1
                ticket = self._jobs.popleft()
                ticket._state = "running"
                ticket.begun = time.monotonic()
                self._running.add(ticket)
            try:
                ticket.job()
            except BaseException:  # noqa: BLE001 - a thread of the pool outlives any job
                _log.exception("a job of %s failed", self.name)
            with self._lock:
                if ticket._state == "zombie":
                    self._zombies -= 1
                    if not self._rejoin():
                        return
                self._running.discard(ticket)
                ticket._state = "done"
            del ticket  # what the job holds on to must not live as long as an idle thread

    def _rejoin(self) -> bool:
        """A zombie has come back: it serves again where its place was not given to another thread."""
        if self._threads < self.size:
            self._threads += 1
            return True
        return False

    def _abandon(self, ticket: Ticket) -> bool:
        with self._lock:
            if ticket._state == "waiting":
                self._jobs.remove(ticket)
                ticket._state = "done"
                return False
            if ticket._state != "running":
                return False
            self._make_zombie(ticket)
            if self._jobs and self._may_start():
                self._start_thread()
            return True


_pools: weakref.WeakSet[ThreadPool] = weakref.WeakSet()


def _forget_all() -> None:
    for pool in list(_pools):
        pool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
