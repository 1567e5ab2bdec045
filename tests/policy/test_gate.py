"""What the gate of a session says of calls, one after another."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from agentframework.policy import Ask, Attempt, Deny, Gate, Join, Policy, Replay, Rule, Run

ASK = Policy(rules=[Rule("ask", "pay", name="policy.ask[0]")])


def attempt(call_id: str = "c1", tool: str = "pay", **changes: Any) -> Attempt:
    said = {"owner": "shop", "risk": "write", "idempotent": None, "arguments": {"amount": 5}} | changes
    return Attempt(call_id, tool, **said)


def asked(gate: Gate, call: Attempt, now: float = 0.0) -> Ask:
    verdict = gate.judge(call, now)
    assert isinstance(verdict, Ask)
    return verdict


class TestRules:
    @pytest.mark.parametrize("risk", ["read", "write"])
    def test_what_nothing_lists_runs(self, risk: str) -> None:
        assert Gate(Policy()).judge(attempt(risk=risk), 0.0) == Run("allowed")

    def test_a_dangerous_tool_that_nothing_lists_is_denied(self) -> None:
        verdict = Gate(Policy()).judge(attempt(risk="dangerous"), 0.0)
        assert verdict == Deny(
            "pay was not run because it is not allowed here. Do not call it again.",
            "the tool's risk is 'dangerous' and no rule allows the call",
        )

    def test_the_rule_that_denies_is_named_in_the_record_and_not_to_the_model(self) -> None:
        gate = Gate(Policy(rules=[Rule("deny", arguments={"amount": {"minimum": 5}}, name="policy.deny[0]")]))
        verdict = gate.judge(attempt(), 0.0)
        assert isinstance(verdict, Deny)
        assert verdict.reason == "policy.deny[0]"
        assert verdict.text.startswith("pay was not run because it is not allowed with these arguments.")
        assert gate.judge(attempt(arguments={"amount": 4}), 0.0) == Run("allowed")


class TestApproval:
    def test_an_approval_lets_exactly_this_call_run(self) -> None:
        gate = Gate(ASK)
        request = asked(gate, attempt(), 3.0)
        assert (request.rule, request.timeout, request.deadline) == ("policy.ask[0]", 10.0, 13.0)
        assert gate.conclude(request, True, attempt(), 12.9) == Run("approved")

    def test_it_counts_once(self) -> None:
        gate = Gate(ASK)
        request = asked(gate, attempt())
        gate.conclude(request, True, attempt(), 1.0)
        assert isinstance(gate.conclude(request, True, attempt(), 1.0), Deny)

    def test_it_counts_once_on_many_threads(self) -> None:
        gate = Gate(ASK)
        request = asked(gate, attempt())
        verdicts: list[Run | Deny] = []
        ready = threading.Barrier(8)

        def conclude() -> None:
            ready.wait()
            verdicts.append(gate.conclude(request, True, attempt(), 1.0))

        threads = [threading.Thread(target=conclude) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert verdicts.count(Run("approved")) == 1

    @pytest.mark.parametrize(
        "changed",
        [
            attempt(arguments={"amount": 5000}),
            attempt(arguments={"amount": 5, "to": "Eve"}),
            attempt("c2"),
            attempt(tool="refund"),
        ],
    )
    def test_changed_arguments_another_tool_and_another_call_need_their_own(self, changed: Attempt) -> None:
        gate = Gate(ASK)
        verdict = gate.conclude(asked(gate, attempt()), True, changed, 1.0)
        assert isinstance(verdict, Deny)
        assert verdict.reason == "the approval was for another call"
        assert isinstance(gate.judge(attempt("c9", arguments={"amount": 5000}), 1.0), Ask)

    @pytest.mark.parametrize("approved", [False, None, "yes", 1])
    def test_only_true_is_an_approval(self, approved: Any) -> None:
        gate = Gate(ASK)
        assert isinstance(gate.conclude(asked(gate, attempt()), approved, attempt(), 1.0), Deny)

    def test_too_late_is_no_approval(self) -> None:
        gate = Gate(Policy(rules=ASK.rules, approval_timeout=2.0))
        verdict = gate.conclude(asked(gate, attempt()), True, attempt(), 2.0)
        assert isinstance(verdict, Deny)
        assert verdict.reason == "nobody approved it in time"

    def test_the_model_is_told_why(self) -> None:
        gate = Gate(ASK)
        verdict = gate.conclude(asked(gate, attempt()), False, attempt(), 1.0, why="there is nobody to ask")
        assert isinstance(verdict, Deny)
        assert verdict.text == (
            "pay was not run: there is nobody to ask. Do not call it again unless the user asks for it."
        )

    def test_an_approval_of_another_session_is_none(self) -> None:
        request = asked(Gate(ASK), attempt())
        other = Gate(ASK)
        asked(other, attempt())
        assert isinstance(other.conclude(request, True, attempt(), 1.0), Deny)

    def test_a_request_that_somebody_made_up_is_none(self) -> None:
        gate = Gate(ASK)
        asked(gate, attempt())
        forged = Ask("c1", "pay", asked(Gate(ASK), attempt()).hash, 10.0, 10.0, "policy.ask[0]")
        assert isinstance(gate.conclude(forged, True, attempt(), 1.0), Deny)

    def test_a_call_that_has_ended_meanwhile_is_not_approved_any_more(self) -> None:
        gate = Gate(ASK)
        request = asked(gate, attempt())
        gate.settled("c1", ok=False, text="timeout", now=1.0)
        assert isinstance(gate.conclude(request, True, attempt(), 1.0), Deny)

    def test_an_id_that_is_being_asked_for_cannot_be_used_for_another_call(self) -> None:
        gate = Gate(ASK)
        request = asked(gate, attempt())
        assert isinstance(gate.judge(attempt(arguments={"amount": 9}), 0.5), Deny)
        assert gate.conclude(request, True, attempt(), 1.0) == Run("approved")


class TestRepeats:
    def once(self, call_id: str, **changes: Any) -> Attempt:
        return attempt(call_id, **{"idempotent": False} | changes)

    def test_the_same_call_in_flight_joins(self) -> None:
        gate = Gate(Policy())
        assert gate.judge(self.once("c1"), 0.0) == Run("allowed")
        assert gate.judge(self.once("c2"), 1.0) == Join("c1")
        assert gate.judge(self.once("c3"), 1.0) == Join("c1")
        assert gate.settled("c1", ok=True, text="paid", now=2.0) == ("c2", "c3")

    def test_after_a_success_its_result_is_given_and_marked(self) -> None:
        gate = Gate(Policy())
        gate.judge(self.once("c1"), 0.0)
        gate.settled("c1", ok=True, text="paid", now=2.0)
        assert gate.judge(self.once("c2"), 5.0) == Replay(
            "pay was not run again: the same call succeeded 3 seconds ago. Its result was: paid"
        )

    def test_a_failure_is_not_remembered(self) -> None:
        gate = Gate(Policy())
        gate.judge(self.once("c1"), 0.0)
        gate.settled("c1", ok=False, text="no", now=2.0)
        assert gate.judge(self.once("c2"), 3.0) == Run("allowed")

    def test_changed_arguments_and_other_tools_are_other_calls(self) -> None:
        gate = Gate(Policy())
        calls: list[dict[str, Any]] = [
            {},
            {"arguments": {"amount": 6}},
            {"arguments": {"amount": "5"}},
            {"tool": "refund"},
        ]
        for number, call in enumerate(calls):
            assert gate.judge(self.once(f"c{number}", **call), 0.0) == Run("allowed")

    def test_the_window_ends(self) -> None:
        gate = Gate(Policy(duplicate_window=60.0))
        gate.judge(self.once("c1"), 0.0)
        gate.settled("c1", ok=True, text="paid", now=2.0)
        assert isinstance(gate.judge(self.once("c2"), 61.9), Replay)
        assert gate.judge(self.once("c3"), 62.0) == Run("allowed")

    @pytest.mark.parametrize("idempotent", [True, None])
    def test_other_tools_run_as_often_as_they_are_called(self, idempotent: bool | None) -> None:
        gate = Gate(Policy())
        for number in range(5):
            assert gate.judge(self.once(f"c{number}", idempotent=idempotent), 0.0) == Run("allowed")

    def test_one_that_has_joined_and_ended_by_itself_is_not_answered_again(self) -> None:
        gate = Gate(Policy())
        for call_id in ("c1", "c2", "c3"):
            gate.judge(self.once(call_id), 0.0)
        assert gate.settled("c2", ok=False, text="timeout", now=1.0) == ()
        assert gate.settled("c1", ok=True, text="paid", now=2.0) == ("c3",)

    def test_one_joins_what_is_being_asked_for_and_shares_the_answer(self) -> None:
        gate = Gate(ASK)
        request = asked(gate, self.once("c1"))
        assert gate.judge(self.once("c2"), 0.5) == Join("c1")
        gate.conclude(request, False, self.once("c1"), 1.0)
        assert gate.settled("c1", ok=False, text="no", now=1.0) == ("c2",)

    def test_what_is_denied_is_denied_also_where_it_has_succeeded_before(self) -> None:
        gate = Gate(Policy(rules=[Rule("deny", "pay")]))
        assert isinstance(gate.judge(self.once("c1"), 0.0), Deny)

    def test_an_id_that_is_under_way_cannot_be_used_for_another_call(self) -> None:
        gate = Gate(Policy())
        gate.judge(self.once("c1"), 0.0)
        assert isinstance(gate.judge(self.once("c1", arguments={"amount": 9}), 0.0), Deny)
        assert gate.settled("c1", ok=True, text="paid", now=1.0) == ()
        assert gate.judge(self.once("c2", arguments={"amount": 9}), 1.0) == Run("allowed")

    def test_one_of_many_threads_leads(self) -> None:
        gate = Gate(Policy())
        verdicts: list[object] = []
        ready = threading.Barrier(16)

        def judge(number: int) -> None:
            ready.wait()
            verdicts.append(gate.judge(self.once(f"c{number}"), 0.0))

        threads = [threading.Thread(target=judge, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert verdicts.count(Run("allowed")) == 1
        assert sum(isinstance(verdict, Join) for verdict in verdicts) == 15


class TestLimits:
    def test_a_tool_has_its_own_limit(self) -> None:
        gate = Gate(Policy(tool_calls_per_minute={"pay": 2}))
        verdicts = [gate.judge(attempt(f"c{number}"), float(number)) for number in range(3)]
        assert verdicts[:2] == [Run("allowed")] * 2
        assert verdicts[2] == Deny(
            "pay was not run because it may be called twice a minute. Do not call it again within 58 seconds.",
            "its limit is 2 calls a minute",
            "limited",
        )
        assert gate.judge(attempt("c4", tool="refund"), 3.0) == Run("allowed")
        assert gate.judge(attempt("c5"), 60.0) == Run("allowed")

    def test_the_same_call_again_and_again_is_stopped_once_in_the_log(self) -> None:
        gate = Gate(Policy(repeat_limit=3))
        verdicts = [gate.judge(attempt(f"c{number}"), number / 10) for number in range(400)]
        assert verdicts[:3] == [Run("allowed")] * 3
        stopped = [verdict for verdict in verdicts[3:] if isinstance(verdict, Deny)]
        assert len(stopped) == 397
        assert {verdict.kind for verdict in stopped} == {"runaway"}
        assert [verdict.is_first for verdict in stopped] == [True] + [False] * 396
        assert stopped[0].text.startswith("Stop calling pay with these arguments.")

    def test_it_runs_again_after_a_minute_without_it(self) -> None:
        gate = Gate(Policy(repeat_limit=1))
        assert gate.judge(attempt("c1"), 0.0) == Run("allowed")
        assert isinstance(gate.judge(attempt("c2"), 59.0), Deny)
        assert isinstance(gate.judge(attempt("c3"), 61.0), Deny)
        assert gate.judge(attempt("c4"), 121.0) == Run("allowed")

    def test_other_arguments_are_not_stopped_with_it(self) -> None:
        gate = Gate(Policy(repeat_limit=1))
        for number in range(5):
            assert gate.judge(attempt(f"c{number}", arguments={"amount": number}), 0.0) == Run("allowed")

    def test_too_many_calls_of_any_kind_are_stopped(self) -> None:
        gate = Gate(Policy(calls_per_minute=100))
        verdicts = [
            gate.judge(attempt(f"c{number}", tool=f"t{number % 7}", arguments={"n": number}), number * 0.15)
            for number in range(400)
        ]
        assert verdicts[:100] == [Run("allowed")] * 100
        stopped = [verdict for verdict in verdicts if isinstance(verdict, Deny)]
        assert len(stopped) == 300
        assert sum(verdict.is_first for verdict in stopped) == 1
        assert stopped[0].text.startswith("Stop calling t2 and other tools.")


class TestIdempotencyKeys:
    def test_the_same_call_has_the_same_key_within_the_window(self) -> None:
        gate = Gate(Policy())
        first = gate.idempotency_key(attempt("c1"), 0.0)
        assert gate.idempotency_key(attempt("c2"), 59.0) == first
        assert gate.idempotency_key(attempt("c3"), 118.0) == first
        assert gate.idempotency_key(attempt("c4"), 178.0) != first

    def test_others_have_others(self) -> None:
        gate, other = Gate(Policy(), "s1"), Gate(Policy(), "s2")
        keys = {
            gate.idempotency_key(attempt(), 0.0),
            gate.idempotency_key(attempt(arguments={"amount": 6}), 0.0),
            gate.idempotency_key(attempt(tool="refund"), 0.0),
            other.idempotency_key(attempt(), 0.0),
        }
        assert len(keys) == 4


def test_arguments_do_not_show_in_an_attempt() -> None:
    assert "4711" not in repr(attempt(arguments={"pin": "4711"}))
