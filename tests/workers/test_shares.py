"""A pool that many share: everybody gets a turn, light jobs a thread, and nobody takes all of them."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_stub import PATIENCE, eventually
from agentframework.workers.threads import PoolFullError, Share, ThreadPool, Ticket


class Blocking:
    """Jobs that block until they are told to go, and can be waited for."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.running = threading.Semaphore(0)

    def __call__(self) -> None:
        """Block."""
        self.running.release()
        self.go.wait(PATIENCE)

    def fill(self, submit: Callable[[Callable[[], None]], Ticket], count: int) -> list[Ticket]:
        """Have `count` of them at work."""
        tickets = [submit(self) for _ in range(count)]
        for _ in tickets:
            assert self.running.acquire(timeout=PATIENCE)
        return tickets


def is_done(submit: Callable[[Callable[[], None]], Ticket]) -> bool:
    """Whether a job is done within a while."""
    done = threading.Event()
    submit(done.set)
    return done.wait(PATIENCE)


def test_a_share_with_thousands_of_waiting_jobs_delays_another_by_one_turn() -> None:
    pool = ThreadPool(1, name="fair", max_per_share=1)
    crowd, single = pool.share("crowd"), pool.share("single")
    blocking, order, all_done = Blocking(), list[str](), threading.Event()
    blocking.fill(pool.submit, 1)
    for number in range(5_000):
        crowd.submit(partial(order.append, f"crowd {number}"))
    single.submit(partial(order.append, "single"))
    crowd.submit(all_done.set)
    assert (crowd.waiting, single.waiting, pool.waiting) == (5_001, 1, 5_002)
    blocking.go.set()
    assert all_done.wait(PATIENCE)
    assert order.index("single") == 1
    assert [entry for entry in order if entry != "single"] == [f"crowd {number}" for number in range(5_000)]


def test_a_share_whose_jobs_all_block_leaves_threads_to_others() -> None:
    pool = ThreadPool(16, name="greedy")
    greedy, other = pool.share("greedy"), pool.share("other")
    blocking = Blocking()
    assert pool.max_per_share == 14
    for _ in range(100):
        greedy.submit(blocking)
    for _ in range(14):
        assert blocking.running.acquire(timeout=PATIENCE)
    assert is_done(other.submit)
    assert not blocking.running.acquire(blocking=False)
    blocking.go.set()
    assert eventually(lambda: not greedy.waiting)


def test_one_share_uses_all_threads_of_a_small_pool() -> None:
    pool = ThreadPool(4, name="small")
    blocking = Blocking()
    blocking.fill(pool.share("only").submit, 4)
    blocking.go.set()


def test_light_jobs_are_done_while_heavy_ones_of_the_same_and_of_other_shares_block() -> None:
    pool = ThreadPool(4, name="lit", reserved=1)
    mine, other = pool.share("mine"), pool.share("other")
    blocking = Blocking()
    blocking.fill(mine.submit, 3)
    waiting = other.submit(blocking)
    for share in (mine, other):
        assert is_done(partial(share.submit, light=True))
    assert not waiting.started
    blocking.go.set()
    assert eventually(lambda: waiting.started)


def test_light_jobs_are_done_while_zombies_hold_all_that_heavy_ones_may_have() -> None:
    pool = ThreadPool(2, name="dim", reserved=1, max_zombies=2)
    share, other = pool.share("hung"), pool.share("other")
    blocking = Blocking()
    [ticket] = blocking.fill(share.submit, 1)
    assert ticket.abandon()
    with pytest.raises(PoolFullError, match="hung: 1 of its jobs were given up"):
        share.submit(blocking)
    [ticket] = blocking.fill(other.submit, 1)
    assert ticket.abandon()
    assert pool.zombies == 2
    third = pool.share("third")
    [ticket] = blocking.fill(third.submit, 1)
    assert ticket.abandon()
    assert pool.is_exhausted
    with pytest.raises(PoolFullError, match="3 threads hang"):
        pool.share("fourth").submit(blocking)
    assert is_done(partial(pool.share("fifth").submit, light=True))
    blocking.go.set()
    assert eventually(lambda: not pool.is_exhausted and pool.zombies == 0)
    assert is_done(third.submit)


def test_an_exhausted_pool_says_so_once_and_refuses_until_a_zombie_comes_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pool = ThreadPool(1, name="lost", max_zombies=1)
    blocking = Blocking()
    share, other = pool.share("a"), pool.share("b")
    for one in (share, other):
        [ticket] = blocking.fill(one.submit, 1)
        assert not pool.is_exhausted
        assert ticket.abandon()
    assert pool.is_exhausted
    assert caplog.text.count("lost: 2 threads hang in jobs that were given up") == 1
    for _ in range(3):
        with pytest.raises(PoolFullError, match="2 threads hang"):
            pool.share("c").submit(blocking)
    assert pool.refused == 3
    assert share.refused == 0
    blocking.go.set()
    assert eventually(lambda: not pool.is_exhausted)
    assert is_done(pool.share("c").submit)


def test_no_more_jobs_of_a_share_wait_than_may() -> None:
    pool = ThreadPool(1, name="queue", max_waiting=2, max_per_share=1)
    share, other = pool.share("full"), pool.share("other")
    blocking = Blocking()
    blocking.fill(share.submit, 1)
    tickets = [share.submit(blocking), share.submit(blocking, light=True)]
    with pytest.raises(PoolFullError, match="queue takes no more of full: 2 of its jobs wait already"):
        share.submit(blocking)
    assert (share.refused, pool.refused) == (1, 1)
    other.submit(blocking)
    assert tickets[0].abandon() is False
    share.submit(blocking)
    blocking.go.set()
    assert eventually(lambda: not pool.waiting)


@pytest.mark.parametrize(
    ("size", "reserved", "share"), [(2, 2, None), (4, -1, None), (4, 0, 0), (4, 0, 5), (8, 2, 2)]
)
def test_limits_that_leave_nobody_a_thread_are_refused(size: int, reserved: int, share: int | None) -> None:
    with pytest.raises(ValueError, match="leave none"):
        ThreadPool(size, name="none", reserved=reserved, max_per_share=share)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_share_can_be_used_after_a_fork_though_its_threads_are_gone() -> None:
    pool = ThreadPool(1, name="forked")
    share, blocking = pool.share("both"), Blocking()
    blocking.fill(share.submit, 1)
    share.submit(blocking)
    child = os.fork()
    if child == 0:
        os._exit(0 if is_done(share.submit) and share.waiting == 0 else 1)
    blocking.go.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert is_done(share.submit)


Step = tuple[str, int, bool]
steps = st.lists(
    st.tuples(
        st.sampled_from(["submit", "submit", "submit", "release", "abandon"]),
        st.integers(0, 40),
        st.booleans(),
    ),
    max_size=40,
)


@given(steps=steps, size=st.integers(1, 4), cap=st.integers(0, 3), data=st.data())
@settings(max_examples=40, deadline=None)
def test_no_job_is_lost_or_run_twice_and_the_limits_hold(
    steps: list[Step], size: int, cap: int, data: st.DataObject
) -> None:
    """Jobs block until they are released, in any order, and are given up in any state."""
    reserved = data.draw(st.integers(0, size - 1))
    pool = ThreadPool(size, name="any", reserved=reserved, max_zombies=cap)
    shares = [pool.share(str(number)) for number in range(3)]
    lock, over = threading.Lock(), threading.Semaphore(0)
    runs: Counter[int] = Counter()
    heavy, abandoned, most = set[int](), set[int](), list[int]()
    jobs: list[tuple[int, Ticket, threading.Event]] = []

    def job(number: int, light: bool, go: threading.Event) -> None:
        with lock:
            runs[number] += 1
            if not light:
                heavy.add(number)
                most.append(len(heavy - abandoned))
        go.wait(PATIENCE)
        with lock:
            heavy.discard(number)
        over.release()

    def submit(number: int, share: Share, light: bool) -> None:
        go = threading.Event()
        try:
            ticket = share.submit(partial(job, number, light, go), light=light)
        except PoolFullError:
            assert pool.zombies >= min(share.max_zombies, pool.size + cap - reserved)
            return
        jobs.append((number, ticket, go))

    for number, (what, which, light) in enumerate(steps):
        if what == "submit":
            submit(number, shares[which % 3], light)
        elif jobs:
            chosen, ticket, go = jobs[which % len(jobs)]
            if what == "release":
                go.set()
                continue
            with lock:  # before it is given up, so that nobody counts it beside its successor
                abandoned.add(chosen)
            ticket.abandon()
    for _, _, go in jobs:
        go.set()
    assert eventually(lambda: all(ticket.state in ("done", "dropped") for _, ticket, _ in jobs))
    assert max(runs.values(), default=1) == 1
    assert max(most, default=0) <= size - reserved
    assert not pool.waiting
    assert is_done(partial(shares[0].submit, light=True))
