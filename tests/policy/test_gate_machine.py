"""The gate under any order of calls, answers, ends and pauses: nothing runs twice, and nobody waits for ever."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agentframework.policy import Ask, Attempt, Deny, Gate, Join, Policy, Replay, Rule, Run

WINDOW = 60.0


class GateMachine(RuleBasedStateMachine):
    """Calls of three tools: one that is asked for, one that must not run twice, one that is both."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate(
            Policy(
                rules=[Rule("ask", "ask*"), Rule("deny", arguments={"n": 9})],
                duplicate_window=WINDOW,
                tool_calls_per_minute={"once": 5},
            )
        )
        self.now = 0.0
        self.calls = 0
        self.asked: dict[str, tuple[Ask, Attempt]] = {}
        self.used: list[tuple[Ask, Attempt]] = []
        self.running: dict[str, Attempt] = {}
        self.waiting: dict[str, str] = {}
        self.succeeded: dict[tuple[str, int], float] = {}
        self.ran: list[float] = []

    @rule(tool=st.sampled_from(["ask", "once", "ask_once"]), number=st.sampled_from([1, 2, 9]))
    def call(self, tool: str, number: int) -> None:
        self.calls += 1
        attempt = Attempt(
            f"c{self.calls}", tool, "o", "write", False if "once" in tool else None, {"n": number}
        )
        verdict = self.gate.judge(attempt, self.now)
        key = (tool, number)
        under_way = [one.call_id for one in self._under_way() if (one.tool, one.arguments["n"]) == key]
        match verdict:
            case Join(leader):
                assert under_way == [leader]
                self.waiting[attempt.call_id] = leader
            case Replay():
                assert self.now - self.succeeded[key] < WINDOW
            case Deny(kind="limited"):
                assert tool == "once"
                assert sum(at > self.now - 60 for at in self.ran) >= 5
            case Deny():
                assert number == 9
            case Ask() | Run():
                assert number != 9
                assert isinstance(verdict, Ask) == tool.startswith("ask")
                if "once" in tool:
                    assert under_way == []
                    assert self.now - self.succeeded.get(key, -WINDOW) >= WINDOW
                if isinstance(verdict, Ask):
                    self.asked[attempt.call_id] = (verdict, attempt)
                else:
                    self._run(attempt)

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), approved=st.booleans())
    def answer(self, data: st.DataObject, approved: bool) -> None:
        request, attempt = self.asked.pop(data.draw(st.sampled_from(sorted(self.asked))))
        verdict = self.gate.conclude(request, approved, attempt, self.now)
        self.used.append((request, attempt))
        if approved and self.now < request.deadline:
            assert verdict == Run("approved")
            self._run(attempt)
        else:
            assert isinstance(verdict, Deny)
            self._settle(attempt, ok=False)

    @precondition(lambda self: self.used)
    @rule(data=st.data())
    def answer_again(self, data: st.DataObject) -> None:
        request, attempt = data.draw(st.sampled_from(self.used))
        assert isinstance(self.gate.conclude(request, True, attempt, self.now), Deny)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def end_while_asked(self, data: st.DataObject) -> None:
        request, attempt = self.asked.pop(data.draw(st.sampled_from(sorted(self.asked))))
        self._settle(attempt, ok=False)
        self.used.append((request, attempt))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), ok=st.booleans())
    def end(self, data: st.DataObject, ok: bool) -> None:
        attempt = self.running.pop(data.draw(st.sampled_from(sorted(self.running))))
        self._settle(attempt, ok=ok)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up_waiting(self, data: st.DataObject) -> None:
        call_id = data.draw(st.sampled_from(sorted(self.waiting)))
        del self.waiting[call_id]
        assert self.gate.settled(call_id, ok=False, text="timeout", now=self.now) == ()

    @rule(seconds=st.sampled_from([0.5, 9.0, 30.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def never_two_that_must_not_run_twice(self) -> None:
        keys = [(one.tool, one.arguments["n"]) for one in self.running.values() if one.idempotent is False]
        assert len(keys) == len(set(keys))

    @invariant()
    def who_waits_waits_for_somebody(self) -> None:
        leaders = {one.call_id for one in self._under_way()}
        assert set(self.waiting.values()) <= leaders

    def teardown(self) -> None:
        for attempt in self._under_way():
            self._settle(attempt, ok=False)
        assert self.waiting == {}

    def _under_way(self) -> list[Attempt]:
        return [*self.running.values(), *(attempt for _, attempt in self.asked.values())]

    def _run(self, attempt: Attempt) -> None:
        self.running[attempt.call_id] = attempt
        if attempt.tool == "once":
            self.ran.append(self.now)

    def _settle(self, attempt: Attempt, *, ok: bool) -> None:
        joined = self.gate.settled(attempt.call_id, ok=ok, text="done", now=self.now)
        assert sorted(joined) == sorted(
            own for own, leader in self.waiting.items() if leader == attempt.call_id
        )
        self.waiting = {own: leader for own, leader in self.waiting.items() if leader != attempt.call_id}
        if ok and attempt.idempotent is False:
            self.succeeded[attempt.tool, attempt.arguments["n"]] = self.now
        assert self.gate.settled(attempt.call_id, ok=ok, text="done", now=self.now) == ()


TestGateMachine = GateMachine.TestCase
TestGateMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
