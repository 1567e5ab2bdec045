"""Whose turn is next: the waiting jobs of many claimants, in fair order; no thread, and no lock of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

__all__ = ["Claimant", "Job", "Line", "Turns"]

UNLIMITED = 1 << 62


class Job:
    """One job: "waiting", "running", "zombie" (given up while it ran), "done" or "dropped" (never begun)."""

    __slots__ = ("begun", "call", "line", "state")

    def __init__(self, line: Line, call: Callable[[], object]) -> None:
        self.call = call
        self.line = line
        self.state = "waiting"
        self.begun = 0.0


class Line:
    """The jobs of one claimant that are all light, or all heavy, in the order in which they came."""

    __slots__ = ("claimant", "is_light", "is_listed", "jobs")

    def __init__(self, claimant: Claimant, *, is_light: bool) -> None:
        self.claimant = claimant
        self.is_light = is_light
        self.is_listed = False
        self.jobs: deque[Job] = deque()


class Claimant:
    """Who has jobs done, and how many of them may be at work at once.

    `max_running` is for all, `max_heavy` for those that are not light, `max_zombies` for those that were given up
    and go on: while there are so many, nothing more is begun.
    """

    def __init__(
        self, *, max_running: int = UNLIMITED, max_heavy: int = UNLIMITED, max_zombies: int = UNLIMITED
    ) -> None:
        self.heavy = Line(self, is_light=False)
        self.light = Line(self, is_light=True)
        self.max_running = max_running
        self.max_heavy = max_heavy
        self.max_zombies = max_zombies
        self.reset()

    def reset(self) -> None:
        """Forget all jobs."""
        for line in (self.heavy, self.light):
            line.jobs.clear()
            line.is_listed = False
        self.running = 0
        self.running_heavy = 0
        self.zombies = 0
        self.given_up = 0  # of those that still stand in a line
        self.held: list[Line] = []

    @property
    def waiting(self) -> int:
        """How many jobs wait for their turn."""
        return len(self.heavy.jobs) + len(self.light.jobs) - self.given_up

    def may_begin(self, line: Line) -> bool:
        """Whether a job of this line may be begun beside those that are at work."""
        return (
            self.running < self.max_running
            and (line.is_light or self.running_heavy < self.max_heavy)
            and self.zombies < self.max_zombies
        )


class Turns:
    """Who comes next, for at most `size` jobs at work; whoever calls `take` has one of these places to give.

    The claimants take turns, one job each. Light and heavy jobs take turns as well, but heavy ones leave `reserved`
    places to the light. A zombie's place is given to another while there are no more than `max_zombies`; after
    that each costs a place. A line whose claimant has its share stands aside until a job of that claimant ends.

    The caller holds its lock around every method. Only the append to a line's jobs needs none: a line that is listed
    is looked at again before it is struck off.
    """

    def __init__(self, size: int, *, reserved: int, max_zombies: int) -> None:
        self._size = size
        self._reserved = reserved
        self._max_zombies = max_zombies
        self._rings: tuple[deque[Line], deque[Line]] = (deque(), deque())  # the heavy and the light
        self._held = 0
        self._is_lights_turn = True
        self._heavy = 0
        self._count_zombies(0)

    @property
    def are_any(self) -> bool:
        """Whether there is likely a job to be taken; never False where there is one."""
        heavy, light = self._rings
        return bool(light) or (bool(heavy) and self._heavy < self.heavy_room)

    @property
    def are_awaited(self) -> bool:
        """Whether a job waits, also one whose turn is not to come yet."""
        return bool(self._rings[0] or self._rings[1] or self._held)

    def enlist(self, line: Line) -> None:
        """A job was appended to a line that was not listed."""
        if not line.is_listed:
            line.is_listed = True
            self._place(line)

    def take(self) -> Job | None:
        """The next job, now running; None where none may be begun."""
        heavy, light = self._rings
        while True:
            can_be_heavy = bool(heavy) and self._heavy < self.heavy_room
            if light and (self._is_lights_turn or not can_be_heavy):
                ring = light
            elif can_be_heavy:
                ring = heavy
            else:
                return None
            line = ring.popleft()
            claimant = line.claimant
            if not claimant.may_begin(line):
                self._place(line)
                continue
            job = self._first_of(line)
            if job is not None:
                job.state = "running"
                claimant.running += 1
                if not line.is_light:
                    claimant.running_heavy += 1
                    self._heavy += 1
                self._is_lights_turn = not line.is_light
            if line.jobs:
                self._place(line)
            else:
                line.is_listed = False
                if line.jobs:  # appended by one who still saw the line listed
                    self.enlist(line)
            if job is not None:
                return job

    def end(self, job: Job) -> None:
        """A job that ran, or was a zombie, has returned."""
        claimant = job.line.claimant
        if job.state == "zombie":
            self._count_zombies(self.zombies - 1)
            claimant.zombies -= 1
        else:
            self._leave(job)
        job.state = "done"
        if claimant.held:
            self._recall(claimant)

    def lose(self, job: Job) -> None:
        """A job that runs is given up: it goes on as a zombie, and its place is free."""
        self._leave(job)
        job.state = "zombie"
        self._count_zombies(self.zombies + 1)
        job.line.claimant.zombies += 1
        if job.line.claimant.held:
            self._recall(job.line.claimant)

    def drop(self, job: Job) -> None:
        """A job that waits is given up: it is never begun."""
        job.state = "dropped"
        job.call = _nothing
        line = job.line
        line.claimant.given_up += 1
        jobs = line.jobs
        while jobs and jobs[0].state == "dropped":  # else those of a line that stands aside would heap up
            jobs.popleft()
            line.claimant.given_up -= 1

    def _count_zombies(self, zombies: int) -> None:
        """How many may be at work now; with fewer than 1 of a kind nothing of that kind will ever be begun."""
        self.zombies = zombies
        self.room = min(self._size, self._size + self._max_zombies - zombies)
        self.heavy_room = self.room - self._reserved

    def _first_of(self, line: Line) -> Job | None:
        while line.jobs:
            job = line.jobs.popleft()
            if job.state == "waiting":
                return job
            line.claimant.given_up -= 1
        return None

    def _place(self, line: Line) -> None:
        if line.claimant.may_begin(line):
            self._rings[line.is_light].append(line)
        else:
            line.claimant.held.append(line)
            self._held += 1

    def _leave(self, job: Job) -> None:
        claimant = job.line.claimant
        claimant.running -= 1
        if not job.line.is_light:
            claimant.running_heavy -= 1
            self._heavy -= 1

    def _recall(self, claimant: Claimant) -> None:
        """The lines that stood aside come into the ring again, where a job may be begun now."""
        lines, claimant.held = claimant.held, []
        self._held -= len(lines)
        for line in lines:
            self._place(line)


def _nothing() -> None:
    """What is left of a job that was given up before it ran."""
