"""A session that is drained lets its calls finish, begins none, and then ends with the reason that was given."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, Recorder, agent, make_session, start
from agentframework.errors import StartError
from agentframework.session.reconnecting import ReconnectPolicy
from agentframework.session.session import Session
from agentframework.session.settings import SessionSettings
from agentframework.tools.tool import Tool

WHY = "the program was told to end"


def details_of(session: Session) -> tuple[str, str | None]:
    details = session.ended.result(PATIENCE)
    return details.reason, details.message


def test_calls_that_run_are_answered_and_those_that_come_are_refused_before_it_ends() -> None:
    running, go = threading.Event(), threading.Event()
    ran: list[str] = []

    def slow() -> str:
        running.set()
        go.wait(PATIENCE)
        return "finished"

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        await peer.call("slow", "a")
        assert await asyncio.to_thread(running.wait, PATIENCE)
        session.drain(PATIENCE, WHY)
        await peer.ping(1)
        pong = await peer.receive()  # the conversation goes on meanwhile
        await peer.call("quick", "b")
        refused = await peer.receive()
        go.set()
        return [pong, refused, *await peer.until_closed()]

    with agent(scenario) as served:
        recorder = Recorder()
        session = make_session(
            served.url, Tool("slow", slow), Tool("quick", lambda: ran.append("b")), handlers=(recorder,)
        )
        start(session)
        pong, refused, answer = served.wait()
        assert details_of(session) == ("user", WHY)
    assert pong["type"] == "pong"
    assert (refused["tool_call_id"], refused["is_error"]) == ("b", True)
    assert refused["result"] == "quick was not run because the conversation is ending."
    assert (answer["tool_call_id"], answer["result"]) == ("a", "finished")
    assert ran == []
    assert served.close_code == 1000
    assert [event.details.message for event in recorder.of("session_ended")] == [WHY]


def test_a_call_that_takes_too_long_is_answered_as_shut_down() -> None:
    running, go = threading.Event(), threading.Event()

    def slow() -> None:
        running.set()
        go.wait(PATIENCE)

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        await peer.call("slow", "a")
        assert await asyncio.to_thread(running.wait, PATIENCE)
        session.drain(0.05, WHY)
        return await peer.until_closed()

    with agent(scenario) as served:
        session = make_session(served.url, Tool("slow", slow))
        start(session)
        (answer,) = served.wait()
        assert details_of(session) == ("user", WHY)
    go.set()
    assert (answer["tool_call_id"], answer["is_error"]) == ("a", True)
    assert answer["result"] == "slow was stopped because the conversation is ending."


def test_without_a_call_it_ends_at_once() -> None:
    async def scenario(peer: Peer) -> None:
        await peer.open()
        await peer.until_closed()

    with agent(scenario) as served:
        session = make_session(served.url)
        start(session)
        session.drain(600, WHY)
        session.drain(600, "another reason")
        assert details_of(session) == ("user", WHY)


def test_an_end_does_not_wait_for_the_drain() -> None:
    running, go = threading.Event(), threading.Event()

    def slow() -> None:
        running.set()
        go.wait(PATIENCE)

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await peer.call("slow", "a")
        await peer.until_closed()

    with agent(scenario) as served:
        session = make_session(served.url, Tool("slow", slow))
        start(session)
        assert running.wait(PATIENCE)
        session.drain(600, WHY)
        session.end()
        assert details_of(session) == ("user", None)
    go.set()


def test_before_the_conversation_has_begun_it_is_an_end() -> None:
    came = threading.Event()

    async def mute(peer: Peer) -> None:
        await peer.receive()
        came.set()
        await peer.until_closed()

    with agent(mute) as served:
        session = make_session(served.url)
        starting = session.start()
        assert came.wait(PATIENCE)
        session.drain(600, WHY)
        with pytest.raises(StartError, match="ended before it had started"):
            starting.result(PATIENCE)
        assert details_of(session) == ("user", WHY)


def test_a_connection_that_is_lost_while_it_drains_is_not_made_again() -> None:
    running, go = threading.Event(), threading.Event()

    def slow() -> None:
        running.set()
        go.wait(PATIENCE)

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await peer.call("slow", "a")
        assert await asyncio.to_thread(running.wait, PATIENCE)
        session.drain(600, WHY)
        await peer.ping(1)
        await peer.receive()  # so that it drains by now
        peer.connection.transport.abort()

    with agent(scenario) as served:
        settings = SessionSettings(reconnect=ReconnectPolicy())
        session = make_session(served.url, Tool("slow", slow), settings=settings)
        start(session)
        details = session.ended.result(PATIENCE)
    go.set()
    assert (details.reason, details.close_code) == ("error", 1006)
