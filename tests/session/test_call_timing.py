"""When calls end, and what is said on the way: deadlines, late results, progress, signs of activity."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import Any

import pytest

from agent_stub import Peer, Recorder, converse, still_there, until
from agentframework import ToolContext
from agentframework.session.deadlines import within
from agentframework.session.settings import SessionSettings
from agentframework.tools.tool import Tool, tool

QUIET = SessionSettings(activity_interval=0)


async def announce(peer: Peer, name: str, call_id: str, seconds: int) -> None:
    """The agent says how long it will wait for a call."""
    request = {
        "tool_name": name,
        "tool_call_id": call_id,
        "tool_type": "client",
        "response_timeout_secs": seconds,
    }
    await peer.send({"type": "agent_tool_request", "agent_tool_request": request})


async def answers_only(peer: Peer, count: int) -> list[dict[str, Any]]:
    """So many answers, and nothing of what comes between."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        message = await peer.receive()
        found += [message] if message["type"] == "client_tool_result" else []
    return found


def seconds_left(tool_context: ToolContext) -> float:
    """How long a call has from its receipt, as the tool sees it, to the half second."""
    return round((tool_context.deadline - time.monotonic()) * 2) / 2


@pytest.mark.parametrize(("declared", "kept"), [(20, 18), (10, 8), (5, 3), (4, 2), (3, 1.5), (1, 0.5)])
def test_two_seconds_are_kept_for_the_way_back_and_never_more_than_half(declared: float, kept: float) -> None:
    assert within(declared) == kept


@pytest.mark.parametrize(
    ("own", "announced", "seconds"),
    [(None, None, 15.0), (None, 10, 8.0), (3, 10, 3.0), (60, -1, 60.0), (60, 120, 60.0), (None, 1, 0.5)],
)
def test_a_call_has_the_least_of_its_own_time_and_what_the_agents_wait_leaves(
    own: float | None, announced: int | None, seconds: float
) -> None:
    async def scenario(peer: Peer) -> dict[str, Any]:
        if announced is not None:
            await announce(peer, "left", "a", announced)
        await peer.call("left", "a")
        return (await answers_only(peer, 1))[0]

    answer = converse(scenario, Tool("left", seconds_left, timeout=own), settings=QUIET)
    assert float(answer["result"]) == seconds


def test_what_the_agent_waits_is_for_that_call_alone() -> None:
    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await announce(peer, "left", "a", 10)
        await peer.call("left", "a")
        first = await answers_only(peer, 1)
        await peer.call("left", "b")
        return first + await answers_only(peer, 1)

    first, second = converse(scenario, Tool("left", seconds_left), settings=QUIET)
    assert (first["result"], second["result"]) == ("8.0", "15.0")


def test_a_limit_that_was_declared_counts_without_a_word_from_the_agent() -> None:
    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call("left", "a")
        return (await answers_only(peer, 1))[0]

    settings = SessionSettings(declared_limits={"left": 6.0})
    assert converse(scenario, Tool("left", seconds_left), settings=settings)["result"] == "4.0"


def test_a_wait_that_is_too_short_for_the_tool_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(peer: Peer) -> None:
        for call_id in ("a", "b", "c"):
            await announce(peer, "left", call_id, 5)
            await peer.call("left", call_id)
        await answers_only(peer, 3)

    converse(scenario, Tool("left", seconds_left), settings=QUIET)
    warned = [record.getMessage() for record in caplog.records if "waits 5 s only" in record.getMessage()]
    assert len(warned) == 1
    assert "tool left may take 15 s here" in warned[0]
    assert "response_timeout_secs" in warned[0]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_late_result_is_told_as_context_where_the_tool_asks_for_it(is_async: bool) -> None:
    go = threading.Event()
    recorder = Recorder()

    def book() -> str:
        go.wait(30)
        return "booked"

    async def abook() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "booked"
        return "never"

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.call("book", "a")
        answer = await peer.receive()
        go.set()
        return [answer, await peer.receive()]

    handler: Any = abook if is_async else book
    late = Tool("book", handler, timeout=0.1, late_result="context")
    answer, update = converse(scenario, late, handlers=(recorder,), settings=QUIET)
    assert answer["is_error"] is True
    assert "did not finish" in answer["result"]
    assert update["type"] == "contextual_update"
    assert update["text"] == "The call of book that took too long has finished meanwhile: booked"
    event = recorder.wait_for("tool_finished_late")[0]
    assert (event.call_id, event.outcome, event.text, event.told) == ("a", "ok", "booked", True)


def test_a_late_result_is_only_recorded_unless_the_tool_asks_for_more() -> None:
    go = threading.Event()
    recorder = Recorder()

    async def scenario(peer: Peer) -> None:
        await peer.call("book", "a")
        await peer.receive()
        go.set()
        await until(lambda: bool(recorder.of("tool_finished_late")))
        await peer.ping(1)
        assert (await peer.receive())["type"] == "pong"

    converse(
        scenario,
        Tool("book", lambda: go.wait(30), timeout=0.1),
        handlers=(recorder,),
        settings=QUIET,
    )
    assert recorder.of("tool_finished_late")[0].told is False


def test_progress_is_told_as_context_from_threads_and_coroutines_and_moves_no_deadline() -> None:
    seen = threading.Event()

    @tool(timeout=0.4)
    def count(context: ToolContext) -> None:
        """Count."""
        context.progress("half of it")
        while not context.cancelled.wait(0.001):
            context.progress("and on and on")
        seen.set()

    @tool
    async def acount(context: ToolContext) -> str:
        """Count."""
        await context.progress("one \u2026")
        context.progress("two")
        return "done"

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.call("count", "a")
        first = [await peer.receive(), await peer.receive()]
        await still_there(peer, 1)
        return first

    said, answer = converse(scenario, count, acount, settings=QUIET)
    assert said["type"] == "contextual_update"
    assert said["text"] in ("count is still running: half of it", "count is still running: and on and on")
    assert "did not finish within 0.4 seconds" in answer["result"]
    assert seen.wait(10)

    async def other(peer: Peer) -> list[dict[str, Any]]:
        await peer.call("acount", "a")
        return [await peer.receive(), await peer.receive()]

    both = converse(other, count, acount, settings=QUIET)
    assert [message["type"] for message in both] == ["contextual_update", "client_tool_result"]


def test_at_most_one_progress_a_second_is_told_and_it_is_the_newest() -> None:
    told: list[str] = []
    heard, go = threading.Event(), threading.Event()

    @tool
    def count(context: ToolContext) -> str:
        """Count."""
        context.progress("0")
        heard.wait(30)
        for number in range(1, 1000):
            context.progress(f"{number}")
        go.wait(30)
        return "done"

    async def scenario(peer: Peer) -> None:
        await peer.call("count", "a")
        while len(told) < 2:
            told.append((await peer.receive())["text"])
            heard.set()
        go.set()
        await answers_only(peer, 1)

    converse(scenario, count, settings=QUIET)
    assert told == ["count is still running: 0", "count is still running: 999"]


def test_while_a_tool_runs_the_agent_is_told_that_somebody_is_there_and_not_after() -> None:
    go = threading.Event()

    async def scenario(peer: Peer) -> None:
        await peer.call("slow", "a")
        for _ in range(3):
            assert await peer.receive() == {"type": "user_activity"}
        go.set()
        rest: list[dict[str, Any]] = []
        while not rest or rest[-1]["type"] != "client_tool_result":
            rest.append(await peer.receive())
        await asyncio.sleep(0.2)
        await peer.ping(1)
        assert (await peer.receive())["type"] == "pong"

    converse(scenario, Tool("slow", lambda: go.wait(30)), settings=SessionSettings(activity_interval=0.05))


def test_calls_that_are_quick_need_no_sign_of_activity() -> None:
    async def scenario(peer: Peer) -> list[str]:
        kinds = []
        for number in range(20):
            await peer.call("quick", str(number))
            kinds.append((await peer.receive())["type"])
            await asyncio.sleep(0.02)
        return kinds

    kinds = converse(scenario, Tool("quick", lambda: 1), settings=SessionSettings(activity_interval=0.2))
    assert set(kinds) == {"client_tool_result"}


def test_a_session_has_one_state_for_the_tools_of_an_owner_and_no_other_session_sees_it() -> None:
    @tool
    def add(number: int, context: ToolContext) -> list[int]:
        """Add."""
        context.state.setdefault("numbers", []).append(number)
        numbers: list[int] = context.state["numbers"]
        return numbers

    @tool
    def who(context: ToolContext) -> list[str]:
        """Who."""
        return [context.session_id, context.conversation_id, context.call_id]

    async def scenario(peer: Peer) -> list[str]:
        results = []
        for number in (1, 2):
            await peer.call("add", f"add{number}", {"number": number})
            results.append((await peer.receive())["result"])
        await peer.call("who", "w")
        return [*results, (await peer.receive())["result"]]

    first = converse(scenario, add, who, settings=QUIET)
    second = converse(scenario, add, who, settings=QUIET)
    assert first[:2] == second[:2] == ["[1]", "[1,2]"]
    assert first[2] != second[2]
    assert first[2].endswith(',"conv_1","w"]')


def test_the_logger_of_a_call_names_the_tool_and_the_call(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    @tool
    def speak(context: ToolContext) -> None:
        """Speak."""
        context.logger.info("went %s", "well")

    async def scenario(peer: Peer) -> None:
        await peer.call("speak", "call\n%s \x1b[31m")
        await peer.receive()

    converse(scenario, speak, settings=QUIET)
    record = next(one for one in caplog.records if one.name == "agentframework.tools.speak")
    assert record.getMessage() == "[call??s???31m] went well"
