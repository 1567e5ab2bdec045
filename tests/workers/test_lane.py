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
