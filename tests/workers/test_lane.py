"""A lane runs its jobs one after another, whichever threads serve it."""

from __future__ import annotations

import threading
from functools import partial

from agentframework.workers.lane import Lane
from agentframework.workers.threads import ThreadPool


def test_jobs_of_one_lane_never_overlap_and_keep_their_order() -> None:
    pool = ThreadPool(4, name="lanes")
    lane = Lane(pool)
    order: list[int] = []
    inside = threading.Lock()
    overlapped: list[int] = []
    done = threading.Event()

    def job(number: int) -> None:
        if not inside.acquire(blocking=False):
            overlapped.append(number)
            return
        order.append(number)
        inside.release()

    for number in range(500):
        lane.put(partial(job, number))
    lane.put(done.set)
    assert done.wait(5)
    assert order == list(range(500))
    assert overlapped == []


def test_a_blocked_lane_blocks_no_other() -> None:
    pool = ThreadPool(2, name="lanes")
    blocked, free = Lane(pool), Lane(pool)
    go, done = threading.Event(), threading.Event()
    blocked.put(lambda: go.wait(5))
    free.put(done.set)
    assert done.wait(5)
    go.set()


def test_cleared_jobs_do_not_run() -> None:
    pool = ThreadPool(1, name="lanes")
    lane = Lane(pool)
    go, began, done = threading.Event(), threading.Event(), threading.Event()
    ran: list[int] = []

    def wait() -> None:
        began.set()
        go.wait(5)

    lane.put(wait)
    assert began.wait(5)
    lane.put(lambda: ran.append(1))
    assert lane.waiting == 1
    assert lane.clear() == 1
    lane.put(done.set)
    go.set()
    assert done.wait(5)
    assert ran == []
