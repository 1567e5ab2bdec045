"""The pool: bounded, lazy, in order, and not to be had by jobs that never return."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest

from agentframework.workers.threads import ThreadPool

PATIENCE = 5


def until(condition: object) -> None:
    """Wait until `condition()` is true; fail after a while."""
    end = time.monotonic() + PATIENCE
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.001)


def test_making_a_pool_starts_no_thread() -> None:
    before = threading.active_count()
    assert ThreadPool(4, name="idle").threads == 0
    assert threading.active_count() == before


def test_jobs_run_on_daemon_threads_that_bear_the_pools_name() -> None:
    pool = ThreadPool(1, name="named")
    seen: list[threading.Thread] = []
    done = threading.Event()

    def job() -> None:
        seen.append(threading.current_thread())
        done.set()

    pool.submit(job)
    assert done.wait(PATIENCE)
    assert seen[0].daemon
    assert seen[0].name == "named-1"


def test_no_more_than_size_jobs_run_at_once_and_the_rest_wait_in_order() -> None:
    pool = ThreadPool(2, name="two")
    go, order = threading.Event(), list[int]()
    lock, finished = threading.Lock(), threading.Semaphore(0)

    def job(number: int) -> None:
        with lock:
            order.append(number)
        go.wait(PATIENCE)
        finished.release()

    for number in range(10):
        pool.submit(partial(job, number))
    until(lambda: len(order) == 2)
    assert pool.threads == 2
    assert pool.waiting == 8
    go.set()
    for _ in range(10):
        assert finished.acquire(timeout=PATIENCE)
    assert sorted(order) == list(range(10))
    assert pool.threads == 2


def test_a_thread_that_is_idle_is_used_again() -> None:
    pool = ThreadPool(8, name="lazy")
    for _ in range(20):
        done = threading.Event()
        pool.submit(done.set)
        assert done.wait(PATIENCE)
        until(lambda: len(pool._parked) == pool.threads)
    assert pool.threads == 1


def test_a_job_that_raises_is_logged_and_the_thread_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    pool = ThreadPool(1, name="raising")
    done = threading.Event()

    def bad() -> None:
        raise SystemExit(3)

    pool.submit(bad)
    pool.submit(done.set)
    assert done.wait(PATIENCE)
    assert "SystemExit" in caplog.text


def test_an_abandoned_job_that_waits_never_runs() -> None:
    pool = ThreadPool(1, name="waiting")
    go, ran = threading.Event(), list[int]()
    pool.submit(partial(go.wait, PATIENCE))
    ticket = pool.submit(partial(ran.append, 1))
    assert ticket.abandon() is False
    done = threading.Event()
    pool.submit(done.set)
    go.set()
    assert done.wait(PATIENCE)
    assert ran == []


def test_hung_jobs_that_are_given_up_do_not_keep_others_from_running() -> None:
    pool = ThreadPool(2, name="hung")
    go = threading.Event()
    running = threading.Semaphore(0)

    def hang() -> None:
        running.release()
        go.wait(PATIENCE)

    tickets = [pool.submit(hang), pool.submit(hang)]
    for _ in tickets:
        assert running.acquire(timeout=PATIENCE)
    done = threading.Event()
    pool.submit(done.set)
    assert not done.is_set()
    assert [ticket.abandon() for ticket in tickets] == [True, True]
    assert done.wait(PATIENCE)
    assert pool.zombies == 2
    go.set()
    until(lambda: pool.zombies == 0)
    assert pool.threads <= pool.size


def test_beyond_the_cap_of_zombies_no_replacement_is_started() -> None:
    pool = ThreadPool(1, name="capped", max_zombies=1)
    go = threading.Event()
    running = threading.Semaphore(0)

    def hang() -> None:
        running.release()
        go.wait(PATIENCE)

    for _ in range(2):
        ticket = pool.submit(hang)
        assert running.acquire(timeout=PATIENCE)
        assert ticket.abandon()
    done = threading.Event()
    pool.submit(done.set)
    assert pool.threads == 0
    assert not done.is_set()
    go.set()
    assert done.wait(PATIENCE)


def test_a_finished_job_cannot_be_given_up() -> None:
    pool = ThreadPool(1, name="finished")
    done = threading.Event()
    ticket = pool.submit(done.set)
    assert done.wait(PATIENCE)
    until(lambda: ticket.state == "done")
    assert ticket.abandon() is False
    assert pool.zombies == 0


def test_a_pool_without_threads_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ThreadPool(0, name="none")


def test_a_job_never_waits_behind_one_that_blocks_while_threads_are_free() -> None:
    """Each job waits for the one after it: done only if every job that waits gets a thread of its own."""
    pool = ThreadPool(8, name="chain")
    for _ in range(200):
        gates = [threading.Event() for _ in range(8)]
        passed = threading.Semaphore(0)

        def job(number: int, gates: list[threading.Event], passed: threading.Semaphore) -> None:
            if number + 1 < len(gates):
                gates[number + 1].wait(PATIENCE)
            gates[number].set()
            passed.release()

        for number in range(8):
            pool.submit(partial(job, number, gates, passed))
        for _ in gates:
            assert passed.acquire(timeout=PATIENCE)


def test_jobs_of_many_submitters_are_all_done_once() -> None:
    pool = ThreadPool(3, name="many")
    counts = [0] * 4_000
    done = threading.Semaphore(0)

    def job(number: int) -> None:
        counts[number] += 1
        done.release()

    def submit(first: int) -> None:
        for number in range(first, first + 500):
            pool.submit(partial(job, number))

    submitters = [threading.Thread(target=submit, args=(first,)) for first in range(0, 4_000, 500)]
    for submitter in submitters:
        submitter.start()
    for submitter in submitters:
        submitter.join(PATIENCE)
    for _ in counts:
        assert done.acquire(timeout=PATIENCE)
    assert set(counts) == {1}
    assert pool.threads <= 3


def test_given_up_jobs_are_not_counted_among_those_that_wait() -> None:
    pool = ThreadPool(1, name="given-up")
    go, done = threading.Event(), threading.Event()
    pool.submit(partial(go.wait, PATIENCE))
    tickets = [pool.submit(lambda: None) for _ in range(5)]
    pool.submit(done.set)
    for ticket in tickets:
        assert ticket.abandon() is False
    until(lambda: pool.waiting == 1)
    go.set()
    assert done.wait(PATIENCE)
    until(lambda: pool.waiting == 0)


def test_where_the_system_gives_no_thread_the_others_do_the_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pool = ThreadPool(4, name="poor")
    go, done = threading.Event(), threading.Event()
    pool.submit(partial(go.wait, PATIENCE))
    until(lambda: not pool.waiting)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        pool.submit(done.set)
    assert "no further thread can be started beside 1" in caplog.text
    go.set()
    assert done.wait(PATIENCE)
