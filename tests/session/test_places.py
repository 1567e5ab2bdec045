"""Places: limits are kept over all sessions, order within one, and a place is free when the code has returned."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from agentframework.session.places import Claim, Places, SessionPlaces


class Desk:
    """Takes claims and notes which calls were begun, in order."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def take(
        self,
        session: SessionPlaces,
        call: str,
        tool: str = "tool",
        most: int | None = None,
        serial: bool | str = False,
    ) -> Claim:
        """A claim that is not refused."""
        claim = session.take(tool, partial(self.begun.append, call), most=most, serial=serial)
        assert claim is not None
        if claim.has_begun:
            self.begun.append(call)
        return claim


def nothing() -> None:
    """Begin nothing."""


def test_calls_without_limits_begin_at_once() -> None:
    desk, session = Desk(), Places().session()
    for number in range(3):
        assert desk.take(session, str(number)).has_begun
    assert desk.begun == ["0", "1", "2"]


def test_a_tools_limit_counts_over_all_sessions_and_they_take_turns() -> None:
    places, desk = Places(), Desk()
    busy, other = places.session(), places.session()
    first = desk.take(busy, "busy 0", most=1)
    claims = [desk.take(busy, f"busy {number}", most=1) for number in range(1, 4)]
    late = desk.take(other, "other", most=1)
    assert not any(claim.has_begun for claim in claims)
    for claim in (first, claims[0], late, claims[1]):
        claim.leave()
    assert desk.begun == ["busy 0", "busy 1", "other", "busy 2", "busy 3"]


def test_one_session_that_waits_for_a_tool_does_not_delay_other_tools() -> None:
    desk, session = Desk(), Places().session()
    desk.take(session, "slow", "slow", most=1)
    desk.take(session, "waits", "slow", most=1)
    assert desk.take(session, "quick", "quick", most=1).has_begun


def test_serial_calls_run_one_after_another_in_each_session_alone() -> None:
    places, desk = Places(), Desk()
    one, two = places.session(), places.session()
    first = desk.take(one, "1a", serial=True)
    second = desk.take(one, "1b", serial=True)
    assert desk.take(two, "2a", serial=True).has_begun
    assert desk.take(one, "other tool", "other", serial=True).has_begun
    third = desk.take(one, "1c", serial=True)
    assert desk.begun == ["1a", "2a", "other tool"]
    first.leave()
    assert desk.begun == ["1a", "2a", "other tool", "1b"]
    assert (second.has_begun, third.has_begun) == (True, False)


def test_tools_with_one_key_are_serial_among_each_other() -> None:
    desk, session = Desk(), Places().session()
    first = desk.take(session, "a", "write", serial="file")
    desk.take(session, "b", "read", serial="file")
    desk.take(session, "c", "write", serial="file")
    assert desk.begun == ["a"]
    first.leave()
    assert desk.begun == ["a", "b"]


def test_a_key_that_is_spelt_like_a_tool_is_not_that_tools_own_order() -> None:
    desk, session = Desk(), Places().session()
    desk.take(session, "a", "write", serial=True)
    assert desk.take(session, "b", "read", serial="write").has_begun


def test_of_one_session_no_more_calls_run_than_may() -> None:
    places, desk = Places(), Desk()
    session, other = places.session(2), places.session(2)
    claims = [desk.take(session, str(number), f"tool {number}") for number in range(4)]
    assert desk.take(other, "other").has_begun
    assert desk.begun == ["0", "1", "other"]
    claims[1].leave()
    claims[0].leave()
    assert desk.begun == ["0", "1", "other", "2", "3"]


def test_a_call_that_is_answered_and_still_runs_keeps_its_place() -> None:
    desk, session = Desk(), Places().session()
    first = desk.take(session, "first", most=2)
    desk.take(session, "second", most=2)
    desk.take(session, "third", most=2)
    first.give_up()
    assert desk.begun == ["first", "second"]
    first.leave()
    assert desk.begun == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("most", "serial", "limit"), [(1, False, None), (None, True, None), (None, False, 1)]
)
def test_where_all_places_are_held_by_calls_that_were_answered_a_new_one_is_refused_at_once(
    most: int | None, serial: bool, limit: int | None
) -> None:
    desk, session = Desk(), Places().session(limit)
    hung = desk.take(session, "hung", most=most, serial=serial)
    waiting = desk.take(session, "waiting", most=most, serial=serial)
    hung.give_up()
    assert session.take("tool", nothing, most=most, serial=serial) is None
    assert desk.begun == ["hung"]
    hung.leave()
    hung.leave()
    assert waiting.has_begun
    assert session.take("tool", nothing, most=most, serial=serial) is not None


def test_a_call_that_is_given_up_while_it_waits_is_never_begun() -> None:
    desk, session = Desk(), Places().session()
    first = desk.take(session, "first", serial=True)
    second = desk.take(session, "second", serial=True)
    desk.take(session, "third", serial=True)
    second.give_up()
    second.leave()
    first.leave()
    assert desk.begun == ["first", "third"]
    assert not second.has_begun


def test_when_the_first_of_an_order_is_given_up_the_next_may_begin_where_it_has_a_place() -> None:
    places, desk = Places(), Desk()
    session, other = places.session(), places.session()
    desk.take(other, "holds", "narrow", most=1)
    first = desk.take(session, "first", "narrow", most=1, serial="key")
    desk.take(session, "second", "wide", serial="key")
    assert desk.begun == ["holds"]
    first.give_up()
    assert desk.begun == ["holds", "second"]


def test_a_waiting_call_that_ends_as_it_begins_makes_room_for_the_next_however_many_there_are() -> None:
    session = Places().session(1)
    first = session.take("tool", nothing)
    assert first is not None
    begun: list[int] = []
    claims: list[Claim] = []

    def begin(number: int) -> None:
        begun.append(number)
        claims[number].leave()

    for number in range(5_000):
        claim = session.take("tool", partial(begin, number))
        assert claim is not None
        claims.append(claim)
    first.leave()
    assert begun == list(range(5_000))


def test_a_call_that_has_its_place_and_is_given_up_before_it_begins_is_not_begun() -> None:
    desk, session = Desk(), Places().session(2)
    holders = [desk.take(session, f"holder {number}", most=2) for number in range(2)]
    claims: list[Claim] = []

    def end_all() -> None:
        for claim in [*claims, *holders]:
            claim.give_up()

    waits = session.take("tool", end_all, most=2)
    assert waits is not None
    claims.append(desk.take(session, "never", most=2))
    holders[0].leave()
    assert waits.has_begun
    assert not claims[0].has_begun
    waits.leave()
    assert desk.begun == ["holder 0", "holder 1"]


def test_a_call_that_cannot_be_begun_does_not_keep_others(caplog: pytest.LogCaptureFixture) -> None:
    desk, session = Desk(), Places().session(2)
    holders = [desk.take(session, f"holder {number}") for number in range(2)]

    def fail() -> None:
        raise LookupError("no")

    session.take("tool", fail)
    desk.take(session, "after")
    for holder in holders:
        holder.leave()
    assert "after" in desk.begun
    assert "could not be begun" in caplog.text


def test_nothing_is_kept_of_tools_and_orders_that_nobody_uses() -> None:
    places, desk = Places(), Desk()
    session = places.session()
    claims = [
        desk.take(session, str(number), f"tool {number}", most=1, serial=f"key {number % 7}")
        for number in range(50)
    ]
    for claim in claims:
        claim.give_up()
        claim.leave()
    assert not places._tools
    assert not session._lanes


@dataclass(eq=False)
class Call:
    """What the model knows of a call."""

    session: int
    tool: str
    serial: bool | str
    state: str = "waiting"
    claim: Claim | None = None
    begins: int = 0

    @property
    def order(self) -> tuple[int, object]:
        """Calls with the same one begin in the order in which they came."""
        return self.session, (self.serial,) if isinstance(self.serial, str) else (self.tool, self.serial)


@dataclass
class Model:
    """Counts instead of keeping books."""

    tools: dict[str, int | None]
    sessions: list[int | None]
    calls: list[Call] = field(default_factory=list)

    def is_full(self, call: Call, states: tuple[str, ...] = ("begun", "zombie")) -> bool:
        """Whether one of the call's limits is used up by calls in these states."""
        held = [other for other in self.calls if other.state in states]
        tool, session = self.tools[call.tool], self.sessions[call.session]
        return (
            (tool is not None and sum(other.tool == call.tool for other in held) >= tool)
            or (session is not None and sum(other.session == call.session for other in held) >= session)
            or (bool(call.serial) and any(other.order == call.order for other in held))
        )

    def first(self, call: Call) -> Call:
        """The call of the same order that comes next."""
        return next(other for other in self.calls if other.state == "waiting" and other.order == call.order)


MOST = st.tuples(*[st.none() | st.integers(1, 3)] * 3)


class PlacesMachine(RuleBasedStateMachine):
    """Calls of three sessions come, begin, are given up and end in any order."""

    calls = Bundle[Call]("calls")

    @initialize(tools=MOST, sessions=MOST)
    def make(self, tools: tuple[int | None, ...], sessions: tuple[int | None, ...]) -> None:
        self.model = Model(dict(zip("abc", tools, strict=True)), list(sessions))
        self.places = Places()
        self.sessions = [self.places.session(most) for most in sessions]

    @rule(
        target=calls,
        session=st.integers(0, 2),
        tool=st.sampled_from("abc"),
        serial=st.sampled_from([False, False, True, "k"]),
        short=st.booleans(),
    )
    def take(self, session: int, tool: str, serial: bool | str, short: bool) -> Call | MultipleResults[Call]:
        call = Call(session, tool, serial)
        lost = self.model.is_full(call, ("zombie",))

        def begin() -> None:
            call.begins += 1
            call.state = "begun"
            if short:
                self.leave(call)

        most = self.model.tools[tool]
        call.claim = self.sessions[session].take(tool, begin, most=most, serial=serial)
        assert (call.claim is None) == lost
        if call.claim is None:
            return multiple()
        self.model.calls.append(call)
        if call.claim.has_begun:
            begin()
        return call

    @rule(call=calls)
    def give_up(self, call: Call) -> None:
        assert call.claim is not None
        call.state = {"waiting": "struck", "begun": "zombie"}.get(call.state, call.state)
        call.claim.give_up()

    @rule(call=calls)
    def leave(self, call: Call) -> None:
        assert call.claim is not None
        call.state = "struck" if call.state == "waiting" else "left" if call.state != "struck" else "struck"
        call.claim.leave()

    @invariant()
    def limits_hold_and_no_call_waits_for_nothing(self) -> None:
        if not hasattr(self, "model"):
            return
        for call in self.model.calls:
            assert call.claim is not None
            assert call.begins == (call.state in ("begun", "zombie", "left"))
            assert call.claim.has_begun == (call.begins > 0)
            if call.state == "waiting" and self.model.first(call) is call:
                assert self.model.is_full(call)
        held = [call for call in self.model.calls if call.state in ("begun", "zombie")]
        for tool, most in self.model.tools.items():
            assert most is None or sum(call.tool == tool for call in held) <= most
        for session, most in enumerate(self.model.sessions):
            assert most is None or sum(call.session == session for call in held) <= most
        serial = [call.order for call in held if call.serial]
        assert len(serial) == len(set(serial))

    @invariant()
    def those_of_one_order_begin_in_order(self) -> None:
        if not hasattr(self, "model"):
            return
        waiting: set[tuple[int, object]] = set()
        for call in self.model.calls:
            if call.state == "waiting":
                waiting.add(call.order)
            assert not (call.begins and call.order in waiting)

    def teardown(self) -> None:
        """Where all have left nothing is kept."""
        if not hasattr(self, "model"):
            return
        for call in self.model.calls:
            self.leave(call)
        assert not self.places._tools
        assert not any(session._lanes for session in self.sessions)


TestPlaces = PlacesMachine.TestCase
TestPlaces.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
