"""A session over a real socket: how it starts, how it lives through bad input, and how it ends."""

from __future__ import annotations

import asyncio
import contextvars
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, Recorder, agent, eventually, finish, make_session, start, until
from agentframework.audio.base import AudioBackend
from agentframework.audio.line import AudioLine
from agentframework.callbacks import Callbacks, SessionEnded
from agentframework.errors import SessionEndedError, SessionError, StartError
from agentframework.loopthread import Mailbox
from agentframework.protocol.client import Verdict
from agentframework.protocol.messages import (
    ContextualUpdateMessage,
    ConversationInitiationClientDataMessage,
    UserMessage,
)
from agentframework.session.session import OwnedBackend, Session
from agentframework.session.settings import SessionSettings
from agentframework.session.worlds import Worlds
from agentframework.tools.tool import Tool


async def listen(peer: Peer) -> list[dict[str, Any]]:
    """Accept, and take what comes until the close."""
    opening = await peer.open()
    return [opening, *await peer.until_closed()]


def test_making_a_session_starts_nothing() -> None:
    before = threading.active_count()
    make_session("ws://127.0.0.1:1/")
    assert threading.active_count() == before


def test_it_opens_with_its_data_sends_what_it_is_given_and_says_goodbye() -> None:
    initiation = ConversationInitiationClientDataMessage(dynamic_variables={"name": "Ann"})
    with agent(listen) as served:
        session = make_session(served.url, settings=SessionSettings(initiation=initiation))
        assert start(session) == "conv_1"
        session.send(UserMessage(text="hello"))
        session.send(ContextualUpdateMessage(text="in the kitchen"))
        details = finish(session)
        frames = served.wait()
    assert frames[0] == {"type": "conversation_initiation_client_data", "dynamic_variables": {"name": "Ann"}}
    assert frames[1] == {"type": "user_message", "text": "hello"}
    assert frames[2] == {"type": "contextual_update", "text": "in the kitchen"}
    assert (details.reason, details.close_code, details.phase) == ("user", None, "live")
    assert served.close_code == 1000


def test_what_the_program_sends_is_told_to_handlers() -> None:
    recorder = Recorder()
    with agent(listen) as served:
        session = make_session(served.url, handlers=(recorder,))
        start(session)
        session.send(UserMessage(text="hello"))
        session.send(ContextualUpdateMessage(text="in the kitchen"))
        recorder.wait_for("message_sent", 2)
        finish(session)
    sent = [event.message for event in recorder.of("message_sent")]
    assert sent == [UserMessage(text="hello"), ContextualUpdateMessage(text="in the kitchen")]


def test_the_wire_thread_stops_with_the_last_session() -> None:
    with agent(listen) as served:
        session = make_session(served.url)
        start(session)
        wire = session._worlds.wire.thread
        assert wire is not None
        assert wire.name == "agentframework-wire"
        finish(session)
        wire.join(PATIENCE)
        assert not wire.is_alive()


def test_a_session_starts_once() -> None:
    with agent(listen) as served:
        session = make_session(served.url)
        start(session)
        with pytest.raises(SessionError, match="starts once"):
            session.start()
        finish(session)


def test_nothing_is_sent_before_the_start_or_after_the_end() -> None:
    with agent(listen) as served:
        session = make_session(served.url)
        with pytest.raises(SessionEndedError, match="has not started"):
            session.send(UserMessage(text="early"))
        start(session)
        finish(session)
        with pytest.raises(SessionEndedError, match="has ended"):
            session.send(UserMessage(text="late"))


def test_a_refused_connection_is_a_typed_error_and_the_end_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    recorder = Recorder()
    session = make_session(f"ws://127.0.0.1:{port}/", handlers=(recorder,))
    with pytest.raises(StartError, match="nothing listens there") as failed:
        start(session)
    assert failed.value.phase == "connect"
    assert session.ended.result(PATIENCE).reason == "error"
    assert len(recorder.of("session_ended")) == 1


def test_silence_after_the_connection_is_a_typed_error_in_time() -> None:
    async def silent(peer: Peer) -> None:
        await peer.until_closed()

    with agent(silent) as served:
        session = make_session(served.url, settings=SessionSettings(connect_timeout=0.2))
        began = time.monotonic()
        with pytest.raises(StartError, match=r"said nothing within 0\.2 s") as failed:
            start(session)
        assert time.monotonic() - began < 5
        assert failed.value.phase == "start"


def test_a_close_before_the_metadata_is_told_with_code_reason_and_hint() -> None:
    async def refuse(peer: Peer) -> None:
        await peer.receive()
        await peer.connection.close(
            1008, "Missing required dynamic variables in first message: {'user_name'}"
        )

    with agent(refuse) as served:
        session = make_session(served.url)
        with pytest.raises(StartError) as failed:
            start(session)
    assert (failed.value.close_code, failed.value.phase) == (1008, "start")
    assert "user_name" in failed.value.hint
    assert "1008" in str(failed.value)


@pytest.mark.parametrize(
    ("code", "reason", "said"),
    [
        (1000, "", "agent"),
        (1002, "timeout", "error"),
        (1008, "Invalid message received", "error"),
        (1011, "", "error"),
    ],
)
def test_a_close_by_the_agents_side_is_told_with_its_code(code: int, reason: str, said: str) -> None:
    async def close(peer: Peer) -> None:
        await peer.open()
        await peer.connection.close(code, reason)

    recorder = Recorder()
    with agent(close) as served:
        session = make_session(served.url, handlers=(recorder,))
        start(session)
        details = session.ended.result(PATIENCE)
    assert (details.reason, details.close_code, details.close_reason) == (said, code, reason)
    assert (details.hint == "") == (code == 1000)
    assert [event.details for event in recorder.of("session_ended")] == [details]


@pytest.mark.parametrize(
    ("code", "reason", "phase", "hint"),
    [
        (
            1008,
            "Override for field 'voice_id' is not allowed by config.",
            "start",
            "allow overriding voice_id",
        ),
        (1008, "Missing required dynamic variables in first message: {'plan'}", "start", "plan"),
        (1002, "", "start", "gave up"),
        (3000, "Request error", "start", "agent's id"),
        (1011, "", "live", "try again"),
        (1000, "", "live", ""),
    ],
)
def test_a_refusal_that_comes_just_after_the_metadata_belongs_to_the_start(
    code: int, reason: str, phase: str, hint: str
) -> None:
    async def refuse_late(peer: Peer) -> None:
        await peer.open()
        await peer.connection.close(code, reason)

    with agent(refuse_late) as served:
        session = make_session(served.url)
        assert start(session) == "conv_1"  # the start does not wait for what may follow
        details = session.ended.result(PATIENCE)
    assert (details.close_code, details.phase) == (code, phase)
    assert hint in details.hint


def test_a_refusal_later_on_is_told_as_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentframework.session.connection._SETTLING", -1.0)

    async def refuse_late(peer: Peer) -> None:
        await peer.open()
        await peer.connection.close(1008, "Invalid message received")

    with agent(refuse_late) as served:
        session = make_session(served.url)
        start(session)
        details = session.ended.result(PATIENCE)
    assert details.phase == "live"
    assert "a result that is no text" in details.hint


def test_a_word_from_the_queue_begins_the_time_for_the_start_anew() -> None:
    async def queue(peer: Peer) -> list[dict[str, Any]]:
        await peer.receive()
        for _ in range(2):
            await peer.send({"type": "queue_status", "queue_status_event": {"status": "waiting"}})
            await asyncio.sleep(1.2)
        await peer.send(
            {
                "type": "conversation_initiation_metadata",
                "conversation_initiation_metadata_event": {"conversation_id": "conv_1"},
            }
        )
        return await peer.until_closed()

    recorder = Recorder()
    with agent(queue) as served:
        settings = SessionSettings(connect_timeout=2.0)
        session = make_session(served.url, handlers=(recorder,), settings=settings)
        assert start(session) == "conv_1"
        finish(session)
    assert [one.queue_status_event.status for one in recorder.of("queue_status")] == ["waiting"] * 2


def test_a_queue_whose_time_has_run_out_is_told_with_its_hint() -> None:
    async def queue(peer: Peer) -> None:
        await peer.receive()
        await peer.send({"type": "queue_status", "queue_status_event": {"status": "timed_out"}})
        await peer.connection.close(4300, "")

    with agent(queue) as served:
        session = make_session(served.url)
        with pytest.raises(StartError, match="closed with 4300") as failed:
            start(session)
    assert (failed.value.phase, failed.value.close_code) == ("start", 4300)
    assert "too many conversations" in failed.value.hint


def test_a_session_whose_users_loop_is_closed_ends_itself() -> None:
    loop = asyncio.new_event_loop()

    async def wait_for_ever() -> None:
        await asyncio.Event().wait()

    async def call(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        await peer.call("wait_for_ever", "tc_1")
        return await peer.until_closed()

    recorder = Recorder()
    with agent(call) as served:
        session = make_session(served.url, Tool("wait_for_ever", wait_for_ever), handlers=(recorder,))
        started = session.start(user_loop=Mailbox(loop))
        started.result(PATIENCE)
        recorder.wait_for("tool_called")
        loop.run_until_complete(asyncio.sleep(0))
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        details = session.ended.result(PATIENCE)
        answers = served.wait()
    assert (details.reason, details.message) == ("user", "the program's event loop was closed")
    assert len(answers) == 1
    assert answers[0]["is_error"] is True


def test_handlers_and_tools_see_the_variables_of_whoever_starts() -> None:
    asked_by: contextvars.ContextVar[str] = contextvars.ContextVar("asked_by", default="nobody")
    seen: dict[str, str] = {}

    class Sees(Callbacks):
        def on_agent_response(self, message: object) -> None:
            seen["handler"] = asked_by.get()

    def plain() -> str:
        seen["plain"] = asked_by.get()
        return ""

    async def coroutine() -> str:
        seen["coroutine"] = asked_by.get()
        return ""

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        await peer.say("hello")
        await peer.call("plain", "tc_1")
        await peer.call("coroutine", "tc_2")
        return [await peer.receive(), await peer.receive(), *await peer.until_closed()]

    with agent(scenario) as served:
        session = make_session(
            served.url, Tool("plain", plain), Tool("coroutine", coroutine), handlers=(Sees(),)
        )
        asked_by.set("Ann")
        start(session)
        asked_by.set("Ben")
        assert eventually(lambda: len(seen) == 3)
        finish(session)
    assert seen == {"handler": "Ann", "plain": "Ann", "coroutine": "Ann"}


def test_a_broken_connection_is_1006() -> None:
    async def drop(peer: Peer) -> None:
        await peer.open()
        peer.connection.transport.abort()

    with agent(drop) as served:
        session = make_session(served.url)
        start(session)
        details = session.ended.result(PATIENCE)
    assert (details.reason, details.close_code) == ("error", 1006)


def test_malformed_frames_and_unknown_messages_do_not_end_it() -> None:
    recorder = Recorder()

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.open()
        for frame in ("", "nonsense", "[]", "{}", '{"type":"ping"}', '{"type":"audio","audio_event":null}'):
            await peer.send(frame)
        await peer.connection.send(b"binary")
        await peer.send({"type": "from_the_future", "x": 1})
        await peer.ping(9)
        return await peer.receive()

    with agent(scenario) as served:
        session = make_session(served.url, handlers=(recorder,))
        start(session)
        assert served.wait() == {"type": "pong", "event_id": 9}
        recorder.wait_for("ping")
        finish(session)
    assert len(recorder.of("malformed_frame")) == 7
    assert recorder.of("from_the_future")[0].payload == {"x": 1}


def test_a_flood_of_frames_that_are_not_understood_does_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def flood(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        for _ in range(200):
            await peer.send("no json")
        await peer.ping(7)
        return [await peer.receive(), *await peer.until_closed()]

    with agent(flood) as served, caplog.at_level("INFO", logger="agentframework"):
        session = make_session(served.url)
        start(session)
        assert eventually(lambda: session.protocol.counts[Verdict.MALFORMED] == 200)
        finish(session)
        assert served.wait()[0] == {"type": "pong", "event_id": 7}
    assert caplog.text.count("a frame was not understood") == 20
    assert caplog.text.count("are only counted") == 1
    assert "200 malformed" in caplog.text


@pytest.mark.parametrize("is_live", [False, True])
def test_a_close_is_heard_though_the_line_is_left_open(is_live: bool) -> None:
    """Some servers and proxies say goodbye and keep the TCP connection."""
    over = threading.Event()

    async def linger(peer: Peer) -> None:
        if is_live:
            await peer.open()
        else:
            await peer.receive()
        protocol = peer.connection.protocol
        protocol.send_close(1008, "Override for field 'voice_id' is not allowed by config.")
        peer.connection.transport.write(b"".join(protocol.data_to_send()))
        await until(over.is_set)

    with agent(linger) as served:
        session = make_session(served.url)
        starting = session.start()
        details = session.ended.result(5)
        over.set()
    assert (details.reason, details.close_code, details.phase) == ("error", 1008, "start")
    assert "allow overriding voice_id" in details.hint
    assert (starting.exception(PATIENCE) is None) == is_live


def test_an_end_in_the_moment_of_the_start_is_not_lost() -> None:
    with agent(listen) as served:
        for _ in range(30):
            session = make_session(served.url)
            acquire = session._worlds.wire.acquire
            session._worlds.wire = _EndsMeanwhile(session, acquire)  # type: ignore[assignment]
            session.start()
            assert session.ended.result(PATIENCE).reason == "user"


class _EndsMeanwhile:
    """A wire that, while it is being had, lets another thread end the session."""

    def __init__(self, session: Session, acquire: Callable[[], Mailbox]) -> None:
        self._session = session
        self._acquire = acquire

    def acquire(self) -> Mailbox:
        ending = threading.Thread(target=self._session.end)
        ending.start()
        ending.join(PATIENCE)
        return self._acquire()

    def release(self) -> None:
        Worlds().wire.release()


def test_where_there_is_no_thread_for_the_wire_the_start_fails_and_the_end_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    session = make_session("ws://127.0.0.1:9/")
    assert eventually(lambda: session._worlds.wire._mailbox is None)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        started = session.start()
    with pytest.raises(StartError, match="no thread for it: can't start new thread"):
        started.result(PATIENCE)
    assert session.ended.result(PATIENCE).reason == "error"


def test_a_second_metadata_changes_nothing() -> None:
    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.open("first")
        event = {"conversation_id": "second"}
        await peer.send(
            {"type": "conversation_initiation_metadata", "conversation_initiation_metadata_event": event}
        )
        await peer.ping(1)
        return await peer.receive()

    with agent(scenario) as served:
        session = make_session(served.url)
        assert start(session) == "first"
        served.wait()
        finish(session)
    assert session.protocol.conversation_id == "first"


def test_an_audio_format_that_nobody_knows_is_said_at_the_start() -> None:
    async def odd(peer: Peer) -> None:
        await peer.open(agent_output_audio_format="opus_48000")
        await peer.until_closed()

    with agent(odd) as served, pytest.raises(StartError, match="opus_48000"):
        start(make_session(served.url))


def test_a_callback_that_sleeps_delays_no_pong() -> None:
    go = threading.Event()

    class Sleeper(Recorder):
        def on_agent_response(self, message: object) -> None:
            go.wait(30)

    async def scenario(peer: Peer) -> float:
        await peer.open()
        await peer.say("hello")
        worst = 0.0
        for number in range(20):
            began = time.monotonic()
            await peer.ping(number)
            await peer.receive()
            worst = max(worst, time.monotonic() - began)
        go.set()
        return worst

    with agent(scenario) as served:
        session = make_session(served.url, handlers=(Sleeper(),))
        start(session)
        assert served.wait() < 1
        finish(session)


def test_ending_from_everywhere_at_once_ends_once() -> None:
    recorder = Recorder()

    class Ender(Recorder):
        def on_agent_response(self, message: object) -> None:
            session.end()

    async def end_async() -> None:
        session.end()

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await peer.call("end_async", "a")
        await peer.call("end", "b")
        await peer.say("end too")
        await peer.until_closed()

    with agent(scenario) as served:
        session = make_session(
            served.url,
            Tool("end_async", end_async),
            Tool("end", lambda: session.end()),
            handlers=(recorder, Ender()),
        )
        start(session)
        threads = [threading.Thread(target=session.end) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert session.ended.result(PATIENCE).reason == "user"
        for thread in threads:
            thread.join()
        session.end()
    ends = recorder.wait_for("session_ended")
    assert len(ends) == 1
    assert isinstance(recorder.events[-1], SessionEnded)


def test_ending_while_it_connects_ends_it() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        session = make_session(f"ws://127.0.0.1:{silent.getsockname()[1]}/")
        starting = session.start()
        session.end()
        with pytest.raises(StartError, match="ended before it had started"):
            starting.result(PATIENCE)
        assert session.ended.result(PATIENCE).reason == "user"


def test_a_peer_that_never_says_goodbye_is_left_behind_in_time() -> None:
    async def deaf(peer: Peer) -> None:
        await peer.open()
        peer.connection.transport.pause_reading()
        await asyncio.sleep(1.0)
        peer.connection.transport.abort()

    with agent(deaf) as served:
        session = make_session(served.url, settings=SessionSettings(close_timeout=0.2))
        start(session)
        began = time.monotonic()
        finish(session)
        assert time.monotonic() - began < 0.9


def test_a_handler_that_hangs_does_not_hold_the_end() -> None:
    go = threading.Event()

    class Hung(Recorder):
        def on_session_started(self, event: object) -> None:
            go.wait(30)

    with agent(listen) as served:
        session = make_session(served.url, handlers=(Hung(),))
        start(session)
        began = time.monotonic()
        finish(session)
        assert time.monotonic() - began < 5
    go.set()


def test_fifty_sessions_at_once_do_not_mix() -> None:
    async def echo(peer: Peer) -> None:
        opening = await peer.open()
        word = opening["dynamic_variables"]["word"]
        await peer.call("tell", f"id-{word}", {"word": word})
        answer = await peer.receive()
        await peer.say(answer["result"])
        await peer.until_closed()

    with agent(echo) as served:
        recorders, sessions = [], []
        for number in range(50):
            recorder = Recorder()
            initiation = ConversationInitiationClientDataMessage(dynamic_variables={"word": f"w{number}"})
            tell = Tool("tell", lambda word, number=number: f"{number}:{word}")
            session = make_session(
                served.url, tell, handlers=(recorder,), settings=SessionSettings(initiation=initiation)
            )
            session.start()
            recorders.append(recorder)
            sessions.append(session)
        for number, recorder in enumerate(recorders):
            said = recorder.wait_for("agent_response")[0]
            assert said.agent_response_event.agent_response == f"{number}:w{number}"
        for session in sessions:
            session.end()
        for session in sessions:
            assert session.ended.result(PATIENCE).reason == "user"


def test_the_process_exits_while_a_tool_hangs() -> None:
    program = """
import threading, time
from agent_stub import agent, make_session, start, finish
from agentframework.tools.tool import Tool
began = threading.Event()
def hang():
    began.set()
    time.sleep(600)
async def scenario(peer):
    await peer.open()
    await peer.call("hang", "a")
    await peer.until_closed()
with agent(scenario) as served:
    session = make_session(served.url, Tool("hang", hang))
    start(session)
    began.wait(10)
    finish(session)
print("over")
"""
    began = time.monotonic()
    tests = next(path for path in sys.path if path.rstrip("/").endswith("tests"))
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tests, capture_output=True, text=True, timeout=25, check=True
    )
    assert ran.stdout.strip() == "over"
    assert time.monotonic() - began < 15


def test_twenty_conversations_later_no_loop_thread_is_left() -> None:
    """Also where an async tool was given up in the last moment, and the loop's culprit looked for after the end."""

    async def forever() -> None:
        await asyncio.Event().wait()

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await peer.call("forever", "a")
        await peer.receive()

    wire = make_session("ws://unused")._worlds.wire
    with agent(scenario) as served:
        for _ in range(20):
            served.forget()
            session = make_session(
                served.url, Tool("forever", forever), settings=SessionSettings(tool_timeout=0.01)
            )
            start(session)
            served.wait()
            finish(session)
        last = wire.thread
    if last is not None:
        last.join(PATIENCE)
    deadline = time.monotonic() + PATIENCE
    ours = {"agentframework-wire", "agentframework-user"}
    while any(thread.name in ours for thread in threading.enumerate()):
        assert time.monotonic() < deadline, [thread.name for thread in threading.enumerate()]
        time.sleep(0.01)


def test_a_conversation_that_is_ended_before_the_metadata_opens_no_microphone() -> None:
    """Nor does a tool run that is called during the goodbye: it is answered as shut down."""
    ran: list[int] = []
    sound: list[str] = []

    class Device(AudioBackend):
        def start(self, line: AudioLine) -> None:
            sound.append("start")

        def flush(self) -> None:
            sound.append("flush")

        def stop(self) -> None:
            sound.append("stop")

    received = threading.Event()

    async def late(peer: Peer) -> list[dict[str, Any]]:
        await peer.receive()
        peer.connection.transport.pause_reading()  # so that the goodbye is not answered yet
        received.set()
        await until(lambda: session._state == "ending")
        event = {"conversation_id": "conv_1"}
        await peer.send(
            {"type": "conversation_initiation_metadata", "conversation_initiation_metadata_event": event}
        )
        await peer.call("danger", "a")
        await until(lambda: session.protocol.ledger.outcomes.total() == 1)
        peer.connection.transport.resume_reading()
        return await peer.until_closed()

    with agent(late) as served:
        session = make_session(
            served.url, Tool("danger", lambda: ran.append(1)), audio=OwnedBackend("the test", Device())
        )
        starting = session.start()
        assert received.wait(PATIENCE)
        session.end()
        with pytest.raises(StartError):
            starting.result(PATIENCE)
        session.ended.result(PATIENCE)
        served.wait()
    assert (ran, sound) == ([], [])
    assert session.protocol.ledger.open_ids == ()


def test_what_was_dropped_is_said_once_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(peer: Peer) -> None:
        await peer.open()
        for _ in range(2):
            await peer.call("give", "same")
        await peer.send("nonsense")
        await peer.ping(1)
        frames = [await peer.receive(), await peer.receive()]
        assert {frame["type"] for frame in frames} == {"pong", "client_tool_result"}

    with caplog.at_level("INFO", "agentframework.session"), agent(scenario) as served:
        session = make_session(served.url, Tool("give", lambda: 1))
        start(session)
        served.wait()
        finish(session)
    assert "conversation conv_1 is over: 1 ok, 1 malformed, 1 duplicate calls" in caplog.text
