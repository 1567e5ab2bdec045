"""Whose turn is next: nothing lost or begun twice, limits kept, and nobody passed over."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from agentframework.workers.turns import Claimant, Job, Turns


def put(turns: Turns, claimant: Claimant, *, light: bool = False) -> Job:
    line = claimant.light if light else claimant.heavy
    job = Job(line, lambda: None)
    line.jobs.append(job)
    turns.enlist(line)
    return job


def all_taken(turns: Turns) -> list[Job]:
    taken = []
    while (job := turns.take()) is not None:
        taken.append(job)
    return taken


def test_claimants_take_turns_and_each_ones_jobs_stay_in_order() -> None:
    turns = Turns(9, reserved=0, max_zombies=0)
    busy, other, third = Claimant(), Claimant(), Claimant()
    many = [put(turns, busy) for _ in range(5)]
    few = [put(turns, other) for _ in range(2)]
    one = put(turns, third)
    assert all_taken(turns) == [many[0], few[0], one, many[1], few[1], many[2], many[3], many[4]]


def test_light_and_heavy_jobs_take_turns() -> None:
    turns = Turns(4, reserved=0, max_zombies=0)
    claimant = Claimant()
    heavy = [put(turns, claimant) for _ in range(2)]
    light = [put(turns, claimant, light=True) for _ in range(2)]
    assert all_taken(turns) == [light[0], heavy[0], light[1], heavy[1]]


def test_reserved_places_are_for_light_jobs_also_where_zombies_have_cost_places() -> None:
    turns = Turns(3, reserved=1, max_zombies=1)
    claimant = Claimant()
    heavy = [put(turns, claimant) for _ in range(6)]
    assert all_taken(turns) == heavy[:2]
    turns.lose(heavy[0])
    assert all_taken(turns) == [heavy[2]]
    turns.lose(heavy[1])  # beyond the cap: this one's place is lost
    assert all_taken(turns) == []
    assert (turns.room, turns.heavy_room) == (2, 1)
    light = put(turns, claimant, light=True)
    assert all_taken(turns) == [light]
    turns.end(heavy[0])
    assert all_taken(turns) == [heavy[3]]


def test_a_claimant_that_has_its_share_waits_though_there_is_room_until_one_of_its_own_ends() -> None:
    turns = Turns(4, reserved=0, max_zombies=9)
    greedy, other = Claimant(max_running=2), Claimant()
    mine = [put(turns, greedy) for _ in range(4)]
    assert all_taken(turns) == mine[:2]
    assert not turns.are_any
    assert turns.are_awaited
    theirs = put(turns, other)
    assert all_taken(turns) == [theirs]
    turns.end(theirs)
    assert all_taken(turns) == []
    turns.end(mine[0])
    assert all_taken(turns) == [mine[2]]
    turns.lose(mine[1])
    assert all_taken(turns) == [mine[3]]


def test_a_claimant_with_too_many_zombies_begins_nothing_until_one_comes_back() -> None:
    turns = Turns(4, reserved=0, max_zombies=9)
    hung = Claimant(max_zombies=1)
    first, second = put(turns, hung), put(turns, hung)
    assert turns.take() is first
    turns.lose(first)
    assert turns.take() is None
    turns.end(first)
    assert turns.take() is second


@pytest.mark.parametrize("light", [False, True])
def test_jobs_that_are_given_up_while_they_wait_do_not_heap_up(light: bool) -> None:
    turns = Turns(1, reserved=0, max_zombies=0)
    claimant = Claimant()
    assert turns.take() is None
    running = put(turns, claimant)
    assert turns.take() is running
    for _ in range(100):
        turns.drop(put(turns, claimant, light=light))
    assert not claimant.heavy.jobs
    assert not claimant.light.jobs
    assert claimant.waiting == 0


class TurnsMachine(RuleBasedStateMachine):
    """All that a pool does with its turns, against a plain account of what is waiting and what is at work."""

    claimants = Bundle[Claimant]("claimants")
    waiting = Bundle[Job]("waiting")
    running = Bundle[Job]("running")
    zombies = Bundle[Job]("zombies")

    @initialize(size=st.integers(2, 6), cap=st.integers(0, 4), data=st.data())
    def make(self, size: int, cap: int, data: st.DataObject) -> None:
        self.size, self.cap = size, cap
        self.reserved = data.draw(st.integers(0, size - 1))
        self.turns = Turns(size, reserved=self.reserved, max_zombies=cap)
        self.jobs: list[Job] = []
        self.begun: Counter[Job] = Counter()
        self.dropped: set[Job] = set()

    @rule(target=claimants, running=st.integers(1, 6), heavy=st.integers(1, 6), zombies=st.integers(1, 4))
    def claim(self, running: int, heavy: int, zombies: int) -> Claimant:
        return Claimant(max_running=running, max_heavy=heavy, max_zombies=zombies)

    @rule(target=waiting, claimant=claimants, light=st.booleans())
    def put(self, claimant: Claimant, light: bool) -> Job:
        job = put(self.turns, claimant, light=light)
        self.jobs.append(job)
        return job

    @rule(target=running)
    def take(self) -> Job | MultipleResults[Job]:
        able = [job for job in self.jobs if self._may_begin(job)]
        if able:
            assert self.turns.are_any
        job = self.turns.take()
        assert (job is None) == (not able)
        if job is None:
            return multiple()
        assert job in able
        line = [other for other in able if other.line is job.line]
        assert line[0] is job, "out of the order in which they came"
        self.begun[job] += 1
        return job

    @rule(job=waiting)
    def drop(self, job: Job) -> None:
        if job.state == "waiting":
            self.turns.drop(job)
            self.dropped.add(job)

    @rule(target=zombies, job=consumes(running))
    def lose(self, job: Job) -> Job:
        self.turns.lose(job)
        return job

    @rule(job=st.one_of(consumes(running), consumes(zombies)))
    def end(self, job: Job) -> None:
        self.turns.end(job)

    def _may_begin(self, job: Job) -> bool:
        """By counting, which the turns never do."""
        if job.state != "waiting":
            return False
        claimant, light = job.line.claimant, job.line.is_light
        at_work = [other for other in self.jobs if other.state == "running"]
        mine = [other for other in at_work if other.line.claimant is claimant]
        zombies = [other for other in self.jobs if other.state == "zombie"]
        room = min(self.size, self.size + self.cap - len(zombies))
        heavy_room = room - self.reserved
        # The pool takes only for a thread that is free, so light jobs need no look at the room.
        return (
            (light or sum(not other.line.is_light for other in at_work) < heavy_room)
            and len(mine) < claimant.max_running
            and (light or sum(not other.line.is_light for other in mine) < claimant.max_heavy)
            and sum(other.line.claimant is claimant for other in zombies) < claimant.max_zombies
        )

    @invariant()
    def none_is_begun_twice_or_after_it_was_given_up(self) -> None:
        if hasattr(self, "begun"):
            assert not self.begun or max(self.begun.values()) == 1
            assert not self.dropped & set(self.begun)

    @invariant()
    def the_counts_are_right(self) -> None:
        if not hasattr(self, "jobs"):
            return
        for claimant in {job.line.claimant for job in self.jobs}:
            states = Counter(job.state for job in self.jobs if job.line.claimant is claimant)
            assert claimant.waiting == states["waiting"]
            assert claimant.running == states["running"]
            assert claimant.zombies == states["zombie"]
        assert self.turns.zombies == sum(job.state == "zombie" for job in self.jobs)

    def teardown(self) -> None:
        """All that waits is begun once its elders have ended: nothing is lost."""
        if not hasattr(self, "jobs"):
            return
        while at_work := [job for job in self.jobs if job.state in ("running", "zombie")]:
            for job in at_work:
                self.turns.end(job)
            all_taken(self.turns)
        for job in all_taken(self.turns):
            self.turns.end(job)
        left = [job for job in self.jobs if job.state not in ("done", "dropped")]
        while left:
            taken = all_taken(self.turns)
            assert taken, "a job that waits is lost"
            for job in taken:
                self.turns.end(job)
            left = [job for job in self.jobs if job.state not in ("done", "dropped")]
        assert not self.turns.are_awaited or self.turns.take() is None


TestTurns = TurnsMachine.TestCase
TestTurns.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
