"""A number of worker processes that are alike, and the calls that wait for them."""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
import time
from dataclasses import dataclass
from typing import Final

from agentframework.errors import EngineDown, ToolCrashed, ToolFailed, ToolTimeout
from agentframework.workers.nursery import Nursery
from agentframework.workers.slots import Job, Slot
from agentframework.workers.threads import PoolFullError

__all__ = ["Group", "ProcessGroup"]

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_TOO_MANY: Final = 3
_FAREWELL: Final = 1.0
_numbers = itertools.count(1)
_log = logging.getLogger("agentframework.workers")


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """How many processes run the tools of one group, and what each may take.

    `memory_mb` is the address space in MiB that tools may take on top of what the process has as it starts, None for
    no limit (Linux; other systems do not enforce it). A process is replaced after `max_calls`, None for never.
    """

    processes: int = 2
    memory_mb: int | None = None
    max_calls: int | None = None

    def __post_init__(self) -> None:
        for name in ("processes", "memory_mb", "max_calls"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} = {value} is no whole number above zero")


@dataclass(slots=True)
class Counts:
    """What has happened in all groups of a worker."""

    calls: int = 0
    timed_out: int = 0
    crashed: int = 0


class Group:
    """Lives on one event loop, as its slots do. Each call goes to an idle slot, or waits in one row for it."""

    def __init__(self, name: str, options: ProcessGroup, queue: int, counts: Counts) -> None:
        self.name = name
        self.options = options
        self.problem = ""
        self.slots: dict[int, Slot] = {}
        self.waiting: dict[Job, None] = {}
        self._queue = queue
        self._counts = counts
        self._idle: list[Slot] = []
        self._nursery: Nursery | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failures = 0
        self._pause: asyncio.TimerHandle | None = None
        self._awaiting: list[asyncio.Future[None]] = []

    @property
    def busy(self) -> int:
        """How many calls run."""
        return sum(slot.job is not None for slot in list(self.slots.values()))

    def attach(self, nursery: Nursery, loop: asyncio.AbstractEventLoop) -> None:
        """Processes can be forked from now on."""
        self._nursery, self._loop = nursery, loop
        self._fill()

    def detach(self, problem: str, *, is_fatal: bool) -> None:
        """All processes are gone, or about to be. Calls that wait go on waiting, unless it is fatal."""
        self._nursery = None
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        for slot in list(self.slots.values()):
            job = slot.job
            self._remove(slot)
            if job is not None:
                job.fail(EngineDown(problem) if is_fatal else self._crash(job, None))
        if is_fatal:
            self.refuse(problem)

    def refuse(self, problem: str) -> None:
        """Nothing that waits is going to be run."""
        self.problem = problem
        waiting, self.waiting = self.waiting, {}
        for job in waiting:
            job.fail(EngineDown(problem))
        self._tell_ready(EngineDown(problem))

    async def ready(self) -> None:
        """Wait until all processes can take a call. Raises `EngineDown`."""
        if self.problem:
            raise EngineDown(self.problem)
        if not self._is_complete():
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._awaiting.append(done)
            await done

    def submit(self, job: Job) -> None:
        """Run a job, or have it wait. Raises `PoolFullError` and `EngineDown`."""
        if self.problem:
            raise EngineDown(self.problem)
        if self._idle and not self.waiting:
            slot = self._take_idle()
            if slot is not None:
                if not self._begin(slot, job):
                    self._idle.append(slot)
                return
        if len(self.waiting) >= self._queue:
            raise PoolFullError(f"{len(self.waiting)} calls wait for the processes of group {self.name!r}")
        self.waiting[job] = None

    def give_up(self, job: Job) -> None:
        """Nobody waits for the job any more: if it runs, its process is ended."""
        self.waiting.pop(job, None)
        if job.slot is not None and job.slot.job is job:
            self._kill(job.slot)

    def expire(self, job: Job) -> None:
        """The deadline of a job has come."""
        self._counts.timed_out += 1
        problem = (
            "could not begin by its deadline" if job in self.waiting else "had not ended by its deadline"
        )
        self.give_up(job)
        job.fail(ToolTimeout(job.tool.name, problem))

    def forget(self) -> None:
        """In a forked copy of this process."""
        for slot in self.slots.values():
            slot.forget()

    def slot_is_ready(self, slot: Slot) -> None:
        if slot.number not in self.slots:
            return
        self._failures, self.problem = 0, ""
        self._release(slot)
        self._tell_ready(None)

    def slot_has_answered(self, slot: Slot, *, is_spent: bool) -> None:
        if is_spent:
            self._counts.crashed += 1
        if slot.number not in self.slots:
            return  # these were its last words
        if is_spent or slot.calls == self.options.max_calls:
            self._retire(slot)
        else:
            self._release(slot)

    def slot_is_broken(self, slot: Slot) -> None:
        job = slot.job
        self._kill(slot)
        if job is not None:
            job.fail(self._crash(job, None, "said what is no message, and was ended"))

    def slot_has_ended(self, number: int, code: int | None) -> None:
        """A process has ended; that of a slot which was given up is no news."""
        slot = self.slots.pop(number, None)
        if slot is None:
            return
        slot.drain()
        job, was_ready = slot.job, slot.is_ready
        self._remove(slot)
        if job is not None:
            job.fail(self._crash(job, code))
        if was_ready:
            self._fill()
        else:
            self._fail_to_start(code)

    def _crash(self, job: Job, code: int | None, problem: str = "") -> Exception:
        if time.monotonic() >= job.deadline:  # the kernel's timer was faster than the loop
            self._counts.timed_out += 1
            return ToolTimeout(job.tool.name)
        self._counts.crashed += 1
        return ToolCrashed(job.tool.name, code, problem=problem)

    def _fail_to_start(self, code: int | None) -> None:
        """Try again after a pause, which grows."""
        self._failures += 1
        if self._failures >= _TOO_MANY:
            self.refuse(f"the processes of group {self.name!r} end as they start (exit code {code})")
        assert self._loop is not None
        if self._pause is None:
            pause = min(_FIRST_PAUSE * 2**self._failures, _LONGEST_PAUSE)
            self._pause = self._loop.call_later(pause, self._end_pause)

    def _end_pause(self) -> None:
        self._pause = None
        self._fill()

    def _fill(self) -> None:
        while self._nursery is not None and self._pause is None and len(self.slots) < self.options.processes:
            assert self._loop is not None
            number = next(_numbers)
            try:
                ours, theirs = socket.socketpair()
            except OSError as error:  # too many files are open; whoever called must get on all the same
                _log.error("no process can be started for group %r: %s", self.name, error)
                self._fail_to_start(None)
                return
            with theirs:
                self.slots[number] = Slot(number, ours, self, self._loop)
                self._nursery.fork(number, theirs, self.options.memory_mb)

    def _take_idle(self) -> Slot | None:
        while self._idle:
            slot = self._idle.pop()
            if slot.is_alive:
                return slot
            self._kill(slot)
        return None

    def _release(self, slot: Slot) -> None:
        """An idle slot takes the first job that waits."""
        while self.waiting:
            job = next(iter(self.waiting))
            del self.waiting[job]
            if not job.future.done() and self._begin(slot, job):
                return
        self._idle.append(slot)

    def _begin(self, slot: Slot, job: Job) -> bool:
        try:
            slot.begin(job)
        except (TypeError, ValueError) as error:
            job.fail(ToolFailed(job.tool.name, type(error).__name__, f"its arguments are no JSON: {error}"))
            return False
        return True

    def _kill(self, slot: Slot) -> None:
        if self._nursery is not None:
            self._nursery.kill(slot.number)
        self._remove(slot)
        self._fill()

    def _retire(self, slot: Slot) -> None:
        """Let a process end by itself, and see to it that it does."""
        self._remove(slot)
        if self._nursery is not None and self._loop is not None:
            self._loop.call_later(_FAREWELL, self._nursery.kill, slot.number)
        self._fill()

    def _remove(self, slot: Slot) -> None:
        self.slots.pop(slot.number, None)
        if slot in self._idle:
            self._idle.remove(slot)
        slot.job = None
        slot.close()

    def _is_complete(self) -> bool:
        ready = sum(slot.is_ready for slot in self.slots.values())
        return ready >= self.options.processes

    def _tell_ready(self, error: Exception | None) -> None:
        if error is None and not self._is_complete():
            return
        awaiting, self._awaiting = self._awaiting, []
        for done in awaiting:
            if not done.done():
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)
