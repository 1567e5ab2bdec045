"""The ledger under fire: whatever becomes of calls, sockets and sessions, each call ends once and is heard once."""

from __future__ import annotations

import re
import threading
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from websockets.exceptions import ConnectionClosed

from agent_stub import PATIENCE, agent, eventually, make_session, start
from agentframework.errors import SessionEndedError
from agentframework.protocol.messages import ContextualUpdateMessage
from agentframework.protocol.messages.misfit import make_message
from agentframework.session.reconnecting import ReconnectPolicy
from agentframework.session.settings import SessionSettings
from agentframework.session.worlds import Worlds
from agentframework.tools.tool import Tool
from agentframework.workers.threads import ThreadPool
from commanded_tools import WAYS, AnswerRecorder, Commanded, LedAgent

MAX_OPEN = 6
PHASES = (
    Phase.explicit,
    Phase.reuse,
    Phase.generate,
)  # a history in which threads race cannot be made smaller
MAX_CONNECTIONS = 4
INTERRUPTION = {"type": "interruption", "interruption_event": {"event_id": 1}}
TRANSCRIPT = {"type": "user_transcript", "user_transcription_event": {"user_transcript": "wait"}}
SETTINGS = SessionSettings(
    tool_timeout=120,
    activity_interval=0,
    max_open_calls=MAX_OPEN,
    reconnect=ReconnectPolicy(attempts=3, first_delay=0.001, max_delay=0.002),
)

AT_WILL = ("thread", "loop", "lazy", "serial", "stoppable_thread", "stoppable_loop")
BRIEF = ("brief_thread", "brief_loop")
ON_THREADS = ("thread", "serial", "stoppable_thread", "brief_thread")
OWN_WORDS = {"ok", "tool error", "bad arguments"}
_sentences: dict[str, str] = {}


def tools_of(commanded: Commanded) -> list[Tool[..., Any]]:
    """One tool for each way in which a call can be cut short."""
    return [
        Tool("thread", commanded.plain),
        Tool("loop", commanded.coroutine),
        Tool("lazy", commanded.lazy),
        Tool("serial", commanded.plain, serial=True),
        Tool("stoppable_thread", commanded.plain, on_interrupt="cancel"),
        Tool("stoppable_loop", commanded.coroutine, on_interrupt="cancel"),
        Tool("brief_thread", commanded.plain, timeout=0.01),
        Tool("brief_loop", commanded.coroutine, timeout=0.01),
        Tool("settling", commanded.plain, settle=120),
    ]


@dataclass(eq=False)
class Call:
    """What the machine knows of a call: how it may have ended, once it has; None among that is "never received"."""

    id: str
    tool: str
    expects: bool | None
    connection: int
    allowed: frozenset[str | None] = frozenset()


class CallsUnderFire(RuleBasedStateMachine):
    """A session over a real socket, and a plain account of what must become of every call.

    Most rules wait for the effect of what they do, by the event that tells of it, so that the account is exact;
    those that race say all that may come of it.
    """

    @initialize(calls=st.integers(0, 12))
    def begin(self, calls: int) -> None:
        self.calls_before_the_end = calls
        self.stack = ExitStack()
        self.commanded, self.led, self.recorder = Commanded(), LedAgent(), AnswerRecorder()
        served = self.stack.enter_context(agent(self.led.scenario))
        self.pool = ThreadPool(8, name="fire", reserved=1, max_zombies=1_000)
        self.session = make_session(
            served.url,
            *tools_of(self.commanded),
            handlers=(self.recorder,),
            settings=SETTINGS,
            worlds=Worlds(tools=self.pool),
        )
        start(self.session)
        self.led.wait_for_connection(1)
        self.calls: list[Call] = []
        self.open: list[Call] = []
        self.lingering: list[Call] = []
        self.duplicates: Counter[int] = Counter()
        self.connection = 0
        self.broken: set[int] = set()
        self.draining = False
        self.ended = False

    # What comes

    def send(
        self, tool: str, *, expects: bool | None = True, key: str | None = None, **parameters: Any
    ) -> Call:
        call = Call(f"tc {len(self.calls)}", tool, expects, self.connection)
        self.calls.append(call)
        given = {"key": key or call.id, **parameters}
        self.led.lead(lambda peer: peer.call(tool, call.id, given, expects_response=expects))
        return call

    def send_again(self, call_id: str, tool: str, *, expects: bool = True) -> None:
        self.duplicates[self.connection] += 1
        self.led.lead(lambda peer: peer.call(tool, call_id, {"key": "again"}, expects_response=expects))

    def settled(self, call: Call, *allowed: str) -> None:
        """Wait until the call has ended, in one of these ways."""
        cut_short = call in self.open and not self.commanded.fate(call.id).command.done()
        self.expected(call, *allowed)
        self.recorder.wait_for_answer(call.id)
        if cut_short:
            self.look_for_stop(call)
        self.look_for_next_in_order()
        self.look_for_end()

    def look_for_stop(self, call: Call) -> None:
        """A call that was answered though it runs is told that nobody waits for it."""
        fate = self.commanded.fate(call.id)
        if fate.begun.is_set():
            assert fate.context is not None
            assert fate.context.cancelled.wait(PATIENCE)
            assert call.tool in ON_THREADS or fate.stopped.wait(PATIENCE)

    def expected(self, call: Call, *allowed: str | None) -> None:
        call.allowed = frozenset(allowed)
        if call in self.open:
            self.open.remove(call)
            if call.tool in ON_THREADS and not self.commanded.fate(call.id).command.done():
                self.lingering.append(call)

    def look_for_next_in_order(self) -> None:
        """The first of the serial calls runs, if no other holds its place, and the others do not."""
        serial = [call for call in self.open if call.tool == "serial"]
        if serial and not self.is_serial_held:
            first = serial.pop(0)
            assert self.commanded.fate(first.id).begun.wait(PATIENCE), f"{first.id} was not begun"
        assert not any(self.commanded.fate(call.id).begun.is_set() for call in serial)

    @property
    def is_serial_held(self) -> bool:
        return any(call.tool == "serial" for call in self.lingering)

    def look_for_end(self) -> None:
        """A session that drains ends with its last call."""
        if self.draining and not self.open and not self.ended:
            self.session.ended.result(PATIENCE)
            self.ended = True

    @property
    def may_end(self) -> bool:
        return self.is_live and len(self.calls) >= self.calls_before_the_end

    @property
    def is_live(self) -> bool:
        return hasattr(self, "session") and not self.ended

    def admit(self, call: Call) -> bool:
        """Whether a call is begun; one that is not has its answer at once."""
        if self.draining:
            self.settled(call, "shutdown")
        elif len(self.open) >= MAX_OPEN or (call.tool == "serial" and self.is_serial_held):
            self.settled(call, "busy")
        else:
            self.open.append(call)
            return True
        return False

    @precondition(lambda self: self.is_live)
    @rule(tool=st.sampled_from([*AT_WILL, "settling"]), expects=st.sampled_from([True, True, False, None]))
    def a_call_comes(self, tool: str, expects: bool | None) -> None:
        if self.admit(self.send(tool, expects=expects)):
            self.look_for_next_in_order()

    @precondition(lambda self: self.is_live and not self.draining)
    @rule(tool=st.sampled_from(BRIEF), expects=st.booleans())
    def a_call_comes_that_takes_too_long(self, tool: str, expects: bool) -> None:
        call = self.send(tool, expects=expects)
        if self.admit(call):
            self.settled(call, "timeout")

    @precondition(lambda self: self.is_live)
    @rule(tool=st.sampled_from(["thread", "loop", "nobody_has_it"]), expects=st.booleans())
    def a_call_comes_that_cannot_run(self, tool: str, expects: bool) -> None:
        call = self.send(tool, expects=expects, unheard_of=1)
        if self.admit(call):
            self.settled(call, "unknown tool" if tool == "nobody_has_it" else "bad arguments")

    @precondition(lambda self: self.is_live and self.calls)
    @rule(pick=st.integers(0, 99), tool=st.sampled_from(AT_WILL), expects=st.booleans())
    def a_call_comes_again(self, pick: int, tool: str, expects: bool) -> None:
        here = [call for call in self.calls if call.connection == self.connection]
        if here:
            self.send_again(here[pick % len(here)].id, tool, expects=expects)
            self.led.catch_up()

    @precondition(lambda self: self.is_live and not self.draining and len(self.open) < MAX_OPEN)
    @rule(ways=st.lists(st.tuples(st.sampled_from(AT_WILL[:3]), st.sampled_from(list(WAYS))), max_size=12))
    def a_burst_comes_with_each_call_twice(self, ways: list[tuple[str, str]]) -> None:
        free = MAX_OPEN - len(self.open)
        burst = []
        for number, (tool, way) in enumerate(ways):
            call_id = f"tc {len(self.calls)}"
            self.commanded.fate(call_id).command.set_result(way)
            call = self.send(tool)
            self.send_again(call_id, "loop")
            call.allowed = frozenset([WAYS[way][0]] if number < free else [WAYS[way][0], "busy"])
            burst.append(call)
        for call in burst:
            self.recorder.wait_for_answer(call.id)
        self.led.catch_up()

    # What becomes of it

    def at_will(self) -> list[Call]:
        """The calls that run and can be commanded."""
        first = next((call for call in self.open if call.tool == "serial"), None)
        return [
            call for call in self.open if call.tool in AT_WILL and (call.tool != "serial" or call is first)
        ]

    @precondition(lambda self: self.is_live and self.at_will())
    @rule(pick=st.integers(0, 99), way=st.sampled_from(list(WAYS)))
    def a_call_ends(self, pick: int, way: str) -> None:
        calls = self.at_will()
        call = calls[pick % len(calls)]
        self.commanded.fate(call.id).command.set_result(way)
        self.settled(call, WAYS[way][0])

    @precondition(lambda self: self.is_live and self.lingering)
    @rule(pick=st.integers(0, 99), way=st.sampled_from([way for way in WAYS if way != "cancelled"]))
    def what_was_given_up_comes_to_its_end(self, pick: int, way: str) -> None:
        call = self.lingering[pick % len(self.lingering)]
        fate = self.commanded.fate(call.id)
        fate.command.set_result(way)
        self.lingering.remove(call)
        if fate.begun.is_set():
            self.recorder.wait_until(lambda: self.recorder.has_late(call.id), f"late result of {call.id}")
        self.look_for_next_in_order()

    @precondition(lambda self: self.is_live)
    @rule(racing=st.booleans(), way=st.sampled_from(list(WAYS)))
    def the_user_interrupts(self, racing: bool, way: str) -> None:
        stopped = [call for call in self.open if call.tool.startswith("stoppable")]
        in_time = stopped[:1] if racing else []
        for call in in_time:
            self.commanded.fate(call.id).command.set_result(way)
        with suppress(ConnectionClosed):  # where the one in time was the last call of a session that drains
            self.led.lead(lambda peer: peer.send(INTERRUPTION))
        for call in stopped:
            self.settled(call, "interrupted", *([WAYS[way][0]] if call in in_time else []))
        self.the_user_speaks()

    @precondition(lambda self: self.is_live)
    @rule()
    def the_user_speaks(self) -> None:
        """What waits for silence does not run; it may be on its way there, so the user goes on until it is."""
        for call in [call for call in self.open if call.tool == "settling"]:
            while not self.recorder.answered(call.id):
                with suppress(ConnectionClosed):  # where this was the last call of a session that drains
                    self.led.lead(lambda peer: peer.send(TRANSCRIPT))
                    self.led.catch_up()
            self.settled(call, "interrupted")

    # How it ends

    def all_end(self, outcome: str, ways: dict[Call, str]) -> None:
        """What is open ends with the connection, or just before where it was let go at that moment."""
        for call in list(self.open):
            self.expected(call, outcome, *([WAYS[ways[call]][0]] if call in ways else []))
            self.recorder.wait_for_answer(call.id)
            if call not in ways:
                self.look_for_stop(call)

    def let_go(self, how_many: int, way: str) -> dict[Call, str]:
        """Some calls may end, just now."""
        ways = dict.fromkeys(self.at_will()[:how_many], way)
        for call in ways:
            self.commanded.fate(call.id).command.set_result(way)
        return ways

    @precondition(lambda self: self.is_live and self.connection + 1 < MAX_CONNECTIONS)
    @rule(racing=st.integers(0, 3), way=st.sampled_from(list(WAYS)))
    def the_connection_breaks(self, racing: int, way: str) -> None:
        self.led.catch_up()
        ways = self.let_go(racing, way)
        self.led.break_off()
        self.broken.add(self.connection)
        self.all_end("connection lost", ways)
        if self.draining:
            self.session.ended.result(PATIENCE)
            self.ended = True
        else:
            self.connection += 1
            self.led.wait_for_connection(self.connection + 1)
            self.recorder.wait_for("reconnected", self.connection)

    @precondition(lambda self: self.may_end and not self.draining)
    @rule()
    def it_is_asked_to_end_when_the_calls_have(self) -> None:
        self.led.catch_up()
        self.session.drain(PATIENCE * 6)
        heard = threading.Event()
        self.session.post(heard.set)  # what comes by the socket may overtake what is said by a thread
        assert heard.wait(PATIENCE)
        self.draining = True
        if self.open:
            self.settled(self.send("thread"), "shutdown")
        else:
            self.look_for_end()

    @precondition(lambda self: self.may_end)
    @rule(racing=st.integers(0, 3), way=st.sampled_from(list(WAYS)), unread=st.booleans())
    def it_is_ended(self, racing: int, way: str, unread: bool) -> None:
        self.led.catch_up()
        ways = self.let_go(racing, way)
        if unread:
            with suppress(ConnectionClosed):  # where the last call of a session that drains was let go
                self.send("thread")
            is_full = len(self.open) >= MAX_OPEN
            self.expected(self.calls[-1], None, "shutdown", *(["busy"] if is_full else []))
        self.session.end()
        self.session.ended.result(PATIENCE)
        self.all_end("shutdown", ways)
        self.ended = True

    @precondition(lambda self: self.may_end)
    @rule(racing=st.integers(0, 3), way=st.sampled_from(list(WAYS)))
    def the_agent_ends_it(self, racing: int, way: str) -> None:
        self.led.catch_up()
        ways = self.let_go(racing, way)
        self.led.lead(lambda peer: peer.connection.close())
        self.session.ended.result(PATIENCE)
        self.broken.add(self.connection)
        self.all_end("shutdown", ways)
        self.ended = True

    @precondition(lambda self: hasattr(self, "session") and self.ended)
    @rule(way=st.sampled_from(list(WAYS)))
    def something_comes_after_the_end(self, way: str) -> None:
        self.session.end()
        self.session.drain(0)
        with pytest.raises(SessionEndedError):
            self.session.send(make_message(ContextualUpdateMessage, text="hello?"))
        for call in self.lingering:
            self.commanded.fate(call.id).command.set_result(way)
        self.lingering.clear()

    # What must hold

    @invariant()
    def no_call_ends_twice_or_too_soon(self) -> None:
        if hasattr(self, "session"):
            ids = Counter(event.call_id for event in self.recorder.of("tool_answered"))
            assert not ids or max(ids.values()) == 1
            assert not [call.id for call in self.open if call.id in ids]

    def teardown(self) -> None:
        if not hasattr(self, "session"):
            return
        try:
            if not self.ended:
                self.it_is_ended(0, "result", False)
            self.led.wait_for_close()
            self.commanded.end_all()
            assert eventually(lambda: self.pool.zombies == 0)
            assert not self.commanded.fate("again").begun.is_set(), "a call ran twice"
            self.check_calls()
            self.check_counts()
        finally:
            self.session.end()
            self.commanded.end_all()
            self.stack.close()

    def check_calls(self) -> None:
        """Each call has one end that is allowed, its own sentence, and one answer if one was due."""
        heard = [
            {answer["tool_call_id"]: answer for answer in self.led.answers(n)}
            for n in range(len(self.led.frames))
        ]
        for number, answers in enumerate(heard):
            assert len(answers) == len(self.led.answers(number)), "an id was answered twice"
            assert answers.keys() <= {call.id for call in self.calls if call.connection == number}
        for call in self.calls:
            events = self.recorder.answered(call.id)
            answer = heard[call.connection].get(call.id)
            if not events:
                assert None in call.allowed
                assert answer is None
                continue
            [event] = events
            assert event.outcome in call.allowed
            self.check_sentence(call, event.outcome, event.text, event.is_error)
            if call.expects is False:
                assert not event.sent
            if call.connection not in self.broken and None not in call.allowed:  # a goodbye may be under way
                assert event.sent == (call.expects is not False)
                assert (answer is not None) == event.sent
            if answer is not None:
                assert event.sent
                assert (answer["result"], answer["is_error"]) == (event.text, event.is_error)

    def check_sentence(self, call: Call, outcome: str, text: str, is_error: bool) -> None:
        """No two ways to end have a sentence in common."""
        assert is_error == (outcome != "ok")
        if outcome in ("ok", "tool error"):
            said = {"ok": (f"result of {call.id}", "ok"), "tool error": (f"trouble with {call.id}",)}
            assert text in said[outcome]
            return
        sentence = re.sub(r"\(id [0-9a-f]+\)", "(id)", text.replace(call.tool, "TOOL"))
        assert _sentences.setdefault(sentence, outcome) == outcome
        assert "secret" not in text

    def check_counts(self) -> None:
        """Of all calls that came each is counted once, under its own end."""
        called = Counter(event.call_id for event in self.recorder.of("tool_called"))
        assert not called or max(called.values()) == 1
        for number, protocol in enumerate(self.session._protocols):
            ids = {call.id for call in self.calls if call.connection == number and call.id in called}
            ends = Counter(
                event.outcome for event in self.recorder.of("tool_answered") if event.call_id in ids
            )
            ledger = protocol.ledger
            assert {outcome.value: count for outcome, count in ledger.outcomes.items()} == ends
            assert sum(ends.values()) == len(ids)
            assert ledger.open_ids == ()
            assert ledger.duplicates == self.duplicates[number]
            late = [event for event in self.recorder.of("tool_finished_late") if event.call_id in ids]
            assert ledger.late >= len(late)


TestCallsUnderFire = CallsUnderFire.TestCase
TestCallsUnderFire.settings = settings(max_examples=30, stateful_step_count=30, deadline=None, phases=PHASES)


class CallsUnderFireForLong(CallsUnderFire):
    """The same, many times over."""


TestCallsUnderFireForLong = pytest.mark.soak(pytest.mark.timeout(900)(CallsUnderFireForLong.TestCase))
TestCallsUnderFireForLong.settings = settings(
    max_examples=400, stateful_step_count=50, deadline=None, phases=PHASES
)
