"""A loop thread starts with its first user, stops with its last, and takes calls in batches."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time

import pytest

from agentframework.loopthread import LoopThread, Mailbox


def call(mailbox: Mailbox, function: object) -> object:
    """What `function()` gives on the loop."""
    done = threading.Event()
    result: list[object] = []

    def run() -> None:
        result.append(function())  # type: ignore[operator]
        done.set()

    mailbox.post(run)
    assert done.wait(5)
    return result[0]


def test_making_one_starts_no_thread() -> None:
    before = threading.active_count()
    assert LoopThread("idle").thread is None
    assert threading.active_count() == before


def test_it_runs_on_a_daemon_thread_of_its_name() -> None:
    wire = LoopThread("named")
    mailbox = wire.acquire()
    try:
        assert call(mailbox, lambda: threading.current_thread().name) == "named"
        assert call(mailbox, lambda: threading.current_thread().daemon) is True
    finally:
        wire.join()


def test_the_last_release_stops_it_and_the_next_acquire_starts_another() -> None:
    wire = LoopThread("again")
    first, second = wire.acquire(), wire.acquire()
    assert first is second
    thread = wire.thread
    assert thread is not None
    wire.release()
    assert thread.is_alive()
    wire.release()
    thread.join(5)
    assert not thread.is_alive()
    third = wire.acquire()
    assert third is not first
    assert call(third, lambda: 1) == 1
    wire.join()


def test_a_burst_wakes_the_loop_once() -> None:
    """A hundred calls that are handed over while the loop is busy arrive together, in order."""
    wire = LoopThread("burst")
    mailbox = wire.acquire()
    wakes: list[int] = []
    original = mailbox.loop.call_soon_threadsafe

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(mailbox_loop, name)

        def call_soon_threadsafe(self, *args: object) -> object:
            wakes.append(1)
            return original(*args)  # type: ignore[arg-type]

    mailbox_loop = mailbox.loop
    mailbox.loop = Counting()  # type: ignore[assignment]
    busy, go, order = threading.Event(), threading.Event(), list[int]()
    finished = threading.Event()

    def wait() -> None:
        busy.set()
        go.wait(5)

    mailbox.post(wait)
    assert busy.wait(5)
    for number in range(100):
        mailbox.post(order.append, number)
    mailbox.post(finished.set)
    go.set()
    assert finished.wait(5)
    assert order == list(range(100))
    assert len(wakes) == 1  # a loop that is awake need not be woken
    mailbox.loop = mailbox_loop
    wire.join()


def test_what_is_deferred_comes_once_after_the_burst_and_at_once_outside_of_one() -> None:
    wire = LoopThread("deferring")
    mailbox = wire.acquire()
    order: list[str] = []

    def ask(name: str) -> None:
        order.append(name)
        mailbox.defer(flush)

    def flush() -> None:
        order.append("flush")

    def burst() -> None:
        for name in ("a", "b", "c"):
            mailbox.post(ask, name)
        mailbox.loop.call_later(0.05, ask, "alone")
        mailbox.loop.call_later(0.1, over.set)

    over = threading.Event()
    mailbox.post(burst)
    assert over.wait(5)
    assert order == ["a", "b", "c", "flush", "alone", "flush"]
    wire.join()


def test_what_is_posted_while_a_burst_is_delivered_is_delivered_too() -> None:
    wire = LoopThread("nested")
    mailbox = wire.acquire()
    order: list[int] = []
    over = threading.Event()

    def count(number: int) -> None:
        order.append(number)
        if number < 50:
            mailbox.post(count, number + 1)
        else:
            over.set()

    mailbox.post(count, 0)
    assert over.wait(5)
    assert order == list(range(51))
    wire.join()


def test_none_of_the_calls_of_many_threads_is_forgotten() -> None:
    """The moment in which a loop goes to sleep is the one in which a call could be left lying."""
    wire = LoopThread("many")
    mailbox = wire.acquire()
    arrived: list[int] = []
    over = threading.Event()

    def count() -> None:
        arrived.append(1)
        if len(arrived) == 4 * 2_000:
            over.set()

    def post() -> None:
        for _ in range(2_000):
            mailbox.post(count)

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert over.wait(20)
    for thread in threads:
        thread.join()
    wire.join()


def test_a_call_that_fails_stops_none_of_the_others(caplog: pytest.LogCaptureFixture) -> None:
    wire = LoopThread("failing")
    mailbox = wire.acquire()
    mailbox.post(lambda: 1 / 0)
    assert call(mailbox, lambda: "alive") == "alive"
    wire.join()
    assert "ZeroDivisionError" in caplog.text


def test_a_closed_loop_says_so() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    with pytest.raises(RuntimeError):
        Mailbox(loop).post(print)


def test_tasks_that_still_run_are_cancelled_when_it_stops() -> None:
    wire = LoopThread("cancelling")
    mailbox = wire.acquire()
    cancelled = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    keep = call(mailbox, lambda: asyncio.ensure_future(forever()))
    assert keep is not None
    call(mailbox, lambda: None)
    wire.join()
    assert cancelled.is_set()


def test_the_exit_of_the_process_waits_at_most_a_second_for_a_blocked_loop() -> None:
    program = (
        "import time; from agentframework.loopthread import LoopThread\n"
        "wire = LoopThread('blocked'); wire.acquire().post(time.sleep, 600); time.sleep(0.05)\n"
    )
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)
    assert time.monotonic() - began < 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_process_starts_its_own() -> None:
    program = (
        "import os, threading; from agentframework.loopthread import LoopThread\n"
        "wire = LoopThread('parent'); wire.acquire()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    done = threading.Event(); wire.acquire().post(done.set); os._exit(0 if done.wait(5) else 1)\n"
        "raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program], check=False, timeout=20
    )
    assert ran.returncode == 0


def test_what_a_coroutine_gives_to_threads_is_bounded_runs_there_and_comes_back() -> None:
    together, names = threading.Barrier(32), set[str]()

    def work(number: int) -> int:
        if number < 32:
            together.wait(10)
        names.add(threading.current_thread().name)
        if number == 50:
            raise ValueError(number)
        return number

    async def fan_out() -> list[int | BaseException]:
        calls = (asyncio.to_thread(work, number) for number in range(100))
        return await asyncio.gather(*calls, return_exceptions=True)

    runner = LoopThread("test-executor")
    mailbox = runner.acquire()
    results = asyncio.run_coroutine_threadsafe(fan_out(), mailbox.loop).result(10)
    assert [one for one in results if isinstance(one, int)] == [*range(50), *range(51, 100)]
    assert isinstance(results[50], ValueError)
    assert len(names) == 32
    threads = [thread for thread in threading.enumerate() if thread.name in names]
    runner.join()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_the_exit_does_not_wait_for_a_thread_that_a_coroutine_has_started() -> None:
    program = """
import asyncio, threading, time
from agentframework.loopthread import LoopThread
began = threading.Event()
mailbox = LoopThread("x").acquire()
coroutine = asyncio.to_thread(lambda: (began.set(), time.sleep(600)))
asyncio.run_coroutine_threadsafe(coroutine, mailbox.loop)
began.wait(10)
print("over")
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=25, check=True
    )
    assert ran.stdout == "over\n"
