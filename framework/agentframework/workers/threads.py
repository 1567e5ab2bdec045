"""A bounded pool of daemon threads that survives jobs which never return, shared fairly by those who use it."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable

from agentframework.errors import AgentFrameworkError
from agentframework.workers.turns import Claimant, Job, Line, Turns

__all__ = ["PoolFullError", "Share", "ThreadPool", "Ticket"]

_log = logging.getLogger("agentframework.workers")


class PoolFullError(AgentFrameworkError):
    """A job was not taken in; the sentence says why, for the log. Who asked for it is to be told "busy"."""


class Ticket(Job):
    """One job in the pool: it waits, runs, or is done."""

    __slots__ = ("_pool",)

    def __init__(self, pool: ThreadPool, line: Line, call: Callable[[], object]) -> None:
        super().__init__(line, call)
        self._pool = pool

    @property
    def started(self) -> bool:
        """Whether a thread has taken the job."""
        return self.state not in ("waiting", "dropped")

    def abandon(self) -> bool:
        """Give the job up. One that waits never runs; one that runs goes on as a zombie.

        A zombie's thread no longer counts as one of the pool's and is replaced, up to the pool's cap of zombies.
        True where the job still ran. From any thread; never blocks.
        """
        return self._pool._abandon(self)


class Share(Claimant):
    """One user's part in a pool, such as a session's: its jobs take turns with those of the other shares.

    There is nothing to close: a share whose jobs are done is just let go of.
    """

    def __init__(self, pool: ThreadPool, name: str) -> None:
        super().__init__(
            max_running=pool.max_per_share,
            max_heavy=pool.max_per_share - pool.reserved,
            max_zombies=max(pool.max_zombies // 2, 1),
        )
        self.name = name
        self.refused = 0
        self._pool = pool

    def submit(self, job: Callable[[], object], *, light: bool = False) -> Ticket:
        """Have a thread call `job()` when its turn has come; `light` where it is known to be brief.

        Raises PoolFullError, and counts it, where too many jobs of this share wait already, or where hung jobs hold
        all the threads that could do it. From any thread; never blocks.
        """
        pool = self._pool
        if (
            self.zombies >= self.max_zombies
            or not pool._has_room(light=light)
            or (pool.max_waiting is not None and self.waiting >= pool.max_waiting)
        ):
            raise self._refusal(light=light)
        return pool._put(self.light if light else self.heavy, job)

    def _refusal(self, *, light: bool) -> PoolFullError:
        self.refused += 1
        self._pool.refused += 1
        if self.zombies >= self.max_zombies:
            why = f"{self.zombies} of its jobs were given up and still run"
        elif not self._pool._has_room(light=light):
            why = f"{self._pool.zombies} threads hang in jobs that were given up"
        else:
            why = f"{self.waiting} of its jobs wait already"
        return PoolFullError(f"{self._pool.name} takes no more of {self.name}: {why}")


class ThreadPool:
    """At most `size` threads at work, all daemons, started when they are needed; jobs wait in order.

    Who shares a pool with others takes a share of it, once, and submits to that:

        share = pool.share("the session's name")
        try:
            ticket = share.submit(job, light=True)
        except PoolFullError: ...                   # to be answered "busy"

    - Shares that have jobs waiting take turns, so a share's next job waits for one job of each other share.
    - A share has at most `max_per_share` threads, also while nobody else waits: a job that blocks cannot be called
      back when somebody comes. Unless given it is the size less an eighth; pools below eight leave it to the others
      to say so.
    - Jobs that are not light never occupy the last `reserved` threads, neither of the pool nor of a share, so that
      light ones are done while heavy ones hang. Where both wait they take turns.
    - At most `max_waiting` jobs of a share wait; `submit` on the pool itself, without a share, knows no limits.

    `max_zombies` threads may hang in abandoned jobs beside them; when there are more, no replacement is
    started, and once all threads hang no share takes a job in until one comes back. Half of that number is the most
    that one share may leave behind. With `patience`, jobs that have run for so many seconds while others wait are
    abandoned by the pool itself; without it that is the caller's to do. Exit waits for no thread. Thread-safe. A job
    must not raise; one that does is logged.

    One thread at a time is being woken: it takes a job, and wakes the next where more wait. A burst of short jobs
    is thus done by few threads that hardly contend, and a job never waits behind one that blocks.
    """

    def __init__(
        self,
        size: int,
        *,
        name: str,
        reserved: int = 0,
        max_per_share: int | None = None,
        max_waiting: int | None = None,
        max_zombies: int = 256,
        patience: float | None = None,
    ) -> None:
        if size < 1:
            raise ValueError(f"a pool needs at least one thread, not {size}")
        self.max_per_share = size - size // 8 if max_per_share is None else max_per_share
        if not 0 <= reserved < self.max_per_share <= size:
            raise ValueError(
                f"of {size} threads at most {self.max_per_share} for a share and {reserved} for light jobs "
                "leave none for the others"
            )
        self.size = size
        self.name = name
        self.reserved = reserved
        self.max_waiting = max_waiting
        self.max_zombies = max_zombies
        self.patience = patience
        self.refused = 0
        self._serial = 0
        self._own = Claimant()
        self._claimants: weakref.WeakSet[Claimant] = weakref.WeakSet([self._own])
        self._reset()
        _pools.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._turns = Turns(self.size, reserved=self.reserved, max_zombies=self.max_zombies)
        self._parked: list[threading.Lock] = []
        self._waking = False
        self._running: set[Job] = set()
        self._watched = False
        self._threads = 0
        self._exhaustion_said = False

    @property
    def zombies(self) -> int:
        """How many threads hang in jobs that were given up."""
        return self._turns.zombies

    @property
    def threads(self) -> int:
        """How many threads serve the pool, zombies not among them."""
        return self._threads

    @property
    def waiting(self) -> int:
        """How many jobs wait for a thread."""
        with self._lock:
            return sum(claimant.waiting for claimant in self._claimants)

    @property
    def is_exhausted(self) -> bool:
        """Whether zombies hold all threads but the reserved ones: only light jobs can still be done, if any."""
        return not self._has_room(light=False)

    def share(self, name: str) -> Share:
        """A part in this pool, for somebody who shares it with others. From any thread."""
        share = Share(self, name)
        with self._lock:
            self._claimants.add(share)
        return share

    def submit(self, job: Callable[[], object]) -> Ticket:
        """Have a thread call `job()`. From any thread; never blocks."""
        return self._put(self._own.heavy, job)

    def prepare(self) -> None:
        """See to it that there is a thread: from Python 3.12 on none can be started while the interpreter ends."""
        if not self._threads:
            self._put(self._own.light, _nothing)

    def forget(self) -> None:
        """After a fork, in the child: the threads are not there, so begin anew."""
        self._reset()
        self._claimants = weakref.WeakSet(list(self._claimants))  # another thread may have been reading it
        for claimant in self._claimants:
            claimant.reset()

    def _has_room(self, *, light: bool) -> bool:
        return (self._turns.room if light else self._turns.heavy_room) > 0

    def _put(self, line: Line, job: Callable[[], object]) -> Ticket:
        ticket = Ticket(self, line, job)
        line.jobs.append(ticket)
        # A line that is listed and a thread that is being woken: it looks after this, and sees the job.
        if not (line.is_listed and self._waking):
            with self._lock:
                self._turns.enlist(line)
                self._wake_one()
        return ticket

    def _wake_one(self) -> None:
        """Under the lock: where jobs wait, see to it that a thread comes and looks, if there may be another."""
        if self._waking:
            return
        if self._turns.are_any:
            if self._parked:
                self._waking = True
                self._parked.pop().release()
                return
            if self._threads < self._turns.room:
                self._waking = True
                self._start_thread()
                return
        if self.patience is not None and not self._watched and self._turns.are_awaited:
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
                if not self._turns.are_awaited:
                    self._watched = False
                    return
                late = time.monotonic() - patience
                for ticket in [ticket for ticket in self._running if ticket.begun <= late]:
                    self._make_zombie(ticket)
                self._wake_one()
            self._say_exhaustion()

    def _make_zombie(self, ticket: Job) -> None:
        self._turns.lose(ticket)
        self._running.discard(ticket)
        self._threads -= 1

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
        ticket: Job | None = None
        is_awaited = True
        while True:
            with self._lock:
                if is_awaited:
                    self._waking = False
                if ticket is not None and not self._end(ticket):
                    return
                ticket = self._take()  # what the last one held on to lives no longer than this
                is_awaited = ticket is None
                if ticket is None:
                    self._parked.append(parking)
            if ticket is None:
                parking.acquire()
                continue
            try:
                ticket.call()
            except BaseException:  # noqa: BLE001 - a thread of the pool outlives any job
                _log.exception("a job of %s failed", self.name)

    def _take(self) -> Job | None:
        """Under the lock: the next job, now running; the thread after this one is woken where more wait."""
        ticket = self._turns.take()
        if ticket is not None:
            if self.patience is not None:
                ticket.begun = time.monotonic()
                self._running.add(ticket)
            self._wake_one()
        return ticket

    def _end(self, ticket: Job) -> bool:
        """Under the lock: the job has returned; False where its thread is not needed any more.

        A zombie that has come back serves again where its place was not given to another thread.
        """
        was_zombie = ticket.state == "zombie"
        self._turns.end(ticket)
        if not was_zombie:
            self._running.discard(ticket)
            return True
        if self._threads >= self._turns.room:
            self._wake_one()  # what this zombie's share had to hold back may begin
            return False
        self._threads += 1
        return True

    def _abandon(self, ticket: Job) -> bool:
        with self._lock:
            if ticket.state == "waiting":
                self._turns.drop(ticket)
                return False
            if ticket.state != "running":
                return False
            self._make_zombie(ticket)
            self._wake_one()
        self._say_exhaustion()
        return True

    def _say_exhaustion(self) -> None:
        """Once for each time that it comes to this."""
        if self.is_exhausted and not self._exhaustion_said:
            _log.error(
                "%s: %d threads hang in jobs that were given up; others are refused until some come back",
                self.name,
                self.zombies,
            )
        self._exhaustion_said = self.is_exhausted


def _nothing() -> None:
    """The job that only needs a thread."""


_pools: weakref.WeakSet[ThreadPool] = weakref.WeakSet()


def _forget_all() -> None:
    for pool in list(_pools):
        pool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
