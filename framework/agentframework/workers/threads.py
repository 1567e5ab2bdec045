"""A bounded pool of daemon threads that survives jobs which never return."""

from __future__ import annotations

import contextlib
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

    One thread at a time is being woken: it takes a job, and wakes the next where more wait. A burst of short jobs
    is thus done by few threads that hardly contend, and a job never waits behind one that blocks.
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
        self._serial = 0
        self._reset()
        _pools.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._jobs: deque[Ticket] = deque()
        self._given_up = 0  # of those in the queue
        self._parked: list[threading.Lock] = []
        self._waking = False
        self._running: set[Ticket] = set()
        self._watched = False
        self._threads = 0
        self._zombies = 0

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
        return len(self._jobs) - self._given_up

    def submit(self, job: Callable[[], object]) -> Ticket:
        """Have a thread call `job()`. From any thread; never blocks."""
        ticket = Ticket(self, job)
        self._jobs.append(ticket)
        if (
            not self._waking
        ):  # else the thread that is being woken looks into the queue after this, and sees the job
            with self._lock:
                self._wake_one()
        return ticket

    def prepare(self) -> None:
        """See to it that there is a thread: from Python 3.12 on none can be started while the interpreter ends."""
        if not self._threads:
            self.submit(_nothing)

    def forget(self) -> None:
        """After a fork, in the child: the threads are not there, so begin anew."""
        self._reset()

    def _wake_one(self) -> None:
        """Under the lock, where jobs wait: see to it that a thread comes and looks, if there may be another."""
        if self._waking or not self._jobs:
            return
        if self._parked:
            self._waking = True
            self._parked.pop().release()
        elif self._may_start():
            self._waking = True
            self._start_thread()
        elif self.patience is not None and not self._watched:
            args = (self.patience,)
            thread = threading.Thread(target=self._watch, args=args, name=f"{self.name}-watch", daemon=True)
            with contextlib.suppress(RuntimeError):  # no thread to be had now: the next job asks again
                thread.start()
                self._watched = True

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
                self._wake_one()

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
        thread = threading.Thread(target=self._serve, name=f"{self.name}-{self._serial}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system gives no more threads: those that are there have to do
            self._threads -= 1
            self._waking = False
            _log.error("%s: no further thread can be started beside %d", self.name, self._threads)

    def _serve(self) -> None:
        parking = threading.Lock()
        parking.acquire()
        is_awaited = True
        while True:
            with self._lock:
                if is_awaited:
                    self._waking = False
                ticket = self._take()
                if ticket is None:
                    self._parked.append(parking)
            is_awaited = ticket is None
            if ticket is None:
                parking.acquire()
                continue
            try:
                ticket.job()
            except BaseException:  # noqa: BLE001 - a thread of the pool outlives any job
                _log.exception("a job of %s failed", self.name)
            if not self._end(ticket):
                return
            del ticket  # what the job holds on to must not live as long as an idle thread

    def _take(self) -> Ticket | None:
        """Under the lock: the next job, now running; the thread after this one is woken where more wait."""
        while self._jobs:
            ticket = self._jobs.popleft()
            if ticket._state != "waiting":
                self._given_up -= 1
                continue
            ticket._state = "running"
            if self.patience is not None:
                ticket.begun = time.monotonic()
                self._running.add(ticket)
            self._wake_one()
            return ticket
        return None

    def _end(self, ticket: Ticket) -> bool:
        """The job has returned; False where its thread is not needed any more.

        A zombie that has come back serves again where its place was not given to another thread.
        """
        with self._lock:
            was_zombie, ticket._state = ticket._state == "zombie", "done"
            self._running.discard(ticket)
            if not was_zombie:
                return True
            self._zombies -= 1
            if self._threads >= self.size:
                return False
            self._threads += 1
            return True

    def _abandon(self, ticket: Ticket) -> bool:
        with self._lock:
            if ticket._state == "waiting":
                ticket._state = "done"
                ticket.job = _nothing
                self._given_up += 1
                return False
            if ticket._state != "running":
                return False
            self._make_zombie(ticket)
            self._wake_one()
            return True


def _nothing() -> None:
    """What is left of a job that was given up before it ran."""


_pools: weakref.WeakSet[ThreadPool] = weakref.WeakSet()


def _forget_all() -> None:
    for pool in list(_pools):
        pool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
