"""What becomes of tools when the user speaks: those that run finish or are cancelled, those that wait do not act."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from agent_stub import Peer, Recorder, converse, until
from agentframework import ToolContext
from agentframework.session.settings import SessionSettings
from agentframework.session.worlds import Worlds
from agentframework.tools.tool import Tool, tool
from agentframework.workers.threads import ThreadPool

QUIET = SessionSettings(activity_interval=0)
INTERRUPTION = {"type": "interruption", "interruption_event": {"event_id": 1}}
TRANSCRIPT = {"type": "user_transcript", "user_transcription_event": {"user_transcript": "wait"}}
TENTATIVE = {
    "type": "tentative_user_transcript",
    "tentative_user_transcription_event": {"user_transcript": "wa", "event_id": 1},
}


class Slow:
    """A tool that runs until it is let go or told to stop."""

    def __init__(self) -> None:
        self.runs = threading.Event()
        self.go = threading.Event()
        self.stopped = threading.Event()

    def plain(self, context: ToolContext) -> str:
        """Runs on a thread."""
        self.runs.set()
        while not self.go.wait(0.001):
            if context.cancelled.is_set():
                self.stopped.set()
                break
        return "done"

    async def coroutine(self, context: ToolContext) -> str:
        """Runs on the loop."""
        self.runs.set()
        try:
            while not self.go.is_set():  # noqa: ASYNC110 - an event of threads
                await asyncio.sleep(0.001)
        except asyncio.CancelledError:
            self.stopped.set()
            assert context.cancelled.is_set()
            raise
        return "done"


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_a_call_finishes_although_the_user_interrupts_the_agent(kind: str) -> None:
    slow = Slow()

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call("slow", "a")
        await until(slow.runs.is_set)
        await peer.send(INTERRUPTION)
        await peer.ping(1)
        assert (await peer.receive())["type"] == "pong"
        slow.go.set()
        return await peer.receive()

    answer = converse(scenario, Tool("slow", getattr(slow, kind)), settings=QUIET)
    assert (answer["result"], answer["is_error"]) == ("done", False)
    assert not slow.stopped.is_set()


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_a_tool_that_asks_for_it_is_cancelled_by_an_interruption_and_answered_once(kind: str) -> None:
    slow, recorder = Slow(), Recorder()

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.call("slow", "a")
        await until(slow.runs.is_set)
        await peer.send(INTERRUPTION)
        answer = await peer.receive()
        await until(slow.stopped.is_set)
        await peer.ping(1)
        return [answer, await peer.receive()]

    stops = Tool("slow", getattr(slow, kind), on_interrupt="cancel")
    answer, pong = converse(scenario, stops, settings=QUIET, handlers=(recorder,))
    assert answer["result"] == "slow was stopped because the user spoke."
    assert answer["is_error"] is True
    assert pong["type"] == "pong"
    assert recorder.wait_for("tool_answered")[0].outcome == "interrupted"


def test_words_of_the_user_cancel_nothing_that_runs() -> None:
    slow = Slow()

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call("slow", "a")
        await until(slow.runs.is_set)
        await peer.send(TRANSCRIPT)
        slow.go.set()
        return await peer.receive()

    stops = Tool("slow", slow.plain, on_interrupt="cancel")
    assert converse(scenario, stops, settings=QUIET)["result"] == "done"


def hang_up_tool(ran: threading.Event, settle: float, *, is_async: bool = False) -> Tool[..., Any]:
    """A tool that ends the call, if nobody speaks before."""

    async def hang_up() -> str:
        ran.set()
        return "bye"

    def plain_hang_up() -> str:
        ran.set()
        return "bye"

    return Tool("hang_up", hang_up if is_async else plain_hang_up, settle=settle)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("spoken", [INTERRUPTION, TRANSCRIPT, TENTATIVE], ids=lambda message: message["type"])
def test_a_tool_that_waits_for_silence_does_not_act_when_the_user_speaks(
    spoken: dict[str, Any], is_async: bool
) -> None:
    ran = threading.Event()

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call("hang_up", "a")
        await peer.ping(1)
        await peer.receive()
        await asyncio.sleep(0.05)
        await peer.send(spoken)
        return await peer.receive()

    answer = converse(scenario, hang_up_tool(ran, 8, is_async=is_async), settings=QUIET)
    assert answer["result"].startswith("hang_up was not run because the user spoke.")
    assert not ran.is_set()


@pytest.mark.parametrize("is_async", [False, True])
def test_it_acts_after_the_silence(is_async: bool) -> None:
    ran = threading.Event()

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call("hang_up", "a")
        return await peer.receive()

    answer = converse(scenario, hang_up_tool(ran, 0.05, is_async=is_async), settings=QUIET)
    assert (answer["result"], ran.is_set()) == ("bye", True)


def test_arguments_are_checked_before_the_silence_is_waited_for() -> None:
    @tool(settle=30)
    def transfer(to: int) -> str:
        """Transfer."""
        return str(to)

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call("transfer", "a", {"to": "nobody"})
        return await peer.receive()

    assert "to: expected a whole number" in converse(scenario, transfer, settings=QUIET)["result"]


def test_the_deadline_counts_through_the_silence() -> None:
    ran = threading.Event()

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call("hang_up", "a")
        return await peer.receive()

    waits = hang_up_tool(ran, 30).with_options(timeout=0.1)
    assert "did not finish within 0.1 seconds" in converse(scenario, waits, settings=QUIET)["result"]
    assert not ran.is_set()


def test_words_that_are_spoken_while_the_arguments_are_checked_count_as_well() -> None:
    ran, checking, go = threading.Event(), threading.Event(), threading.Event()

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call("block", "b")
        await until(checking.is_set)
        await peer.call("hang_up", "a")
        await peer.send(TRANSCRIPT)
        await peer.ping(1)
        assert (await peer.receive())["type"] == "pong"
        go.set()
        answers = [await peer.receive(), await peer.receive()]
        return next(answer for answer in answers if answer["tool_call_id"] == "a")

    def block() -> None:
        """Fill the one thread there is."""
        checking.set()
        go.wait(30)

    worlds = Worlds(tools=ThreadPool(1, name="one"))
    tools = (Tool("block", block), hang_up_tool(ran, 0.01))
    answer = converse(scenario, *tools, settings=QUIET, worlds=worlds)
    assert answer["result"].startswith("hang_up was not run because the user spoke.")
    assert not ran.is_set()
