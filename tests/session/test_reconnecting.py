"""A session that loses its connection makes another one where it may, and mixes nothing of the two."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_stub import PATIENCE, Peer, Recorder, agent, eventually, finish, make_session, start, until
from agentframework.callbacks import Callbacks, DisconnectionDetails, Reconnected
from agentframework.errors import AuthError, NotFoundError, RestError
from agentframework.protocol.ledger import Outcome
from agentframework.protocol.messages import ContextualUpdateMessage, UserMessage
from agentframework.session.ending import Ending
from agentframework.session.reconnecting import ReconnectPolicy, is_worth_another_try
from agentframework.session.settings import SessionSettings
from agentframework.tools.tool import Tool
from agentframework.transports.base import TransportClosedError, TransportRefusedError

AT_ONCE = ReconnectPolicy(attempts=3, first_delay=0.01, max_delay=0.02)
SETTINGS = SessionSettings(reconnect=AT_ONCE)

Scenario = Callable[[Peer], Awaitable[object]]


def in_turn(*scenarios: Scenario) -> Scenario:
    """A scenario that plays the first for the first connection, the second for the next, and so on."""
    waiting = list(scenarios)

    async def scenario(peer: Peer) -> object:
        return await waiting.pop(0)(peer)

    return scenario


async def cut_off(peer: Peer) -> None:
    """Accept, then drop the connection without a close frame."""
    await peer.open("conv_1")
    peer.connection.transport.abort()


def closing_with(code: int, reason: str = "") -> Scenario:
    async def scenario(peer: Peer) -> None:
        await peer.open("conv_1")
        await peer.connection.close(code, reason)

    return scenario


async def stay(peer: Peer) -> list[dict[str, Any]]:
    """Accept under another id, and stay till the client closes; what it sent."""
    opening = await peer.open("conv_2")
    return [opening, *await peer.until_closed()]


def types(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["type"] for frame in frames]


@pytest.mark.parametrize("code", [1001, 1011, 1012, 1013])
def test_a_server_that_restarts_is_called_again(code: int) -> None:
    recorder = Recorder()
    with agent(in_turn(closing_with(code), stay)) as served:
        session = make_session(served.url, handlers=(recorder,), settings=SETTINGS)
        assert start(session) == "conv_1"
        [event] = recorder.wait_for("reconnected")
        assert finish(session).reason == "user"
    assert (event.conversation_id, event.previous_conversation_id, event.attempts) == ("conv_2", "conv_1", 1)
    [lost] = recorder.of("reconnecting")
    assert (lost.attempt, lost.details.close_code) == (1, code)
    assert session.conversation_id == "conv_2"
    assert [one.details.reason for one in recorder.of("session_ended")] == ["user"]
    assert len(recorder.of("session_started")) == 1


def test_a_broken_connection_is_made_again_with_the_same_opening() -> None:
    recorder = Recorder()
    with agent(in_turn(cut_off, stay)) as served:
        session = make_session(served.url, handlers=(recorder,), settings=SETTINGS)
        start(session)
        recorder.wait_for("reconnected")
        assert recorder.of("reconnecting")[0].details.close_code == 1006
        finish(session)
        assert types(served.wait(2)) == ["conversation_initiation_client_data"]


def test_without_a_policy_a_broken_connection_is_the_end() -> None:
    recorder = Recorder()
    with agent(cut_off) as served:
        session = make_session(served.url, handlers=(recorder,))
        start(session)
        assert session.ended.result(PATIENCE).close_code == 1006
    assert recorder.of("reconnecting") == []


@pytest.mark.parametrize(
    ("code", "reason"), [(1000, "agent"), (1008, "error"), (1002, "error"), (4300, "error")]
)
def test_what_was_meant_is_not_tried_again(code: int, reason: str) -> None:
    recorder = Recorder()
    with agent(closing_with(code)) as served:
        session = make_session(served.url, handlers=(recorder,), settings=SETTINGS)
        start(session)
        details = session.ended.result(PATIENCE)
    assert (details.reason, details.close_code) == (reason, code)
    assert recorder.of("reconnecting") == []


def test_a_start_that_fails_is_told_at_once() -> None:
    async def refuse(peer: Peer) -> None:
        peer.connection.transport.abort()

    recorder = Recorder()
    with agent(refuse) as served:
        session = make_session(served.url, handlers=(recorder,), settings=SETTINGS)
        session.start()
        assert session.ended.result(PATIENCE).phase == "start"
    assert recorder.of("reconnecting") == []


def test_the_attempts_have_an_end_which_is_told() -> None:
    recorder = Recorder()
    with agent(cut_off) as served:
        session = make_session(served.url, handlers=(recorder,), settings=SETTINGS)
        start(session)
        details = session.ended.result(PATIENCE)
    assert [one.attempt for one in recorder.of("reconnecting")] == [1, 2, 3]
    assert (details.reason, details.close_code) == ("error", 1006)
    assert "the connection was lost, and making another was tried 3 times" in (details.message or "")


def test_a_server_that_is_gone_is_tried_as_often_as_was_said() -> None:
    recorder = Recorder()
    with agent(closing_with(1012)) as served:
        session = make_session(served.url, handlers=(recorder,), settings=SETTINGS)
        start(session)
    details = session.ended.result(PATIENCE)
    assert "tried 3 times; the last time: cannot connect to" in (details.message or "")
    assert len(recorder.of("reconnecting")) == 3


def test_a_connection_that_was_stable_begins_a_new_row_of_attempts() -> None:
    recorder = Recorder()
    policy = ReconnectPolicy(attempts=1, first_delay=0, max_delay=0, stable_after=0)
    with agent(in_turn(cut_off, cut_off, cut_off, stay)) as served:
        session = make_session(served.url, handlers=(recorder,), settings=SessionSettings(reconnect=policy))
        start(session)
        recorder.wait_for("reconnected", 3)
        finish(session)
    assert [one.attempt for one in recorder.of("reconnecting")] == [1, 1, 1]


def test_a_result_of_the_old_connection_is_never_sent_on_the_new_one() -> None:
    begun, release, ended = threading.Event(), threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        release.wait(PATIENCE)
        ended.set()
        return "the old result"

    async def call_and_break(peer: Peer) -> None:
        await peer.open("conv_1")
        await peer.call("slow", "tc_1")
        await until(begun.is_set)
        peer.connection.transport.abort()

    async def wait_for_the_result(peer: Peer) -> list[dict[str, Any]]:
        await peer.open("conv_2")
        await until(lambda: session._protocols[0].ledger.late == 1)
        await peer.call("quick", "tc_1")  # an id of the old conversation is new in the new one
        return [await peer.receive(), *await peer.until_closed()]

    recorder = Recorder()
    with agent(in_turn(call_and_break, wait_for_the_result)) as served:
        session = make_session(
            served.url,
            Tool("slow", slow),
            Tool("quick", lambda: "the new result"),
            handlers=(recorder,),
            settings=SETTINGS,
        )
        start(session)
        recorder.wait_for("reconnected")
        release.set()
        assert ended.wait(PATIENCE)
        recorder.wait_for("tool_answered", 2)
        finish(session)
        [answer] = served.wait(2)
    assert (answer["tool_call_id"], answer["result"]) == ("tc_1", "the new result")
    old, new = recorder.of("tool_answered")
    assert (old.outcome, old.sent) == (Outcome.CONNECTION_LOST.value, False)
    assert (new.outcome, new.sent) == ("ok", True)


def test_handlers_may_tell_the_new_agent_what_was_before_anything_that_waited() -> None:
    lost = threading.Event()

    class Memory(Callbacks):
        def on_reconnecting(self, event: object) -> None:
            session.send(UserMessage(text="are you there?"))
            lost.set()

        async def on_reconnected(self, event: Reconnected) -> None:
            session.send(ContextualUpdateMessage(text="the user is called Ann"))
            event.reseed(f"goes on from {event.previous_conversation_id}")

    recorder = Recorder()
    with agent(in_turn(cut_off, stay)) as served:
        session = make_session(served.url, handlers=(Memory(), recorder), settings=SETTINGS)
        start(session)
        recorder.wait_for("message_sent", 3)
        finish(session)
        frames = served.wait(2)[1:]
    assert lost.is_set()
    assert [frame["text"] for frame in frames] == [
        "goes on from conv_1",
        "are you there?",
        "the user is called Ann",
    ]


def test_what_waited_for_a_connection_that_never_came_is_said(caplog: pytest.LogCaptureFixture) -> None:
    class Talkative(Callbacks):
        def on_reconnecting(self, event: object) -> None:
            session.send(UserMessage(text="still here"))

    async def refuse(peer: Peer) -> None:
        peer.connection.transport.abort()

    with agent(in_turn(cut_off, refuse)) as served, caplog.at_level(logging.WARNING):
        policy = ReconnectPolicy(attempts=1, first_delay=0.2, max_delay=0.2)
        session = make_session(
            served.url, handlers=(Talkative(),), settings=SessionSettings(reconnect=policy)
        )
        start(session)
        session.ended.result(PATIENCE)
    assert "messages that waited for a new connection and were not sent: 1" in caplog.text
    assert "still here" not in caplog.text


def test_an_end_long_after_a_reconnection_does_not_speak_of_it() -> None:
    recorder = Recorder()
    with agent(in_turn(cut_off, closing_with(1008, "Invalid message received"))) as served:
        session = make_session(served.url, handlers=(recorder,), settings=SETTINGS)
        start(session)
        details = session.ended.result(PATIENCE)
    assert len(recorder.of("reconnected")) == 1
    assert (details.close_code, details.message) == (1008, None)


def test_an_end_in_the_wait_leaves_the_handlers_the_time_of_any_other() -> None:
    heard: list[str] = []

    class Slow(Callbacks):
        def on_session_ended(self, event: object) -> None:
            time.sleep(0.8)
            heard.append("the end")

    recorder = Recorder()
    policy = ReconnectPolicy(attempts=9, first_delay=600, max_delay=600)
    with agent(cut_off) as served:
        settings = SessionSettings(reconnect=policy)
        session = make_session(served.url, handlers=(Slow(), recorder), settings=settings)
        start(session)
        recorder.wait_for("reconnecting")
        threading.Event().wait(2.5)  # longer than an end may take
        finish(session)
    assert heard == ["the end"]


def test_it_can_be_ended_while_it_waits_for_its_next_attempt() -> None:
    recorder = Recorder()
    policy = ReconnectPolicy(attempts=9, first_delay=600, max_delay=600)
    with agent(cut_off) as served:
        session = make_session(served.url, handlers=(recorder,), settings=SessionSettings(reconnect=policy))
        start(session)
        recorder.wait_for("reconnecting")
        details = finish(session)
    assert (details.reason, details.phase) == ("user", "live")
    assert [one.details for one in recorder.of("session_ended")] == [details]


def test_a_refusal_in_the_middle_of_the_attempts_ends_them() -> None:
    recorder = Recorder()
    with agent(
        in_turn(cut_off, closing_with(1008, "Override for field 'voice_id' is not allowed"))
    ) as served:
        session = make_session(served.url, handlers=(recorder,), settings=SETTINGS)
        start(session)
        details = session.ended.result(PATIENCE)
    assert (details.close_code, details.phase) == (1008, "start")
    assert "voice_id" in details.hint
    assert eventually(lambda: len(recorder.of("session_ended")) == 1)


def _lost(error: BaseException | None, reason: Any = "error", **fields: Any) -> Ending:
    return Ending(DisconnectionDetails(reason), error, **fields)


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        (_lost(TransportClosedError(1006, "")), True),
        (_lost(TransportClosedError(1002, "")), False),
        (_lost(TransportClosedError(1000, ""), "agent"), False),
        (_lost(TransportRefusedError("x", "refused")), True),
        (_lost(TransportRefusedError("x", "untrusted", is_lasting=True)), False),
        (_lost(TransportRefusedError("x", "503", status=503)), True),
        (_lost(TransportRefusedError("x", "429", status=429)), True),
        (_lost(TransportRefusedError("x", "401", status=401)), False),
        (_lost(TransportRefusedError("x", "404", status=404)), False),
        (_lost(RestError("no answer")), True),
        (_lost(RestError("500", status=500)), True),
        (_lost(RestError("400", status=400)), False),
        (_lost(AuthError("no key")), False),
        (_lost(NotFoundError("gone", status=404)), False),
        (_lost(None, timed_out=True), True),
        (_lost(None), False),
        (_lost(ValueError("a bug")), False),
        (_lost(None, "user", timed_out=True), False),
    ],
)
def test_only_what_another_moment_may_change_is_tried_again(ending: Ending, expected: bool) -> None:
    assert is_worth_another_try(ending) is expected


@given(
    attempt=st.integers(1, 10_000),
    chance=st.floats(0, 1),
    first=st.floats(0, 60),
    most=st.floats(60, 600),
)
def test_the_wait_grows_to_its_bound_and_chance_takes_up_to_half_of_it(
    attempt: int, chance: float, first: float, most: float
) -> None:
    policy = ReconnectPolicy(first_delay=first, max_delay=most)
    whole = policy.delay(attempt, 0)
    assert whole / 2 <= policy.delay(attempt, chance) <= whole <= most
    assert whole <= policy.delay(attempt + 1, 0)


@pytest.mark.parametrize(
    "numbers", [{"attempts": 0}, {"first_delay": -1}, {"first_delay": 31}, {"stable_after": -1}]
)
def test_a_policy_that_makes_no_sense_is_refused(numbers: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|1 or more"):
        ReconnectPolicy(**numbers)
