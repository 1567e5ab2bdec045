"""The policy on the way of real calls: what is denied, asked for, limited, and not done twice."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import pytest

from agent_stub import Peer, Recorder, agent, converse, finish, make_session, start, still_there, until
from agentframework import Sensitive, ToolContext
from agentframework.approval import ApprovalRequest, Approver
from agentframework.audit import AuditLog
from agentframework.policy import Policy, Rule
from agentframework.session.reconnecting import ReconnectPolicy
from agentframework.session.settings import SessionSettings
from agentframework.tools.tool import Tool, tool


def settings(*rules: Rule, **options: Any) -> SessionSettings:
    """The settings of a session with these rules."""
    return SessionSettings(activity_interval=0, policy=Policy(rules, **options))


ASK = settings(Rule("ask", tool="unlock"))


class Lock:
    """A dangerous tool that remembers what it did."""

    def __init__(self) -> None:
        self.doors: list[str] = []

    def plain(self, door: str) -> str:
        """Unlock a door, on a thread."""
        self.doors.append(door)
        return f"{door} is open"

    async def coroutine(self, door: str) -> str:
        """Unlock a door, on the loop."""
        return self.plain(door)

    def tool(self, kind: str = "plain", **options: Any) -> Tool[..., Any]:
        """The tool."""
        return Tool("unlock", getattr(self, kind), **{"risk": "dangerous", **options})


class Answers(Approver):
    """Says what it was made with, and remembers what it was asked."""

    def __init__(self, answer: Callable[[ApprovalRequest], Any]) -> None:
        self.asked: list[ApprovalRequest] = []
        self._answer = answer

    def approve(self, request: ApprovalRequest) -> bool | Awaitable[bool]:
        """Say it."""
        self.asked.append(request)
        said: bool | Awaitable[bool] = self._answer(request)
        return said


class AsyncAnswers(Answers):
    """The same, on the user's loop."""

    async def approve(self, request: ApprovalRequest) -> bool:
        """Say it."""
        self.asked.append(request)
        await asyncio.sleep(0)
        said: bool = self._answer(request)
        return said


def unlock(door: str = "front", call_id: str = "a") -> Callable[[Peer], Awaitable[dict[str, Any]]]:
    """One call, and its answer."""

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call("unlock", call_id, {"door": door})
        answer = await peer.receive()
        await still_there(peer, 1)
        return answer

    return scenario


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_a_dangerous_tool_that_no_rule_lists_is_denied(kind: str) -> None:
    lock, recorder = Lock(), Recorder()
    answer = converse(unlock(), lock.tool(kind), settings=settings(), handlers=(recorder,))
    assert (answer["is_error"], lock.doors) == (True, [])
    assert "unlock" in answer["result"]
    assert recorder.wait_for("tool_answered")[0].outcome == "denied"


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_it_runs_where_a_rule_allows_it_with_these_arguments_and_no_others(kind: str) -> None:
    lock = Lock()
    allowed = settings(Rule("allow", tool="unlock", arguments={"door": "garden"}))
    assert converse(unlock("garden"), lock.tool(kind), settings=allowed)["result"] == "garden is open"
    assert converse(unlock("front"), lock.tool(kind), settings=allowed)["is_error"] is True
    assert lock.doors == ["garden"]


def test_deny_beats_ask_and_ask_beats_allow() -> None:
    lock, approver = Lock(), Answers(lambda request: True)
    rules = [Rule(decision, tool="unlock") for decision in ("allow", "ask", "deny")]
    converse(unlock(), lock.tool(), settings=settings(*rules), approver=approver)
    assert (approver.asked, lock.doors) == ([], [])
    converse(unlock(), lock.tool(), settings=settings(*rules[:2]), approver=approver)
    assert (len(approver.asked), lock.doors) == (1, ["front"])


@pytest.mark.parametrize("make", [Answers, AsyncAnswers])
@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_a_call_runs_once_somebody_approves_it(make: type[Answers], kind: str) -> None:
    lock, approver = Lock(), make(lambda request: True)
    answer = converse(unlock(), lock.tool(kind), settings=ASK, approver=approver)
    assert (answer["result"], answer["is_error"], lock.doors) == ("front is open", False, ["front"])
    request = approver.asked[0]
    assert (request.tool, request.owner, request.risk) == ("unlock", "the test", "dangerous")
    assert (request.call_id, request.arguments, request.timeout) == ("a", {"door": "front"}, 10.0)


def fails(request: ApprovalRequest) -> bool:
    """An approver with a bug."""
    raise RuntimeError("no")


@pytest.mark.parametrize("make", [Answers, AsyncAnswers])
@pytest.mark.parametrize("answer", [lambda _: False, lambda _: "yes", lambda _: None, lambda _: 1, fails])
def test_whatever_is_no_yes_is_a_no(make: type[Answers], answer: Callable[[ApprovalRequest], Any]) -> None:
    lock, recorder = Lock(), Recorder()
    said = converse(unlock(), lock.tool(), settings=ASK, approver=make(answer), handlers=(recorder,))
    assert (said["is_error"], lock.doors) == (True, [])
    assert recorder.wait_for("tool_answered")[0].outcome == "denied"


def test_where_nobody_can_be_asked_it_is_a_no_that_says_so() -> None:
    lock = Lock()
    assert "there is nobody to be asked" in converse(unlock(), lock.tool(), settings=ASK)["result"]
    assert lock.doors == []


@pytest.mark.parametrize("make", [Answers, AsyncAnswers])
def test_no_answer_in_time_is_a_no_and_a_later_yes_counts_for_nothing(make: type[Answers]) -> None:
    lock, go = Lock(), threading.Event()
    approver = Answers(lambda request: go.wait(30))

    async def waits(request: ApprovalRequest) -> bool:
        while not go.is_set():  # noqa: ASYNC110 - an event of threads
            await asyncio.sleep(0.001)
        return True

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.call("unlock", "a", {"door": "front"})
        answer = await peer.receive()
        go.set()
        await asyncio.sleep(0.05)
        await still_there(peer, 1)
        return answer

    if make is AsyncAnswers:
        approver = Answers(waits)
    asks = settings(Rule("ask", tool="unlock"), approval_timeout=0.1)
    answer = converse(scenario, lock.tool(), settings=asks, approver=approver)
    assert "nobody approved it in time" in answer["result"]
    assert lock.doors == []


def test_the_deadline_of_the_call_counts_while_somebody_is_asked() -> None:
    lock, go = Lock(), threading.Event()
    approver = Answers(lambda request: go.wait(30))
    answer = converse(unlock(), lock.tool(timeout=0.1), settings=ASK, approver=approver)
    go.set()
    assert "did not finish within 0.1 seconds" in answer["result"]
    assert lock.doors == []


def test_every_call_is_asked_for_anew() -> None:
    lock, approver = Lock(), Answers(lambda request: len(approver.asked) == 1)

    async def scenario(peer: Peer) -> list[bool]:
        errors = []
        for call_id in ("a", "b"):
            await peer.call("unlock", call_id, {"door": "front"})
            errors.append((await peer.receive())["is_error"])
        return errors

    assert converse(scenario, lock.tool(), settings=ASK, approver=approver) == [False, True]
    assert lock.doors == ["front"]


def test_a_sensitive_argument_is_shown_to_no_approver_and_to_no_handler() -> None:
    got: list[str] = []

    @tool(risk="dangerous")
    def unlock(pin: Annotated[str, Sensitive]) -> str:
        """Unlock."""
        got.append(pin)
        return "open"

    async def scenario(peer: Peer) -> str:
        await peer.call("unlock", "a", {"pin": "4711-canary"})
        return str((await peer.receive())["result"])

    approver, recorder = Answers(lambda request: True), Recorder()
    assert converse(scenario, unlock, settings=ASK, approver=approver, handlers=(recorder,)) == "open"
    assert got == ["4711-canary"]
    assert approver.asked[0].arguments == {"pin": "***"}
    shown = [*recorder.of("tool_called"), *recorder.wait_for("tool_answered")]
    assert [event.parameters for event in shown] == [{"pin": "***"}] * 2


def test_a_policy_that_fails_lets_nothing_through(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = Lock()

    def broken(*arguments: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Policy, "decide", broken)
    answer = converse(unlock(), lock.tool(), settings=ASK)
    assert "could not be checked whether it is allowed" in answer["result"]
    assert lock.doors == []


class Order:
    """A tool that must not be run twice for the same thing."""

    def __init__(self) -> None:
        self.runs = 0
        self.keys: list[str] = []
        self.go = threading.Event()
        self.go.set()
        self.fails = False

    def pay(self, amount: int, context: ToolContext) -> str:
        """Pay."""
        self.runs += 1
        self.keys.append(context.idempotency_key)
        self.go.wait(30)
        if self.fails:
            raise RuntimeError("declined")
        return f"paid {amount}"

    def tool(self, **options: Any) -> Tool[..., Any]:
        """The tool."""
        return Tool("pay", self.pay, **{"idempotent": False, **options})


def test_the_same_call_in_flight_is_joined_and_both_are_answered() -> None:
    order = Order()
    order.go.clear()

    async def scenario(peer: Peer) -> dict[str, str]:
        await peer.call("pay", "a", {"amount": 5})
        await until(lambda: order.runs == 1)
        await peer.call("pay", "b", {"amount": 5})
        await peer.call("pay", "c", {"amount": 5.0})
        await still_there(peer, 1)
        order.go.set()
        answers = [await peer.receive() for _ in range(3)]
        return {answer["tool_call_id"]: answer["result"] for answer in answers}

    answers = converse(scenario, order.tool(), settings=settings())
    assert answers["a"] == "paid 5"
    # one that was judged a moment later is told that it was done already
    assert all(text.endswith("paid 5") for text in answers.values())
    assert (len(answers), order.runs) == (3, 1)


def test_the_same_call_just_done_is_answered_with_the_first_result_and_says_so() -> None:
    order = Order()

    async def scenario(peer: Peer) -> list[str]:
        texts = []
        for call_id, amount in (("a", 5), ("b", 5), ("c", 6)):
            await peer.call("pay", call_id, {"amount": amount})
            texts.append((await peer.receive())["result"])
        return texts

    first, again, other = converse(scenario, order.tool(), settings=settings())
    assert (first, other, order.runs) == ("paid 5", "paid 6", 2)
    assert again.endswith("paid 5")
    assert again != first


def test_a_call_that_failed_may_be_made_again_with_the_same_key() -> None:
    order = Order()
    order.fails = True

    async def scenario(peer: Peer) -> list[bool]:
        errors = []
        for call_id in ("a", "b"):
            await peer.call("pay", call_id, {"amount": 5})
            errors.append((await peer.receive())["is_error"])
            order.fails = False
        return errors

    assert converse(scenario, order.tool(), settings=settings()) == [True, False]
    assert order.runs == 2
    assert order.keys[0] == order.keys[1]


def test_a_call_that_timed_out_and_still_runs_is_not_run_a_second_time() -> None:
    order = Order()
    order.go.clear()

    async def scenario(peer: Peer) -> list[str]:
        await peer.call("pay", "a", {"amount": 5})
        texts = [(await peer.receive())["result"]]
        await peer.call("pay", "b", {"amount": 5})
        await still_there(peer, 1)
        order.go.set()
        return [*texts, (await peer.receive())["result"]]

    first, second = converse(scenario, order.tool(timeout=0.5), settings=settings())
    assert "did not finish" in first
    assert (second, order.runs) == ("paid 5", 1)


def test_what_was_done_on_a_lost_connection_is_not_done_again_on_the_next() -> None:
    order = Order()
    order.go.clear()
    connections: list[int] = []

    async def whole(peer: Peer) -> str:
        connections.append(1)
        await peer.open(f"conv_{len(connections)}")
        await peer.call("pay", f"call_{len(connections)}", {"amount": 5})
        if len(connections) == 1:
            await until(lambda: order.runs == 1)
            peer.connection.transport.abort()
            return ""
        await still_there(peer, 1)
        order.go.set()
        return str((await peer.receive())["result"])

    policy = ReconnectPolicy(attempts=5, first_delay=0.0, max_delay=0.0)
    again = SessionSettings(activity_interval=0, reconnect=policy)
    with agent(whole) as served:
        session = make_session(served.url, order.tool(), settings=again)
        start(session)
        assert served.wait(2) == "paid 5"
        finish(session)
    assert order.runs == 1


def test_an_agent_that_calls_and_calls_is_told_to_stop_and_the_handlers_hear_of_it_once() -> None:
    ran: list[int] = []
    recorder = Recorder()

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        answers = []
        for number in range(12):
            await peer.call("hang_up", str(number))
            answers.append(await peer.receive())
        return answers

    hang_up = Tool("hang_up", lambda: ran.append(1))
    limited = settings(repeat_limit=5)
    answers = converse(scenario, hang_up, settings=limited, handlers=(recorder,))
    assert [answer["is_error"] for answer in answers] == [False] * 5 + [True] * 7
    assert "hang_up" in answers[-1]["result"]
    assert len(ran) == 5
    assert len(recorder.wait_for("tool_answered", 12)) == 12
    assert [event.tool_name for event in recorder.of("tool_calls_stopped")] == ["hang_up"]
    assert recorder.of("tool_answered")[-1].outcome == "limited"


def test_each_call_leaves_its_line_in_the_audit_log(tmp_path: Path) -> None:
    lock, log = Lock(), AuditLog(tmp_path / "audit.jsonl")

    async def scenario(peer: Peer) -> None:
        await peer.call("unlock", "denied", {"door": "front-canary"})
        await peer.receive()
        await peer.call("look", "allowed", {"at": "canary"})
        await peer.receive()
        await peer.call("look", "wrong", {"to": "canary"})
        await peer.receive()
        await peer.call("nothing", "unknown", {})
        await peer.receive()

    look = Tool("look", lambda at: at)
    converse(scenario, lock.tool(), look, settings=settings(), audit=log)
    log.close()
    text = (tmp_path / "audit.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["call"], line["outcome"]) for line in lines] == [
        ("denied", "denied"),
        ("allowed", "ok"),
        ("wrong", "bad arguments"),
        ("unknown", "unknown tool"),
    ]
    assert [bool(line["arguments"]) for line in lines] == [True, True, False, False]
    assert lines[1]["decision"] == "allowed"
    assert len({line["session"] for line in lines}) == 1
    assert "canary" not in text


def test_what_nobody_sees_in_a_result_does_not_reach_the_wire() -> None:
    async def scenario(peer: Peer) -> str:
        await peer.call("read_mail", "a")
        return str((await peer.receive())["result"])

    text = "Hello\u200b \x1b[31mred\x1b[0m\x00\n\u202eevil"
    assert converse(scenario, Tool("read_mail", lambda: text), settings=settings()) == "Hello red\nevil"


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_a_call_that_is_stopped_while_it_is_judged_does_not_run(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, answered = Lock(), threading.Event()
    decide = Policy.decide

    def slow(self: Policy, tool: str, risk: str, arguments: Any) -> Any:
        assert answered.wait(30)
        return decide(self, tool, risk, arguments)

    monkeypatch.setattr(Policy, "decide", slow)

    async def scenario(peer: Peer) -> str:
        await peer.call("unlock", "a", {"door": "front"})
        text = str((await peer.receive())["result"])
        answered.set()
        await still_there(peer, 1)
        await asyncio.sleep(0.05)
        return text

    quick = lock.tool(kind, risk="write", timeout=0.1)
    rules = settings(Rule("allow", tool="other"))
    assert "did not finish" in converse(scenario, quick, settings=rules)
    assert lock.doors == []
