"""Exactly one answer for each call that expects one, none after the end, and never two."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from agentframework.protocol.client import ClientProtocol, Verdict
from agentframework.protocol.ledger import Admission, Ledger, Outcome, Settlement
from agentframework.protocol.messages import ClientToolCall, UserActivityMessage
from wire_examples import frame_of

NEVER, ALWAYS = "never_answered", "always_answered"
FLAGS: dict[str, bool] = {
    "true": True,
    "false": False,
    "": True,
    "null": True,
    '"false"': True,
    '"true"': True,
    "0": True,
    "1": True,
    '"x"': True,
    "[]": True,
    "{}": True,
}
"""What stands under `expects_response` ("" for nothing), and whether the call is to be answered."""


def call_frame(tool_call_id: str, tool_name: str = "a", flag: str = "") -> str:
    ending = f', "expects_response": {flag}' if flag else ""
    named = f'"tool_call_id": "{tool_call_id}", "tool_name": "{tool_name}"'
    return frame_of("client_tool_call", f'{{{named}, "parameters": {{}}, "event_id": 1{ending}}}')


def call(tool_call_id: str, tool_name: str = "a", expects_response: bool | None = None) -> ClientToolCall:
    return ClientToolCall(tool_call_id=tool_call_id, tool_name=tool_name, expects_response=expects_response)


def answers_in(protocol: ClientProtocol) -> list[dict[str, Any]]:
    found = []
    while (frame := protocol.next_frame()) is not None:
        message = json.loads(frame)
        if message.get("type") == "client_tool_result":
            found.append(message)
    return found


@pytest.mark.parametrize(("flag", "expected"), FLAGS.items())
def test_only_a_json_false_asks_for_no_answer(flag: str, expected: bool) -> None:
    protocol = ClientProtocol()
    assert protocol.receive_frame(call_frame("tc_1", flag=flag)).verdict is Verdict.CALL
    settlement = protocol.answer("tc_1", Outcome.OK, "done", is_error=False)
    assert settlement is (Settlement.ANSWERED if expected else Settlement.NOT_EXPECTED)
    assert len(answers_in(protocol)) == expected
    assert protocol.ledger.outcome_of("tc_1") is Outcome.OK


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize(("tool_name", "answered"), [(ALWAYS, True), (NEVER, False)])
def test_the_config_overrules_what_the_call_says(flag: str, tool_name: str, answered: bool) -> None:
    protocol = ClientProtocol(answers={ALWAYS: True, NEVER: False})
    protocol.receive_frame(call_frame("tc_1", tool_name, flag))
    protocol.answer("tc_1", Outcome.OK, "done", is_error=False)
    assert len(answers_in(protocol)) == answered


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("is_error", [True, False])
def test_the_answer_holds_id_text_and_error_flag_whatever_the_outcome(
    outcome: Outcome, is_error: bool
) -> None:
    ledger = Ledger()
    ledger.receive(call("tc_1"))
    settlement, message = ledger.settle("tc_1", outcome, "0", is_error=is_error)
    assert settlement is Settlement.ANSWERED
    assert message is not None
    assert json.loads(message.to_frame()) == {
        "type": "client_tool_result",
        "tool_call_id": "tc_1",
        "result": "0",
        "is_error": is_error,
    }
    assert ledger.outcomes == Counter({outcome: 1})


@pytest.mark.parametrize("text", ["", "0", "\x00", "é\n🎧", "x" * 1_000_000, "half a pair \ud83d", '{"a":1}'])
def test_any_text_is_an_answer(text: str) -> None:
    protocol = ClientProtocol()
    protocol.receive_frame(call_frame("tc_1"))
    assert protocol.answer("tc_1", Outcome.OK, text, is_error=False) is Settlement.ANSWERED
    [answer] = answers_in(protocol)
    assert answer["result"] == text.replace("\ud83d", "\ufffd")


def test_a_duplicate_is_counted_and_nothing_else_open_or_settled() -> None:
    protocol = ClientProtocol()
    protocol.receive_frame(call_frame("tc_1"))
    assert protocol.receive_frame(call_frame("tc_1", "b", "false")).verdict is Verdict.DUPLICATE_CALL
    assert list(protocol.ledger.open_ids) == ["tc_1"]
    assert protocol.answer("tc_1", Outcome.OK, "done", is_error=False) is Settlement.ANSWERED
    assert protocol.receive_frame(call_frame("tc_1")).verdict is Verdict.DUPLICATE_CALL
    assert not protocol.ledger.open_ids
    assert protocol.ledger.duplicates == 2
    assert len(answers_in(protocol)) == 1


def test_the_first_outcome_stands_and_a_later_one_is_only_counted() -> None:
    ledger = Ledger()
    ledger.receive(call("tc_1"))
    ledger.settle("tc_1", Outcome.TIMEOUT, "too late", is_error=True)
    assert ledger.settle("tc_1", Outcome.OK, "done", is_error=False) == (Settlement.LATE, None)
    assert ledger.outcome_of("tc_1") is Outcome.TIMEOUT
    assert ledger.outcomes == Counter({Outcome.TIMEOUT: 1})
    assert ledger.late == 1


def test_ids_that_differ_by_case_or_space_are_different_calls() -> None:
    ledger = Ledger()
    ids = ["a", "A", " a", "a ", "1", "01"]
    assert [ledger.receive(call(tool_call_id)) for tool_call_id in ids] == [Admission.NEW] * len(ids)
    assert ledger.open_ids == tuple(ids)


def test_beyond_the_most_open_calls_a_call_is_busy_until_one_is_settled() -> None:
    ledger = Ledger(max_open=2)
    assert [ledger.receive(call(name)) for name in "abc"] == [Admission.NEW, Admission.NEW, Admission.BUSY]
    settlement, message = ledger.settle("c", Outcome.BUSY, "Try again later.", is_error=True)
    assert settlement is Settlement.ANSWERED
    assert message is not None
    assert ledger.receive(call("c")) is Admission.DUPLICATE
    ledger.settle("a", Outcome.OK, "", is_error=False)
    assert ledger.receive(call("d")) is Admission.NEW
    assert ledger.outcomes == Counter({Outcome.BUSY: 1, Outcome.OK: 1})


def test_of_the_settled_calls_only_the_last_are_remembered() -> None:
    ledger = Ledger(remembered=100)
    for number in range(10_000):
        assert ledger.receive(call(str(number))) is Admission.NEW
        ledger.settle(str(number), Outcome.OK, "", is_error=False)
    assert [ledger.outcome_of(str(number)) for number in (9_899, 9_900)] == [None, Outcome.OK]
    assert ledger.receive(call("9900")) is Admission.DUPLICATE
    assert ledger.receive(call("9899")) is Admission.NEW
    assert sum(ledger.outcomes.values()) == 10_000
    held = len(ledger._settled) + len(ledger._open)
    assert held == 101


def test_an_open_call_is_never_forgotten() -> None:
    ledger = Ledger(remembered=1)
    ledger.receive(call("slow"))
    for number in range(1_000):
        ledger.receive(call(str(number)))
        ledger.settle(str(number), Outcome.OK, "", is_error=False)
    assert ledger.receive(call("slow")) is Admission.DUPLICATE
    assert ledger.settle("slow", Outcome.OK, "", is_error=False)[0] is Settlement.ANSWERED


def test_a_result_that_comes_after_its_call_was_forgotten_is_late_and_no_error() -> None:
    ledger = Ledger(remembered=1)
    for name in "ab":
        ledger.receive(call(name))
        ledger.settle(name, Outcome.TIMEOUT, "", is_error=True)
    assert ledger.settle("a", Outcome.OK, "", is_error=False) == (Settlement.LATE, None)
    assert ledger.late == 1


def test_after_the_end_outcomes_are_written_and_nothing_is_sent() -> None:
    ledger = Ledger(answers={"b": True})
    for name in "ab":
        ledger.receive(call(name, tool_name=name))
    ledger.end()
    assert ledger.receive(call("c")) is Admission.NEW
    for name in "abc":
        assert ledger.settle(name, Outcome.SHUTDOWN, "", is_error=True) == (Settlement.AFTER_END, None)
    assert ledger.outcomes == Counter({Outcome.SHUTDOWN: 3})
    assert ledger.open_ids == ()


OTHERS = {
    "ping": '{"type": "ping", "ping_event": {"event_id": %d}}',
    "interruption": '{"type": "interruption", "interruption_event": {"event_id": %d}}',
    "audio": '{"type": "audio", "audio_event": {"event_id": %d, "audio_base_64": "AAA="}}',
    "vad_score": '{"type": "vad_score", "vad_score_event": {"vad_score": %d}}',
    "new": '{"type": "of_tomorrow", "id": %d}',
}


class Calls(RuleBasedStateMachine):
    """Any history of calls, compared with a plain list of which ids are due an answer."""

    known = Bundle("known")
    unsettled = Bundle("unsettled")

    @initialize(max_open=st.integers(1, 4))
    def start(self, max_open: int) -> None:
        self.protocol = ClientProtocol(max_open_calls=max_open, answers={ALWAYS: True, NEVER: False})
        self.max_open = max_open
        self.expects: dict[str, bool] = {}
        self.open: list[str] = []
        self.due: list[tuple[str, str, bool]] = []
        self.sent: list[tuple[str, str, bool]] = []
        self.outcomes: Counter[Outcome] = Counter()
        self.duplicates = 0
        self.late = 0
        self.pings = 0
        self.others = 0
        self.ended = False

    def settle(self, tool_call_id: str, outcome: Outcome, text: str, is_error: bool) -> None:
        settlement = self.protocol.answer(tool_call_id, outcome, text, is_error=is_error)
        self.open.remove(tool_call_id)
        self.outcomes[outcome] += 1
        if self.ended:
            assert settlement is Settlement.AFTER_END
        elif self.expects[tool_call_id]:
            assert settlement is Settlement.ANSWERED
            self.due.append((tool_call_id, text, is_error))
        else:
            assert settlement is Settlement.NOT_EXPECTED

    @rule(
        targets=(known, unsettled),
        tool_name=st.sampled_from(["a", "b", ALWAYS, NEVER]),
        flag=st.sampled_from(sorted(FLAGS)),
    )
    def a_call_comes(self, tool_name: str, flag: str) -> Any:
        tool_call_id = f"tc {len(self.expects)}"
        verdict = self.protocol.receive_frame(call_frame(tool_call_id, tool_name, flag)).verdict
        busy = len(self.open) >= self.max_open
        assert verdict is (Verdict.BUSY_CALL if busy else Verdict.CALL)
        self.expects[tool_call_id] = {ALWAYS: True, NEVER: False}.get(tool_name, FLAGS[flag])
        self.open.append(tool_call_id)
        if not busy:
            return tool_call_id
        self.settle(tool_call_id, Outcome.BUSY, "busy", True)
        return multiple()

    @rule(tool_call_id=known, flag=st.sampled_from(sorted(FLAGS)))
    def a_call_comes_again(self, tool_call_id: str, flag: str) -> None:
        received = self.protocol.receive_frame(call_frame(tool_call_id, "other", flag))
        assert received.verdict is Verdict.DUPLICATE_CALL
        self.duplicates += 1

    @rule(
        tool_call_id=unsettled,
        outcome=st.sampled_from(Outcome),
        text=st.text(max_size=5),
        is_error=st.booleans(),
    )
    def a_call_is_answered(self, tool_call_id: str, outcome: Outcome, text: str, is_error: bool) -> None:
        if tool_call_id in self.open:
            self.settle(tool_call_id, outcome, text, is_error)

    @rule(tool_call_id=known)
    def an_answer_comes_late(self, tool_call_id: str) -> None:
        if tool_call_id not in self.open:
            settlement = self.protocol.answer(tool_call_id, Outcome.OK, "late", is_error=False)
            assert settlement is Settlement.LATE
            self.late += 1

    @rule(frame=st.sampled_from(["", "{}", '{"type": "client_tool_call", "client_tool_call": {}}']))
    def a_malformed_frame_comes(self, frame: str) -> None:
        assert self.protocol.receive_frame(frame).verdict is Verdict.MALFORMED

    @rule(
        event_id=st.integers(0, 9),
        kind=st.sampled_from(["ping", "interruption", "audio", "vad_score", "new"]),
    )
    def something_else_comes(self, event_id: int, kind: str) -> None:
        self.protocol.receive_frame(OTHERS[kind] % event_id)
        self.pings += kind == "ping" and not self.ended

    @rule()
    def something_else_is_to_be_sent(self) -> None:
        self.others += self.protocol.send(UserActivityMessage())
        self.others += self.protocol.send_audio(b"\x01\x02")

    @rule(frames=st.none() | st.integers(1, 4))
    def some_or_all_that_waits_is_sent(self, frames: int | None) -> None:
        while frames is None or frames > 0:
            frame = self.protocol.next_frame()
            if frame is None:
                break
            assert not self.ended
            frames = None if frames is None else frames - 1
            message = json.loads(frame)
            match message.get("type"):
                case "client_tool_result":
                    self.sent.append((message["tool_call_id"], message["result"], message["is_error"]))
                case "pong":
                    self.pings -= 1
                case _:
                    self.others -= message.get("type") != "conversation_initiation_client_data"
        if frames is None and not self.ended:
            assert (self.sent, self.pings, self.others) == (self.due, 0, 0)

    @precondition(lambda self: not self.ended)
    @rule()
    def the_socket_goes(self) -> None:
        self.protocol.end()
        self.ended = True

    @rule(again=st.booleans())
    def the_session_shuts_down(self, again: bool) -> None:
        """What is open is told so, and sent where there is time for that."""
        for tool_call_id in tuple(self.open):
            self.settle(
                tool_call_id, Outcome.CONNECTION_LOST if self.ended else Outcome.SHUTDOWN, "over", True
            )
        if again:
            self.protocol.end()
            self.ended = True

    @invariant()
    def the_ledger_agrees(self) -> None:
        ledger = self.protocol.ledger
        assert ledger.open_ids == tuple(self.open)
        assert ledger.outcomes == self.outcomes
        assert (ledger.duplicates, ledger.late) == (self.duplicates, self.late)
        assert self.sent == self.due[: len(self.sent)]
        ids = [tool_call_id for tool_call_id, _, _ in self.sent]
        assert len(ids) == len(set(ids))

    def teardown(self) -> None:
        if hasattr(self, "protocol"):
            for tool_call_id in tuple(self.open):
                self.settle(tool_call_id, Outcome.SHUTDOWN, "over", True)
            self.some_or_all_that_waits_is_sent(None)
            assert sum(self.protocol.ledger.outcomes.values()) == len(self.expects)


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
