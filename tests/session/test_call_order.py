"""How many calls run at once, in which order, and who need not wait for whom."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from agent_stub import Peer, agent, converse, eventually, finish, make_session, start, still_there, until
from agentframework.session.settings import SessionSettings
from agentframework.session.worlds import Worlds, tool_threads
from agentframework.tools.tool import Tool
from agentframework.workers.threads import ThreadPool

QUIET = SessionSettings(activity_interval=0)


class Gauge:
    """A tool that counts how many of its calls run, and lets them go one by one."""

    def __init__(self) -> None:
        self.order: list[int] = []
        self.running = 0
        self.most = 0
        self._lock = threading.Lock()
        self._go = threading.Semaphore(0)

    def plain(self, number: int) -> int:
        """Runs on a thread."""
        self._enter(number)
        self._go.acquire(timeout=30)
        self._leave()
        return number

    async def coroutine(self, number: int) -> int:
        """Runs on the loop."""
        self._enter(number)
        while not self._go.acquire(blocking=False):  # noqa: ASYNC110 - a semaphore of threads
            await asyncio.sleep(0.001)
        self._leave()
        return number

    def let_go(self, count: int = 1) -> None:
        """Let so many calls end."""
        self._go.release(count)

    def _enter(self, number: int) -> None:
        with self._lock:
            self.order.append(number)
            self.running += 1
            self.most = max(self.most, self.running)

    def _leave(self) -> None:
        with self._lock:
            self.running -= 1


async def call_all(peer: Peer, name: str, count: int) -> None:
    """So many calls at once, numbered."""
    for number in range(count):
        await peer.call(name, f"{name}{number}", {"number": number})


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_calls_of_a_serial_tool_run_one_at_a_time_in_the_order_in_which_they_came(kind: str) -> None:
    gauge = Gauge()

    async def scenario(peer: Peer) -> list[str]:
        await call_all(peer, "step", 20)
        gauge.let_go(20)
        return [(await peer.receive())["result"] for _ in range(20)]

    results = converse(scenario, Tool("step", getattr(gauge, kind), serial=True), settings=QUIET)
    assert results == [str(number) for number in range(20)]
    assert (gauge.order, gauge.most) == (list(range(20)), 1)


def test_tools_that_share_a_key_share_the_order() -> None:
    gauge = Gauge()

    async def scenario(peer: Peer) -> list[str]:
        for number in range(10):
            await peer.call(f"tool{number % 2}", str(number), {"number": number})
        gauge.let_go(10)
        return [(await peer.receive())["tool_call_id"] for _ in range(10)]

    tools = [Tool(f"tool{number}", gauge.plain, serial="lamp") for number in range(2)]
    assert converse(scenario, *tools, settings=QUIET) == [str(number) for number in range(10)]
    assert gauge.most == 1


def test_no_more_calls_of_a_tool_run_than_it_allows_and_none_is_lost() -> None:
    gauge = Gauge()

    async def scenario(peer: Peer) -> set[str]:
        await call_all(peer, "query", 12)
        await until(lambda: gauge.running == 3)
        await still_there(peer, 1)
        assert gauge.running == 3
        gauge.let_go(12)
        return {(await peer.receive())["result"] for _ in range(12)}

    results = converse(scenario, Tool("query", gauge.plain, max_concurrency=3), settings=QUIET)
    assert results == {str(number) for number in range(12)}
    assert gauge.most == 3


def test_no_more_calls_of_a_conversation_run_than_its_settings_allow() -> None:
    gauge = Gauge()

    async def scenario(peer: Peer) -> None:
        await call_all(peer, "a", 4)
        await call_all(peer, "b", 4)
        await until(lambda: gauge.running == 2)
        gauge.let_go(8)
        for _ in range(8):
            await peer.receive()

    tools = (Tool("a", gauge.plain), Tool("b", gauge.plain))
    converse(scenario, *tools, settings=SessionSettings(activity_interval=0, max_running=2))
    assert gauge.most == 2


def test_a_call_that_waits_for_its_place_is_answered_at_its_deadline_and_never_runs() -> None:
    gauge = Gauge()

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call("slow", "a", {"number": 1})
        await until(lambda: gauge.running == 1)
        await peer.call("quick", "b", {"number": 2})
        answer = await peer.receive()
        gauge.let_go(2)
        assert (await peer.receive())["tool_call_id"] == "a"
        await still_there(peer, 1)
        return answer

    slow = Tool("slow", gauge.plain, serial="one")
    quick = Tool("quick", gauge.plain, serial="one", timeout=0.1)
    answer = converse(scenario, slow, quick, settings=QUIET)
    assert (answer["tool_call_id"], "did not finish" in answer["result"]) == ("b", True)
    assert gauge.order == [1]


def test_a_tool_that_hangs_in_all_its_places_is_answered_busy_at_once() -> None:
    gauge = Gauge()

    async def scenario(peer: Peer) -> list[str]:
        texts = []
        for call_id in ("a", "b"):
            await peer.call("hangs", call_id, {"number": 1})
            texts.append((await peer.receive())["result"])
        gauge.let_go()
        await until(lambda: gauge.running == 0)
        gauge.let_go()
        await still_there(peer, 1)
        await peer.call("hangs", "c", {"number": 3})
        return [*texts, (await peer.receive())["result"]]

    hangs = Tool("hangs", gauge.plain, max_concurrency=1, timeout=0.3)
    first, second, third = converse(scenario, hangs, settings=QUIET)
    assert "did not finish" in first
    assert "earlier calls that took too long still hold it up" in second
    assert third == "3"


def test_a_light_tool_answers_while_heavy_ones_fill_the_threads() -> None:
    gauge = Gauge()

    async def scenario(peer: Peer) -> str:
        await call_all(peer, "heavy", 20)
        await until(lambda: gauge.running == 2)
        await peer.call("light", "l", {})
        answer = await peer.receive()
        gauge.let_go(20)
        for _ in range(20):
            await peer.receive()
        return str(answer["tool_call_id"])

    worlds = Worlds(tools=tool_threads(3, reserved=1))
    light = Tool("light", lambda: "here", light=True)
    assert converse(scenario, Tool("heavy", gauge.plain), light, settings=QUIET, worlds=worlds) == "l"
    assert gauge.most == 2


def test_a_conversation_whose_tools_hang_leaves_threads_to_the_others() -> None:
    gauge, served = Gauge(), threading.Event()

    async def hog(peer: Peer) -> None:
        await peer.open()
        await call_all(peer, "hangs", 50)
        await until(served.is_set)

    async def other(peer: Peer) -> str:
        await peer.call("quick", "q")
        return str((await peer.receive())["result"])

    worlds = Worlds(tools=tool_threads(8, reserved=0))
    with agent(hog) as hogged:
        session = make_session(hogged.url, Tool("hangs", gauge.plain), settings=QUIET, worlds=worlds)
        start(session)
        assert eventually(lambda: gauge.running == 7)
        quick = Tool("quick", lambda: "here")
        assert converse(other, quick, settings=QUIET, worlds=worlds) == "here"
        served.set()
        hogged.wait()
        gauge.let_go(50)
        finish(session)
    assert gauge.most == 7


def test_where_hung_threads_are_replaced_no_more_the_answer_is_busy_and_later_it_is_not() -> None:
    gauge = Gauge()

    async def scenario(peer: Peer) -> list[str]:
        texts = []
        for number in range(4):
            await peer.call("hangs", f"hang{number}", {"number": number})
            texts.append((await peer.receive())["result"])
        gauge.let_go(3)
        await until(lambda: gauge.running == 0 and pool.zombies == 0)
        gauge.let_go()
        await peer.call("hangs", "well", {"number": 9})
        return [*texts, (await peer.receive())["result"]]

    pool = ThreadPool(1, name="few", max_zombies=2)
    hangs = Tool("hangs", gauge.plain, timeout=0.3)
    *hung, well = converse(scenario, hangs, settings=QUIET, worlds=Worlds(tools=pool))
    assert "did not finish" in hung[0]
    assert "Too many tool calls are open" in hung[-1]
    assert well == "9"


def test_a_call_that_timed_out_before_a_thread_took_it_keeps_no_place() -> None:
    gauge = Gauge()

    async def scenario(peer: Peer) -> list[str]:
        await peer.call("slow", "slow", {"number": 1})
        await until(lambda: gauge.running == 1)
        await peer.call("step", "late", {"number": 2})
        texts = [(await peer.receive())["result"]]
        gauge.let_go(2)
        await peer.receive()
        await peer.call("step", "next", {"number": 3})
        return [*texts, (await peer.receive())["result"]]

    slow = Tool("slow", gauge.plain)
    step = Tool("step", gauge.plain, serial=True, timeout=0.1)
    worlds = Worlds(tools=ThreadPool(1, name="one"))
    late, following = converse(scenario, slow, step, settings=QUIET, worlds=worlds)
    assert "did not finish" in late
    assert (following, gauge.order) == ("3", [1, 3])
