"""Permission and worker processes under fire: what is denied never runs, what must not run twice does not, and each
call ends once and is heard once, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from agent_stub import PATIENCE, agent, eventually, make_session, start
from agentframework.approval import ApprovalRequest, Approver
from agentframework.policy import Policy, Rule
from agentframework.session.reconnecting import ReconnectPolicy
from agentframework.session.settings import SessionSettings
from agentframework.session.worlds import Worlds
from agentframework.testing import worker_tools
from agentframework.tools.tool import Tool
from agentframework.workers.processes import ProcessGroup, ProcessWorker
from agentframework.workers.threads import ThreadPool
from commanded_tools import AnswerRecorder, LedAgent

PHASES = (
    Phase.explicit,
    Phase.reuse,
    Phase.generate,
)  # a history in which threads race cannot be made smaller
MAX_CONNECTIONS = 3
INTERRUPTION = {"type": "interruption", "interruption_event": {"event_id": 1}}
SCARCE = 2
SETTINGS = SessionSettings(
    activity_interval=0,
    tool_timeout=60,
    reconnect=ReconnectPolicy(attempts=3, first_delay=0.001, max_delay=0.002),
    policy=Policy(
        [Rule("deny", tool="denied"), Rule("ask", tool="asked*"), Rule("allow", tool="dies")],
        approval_timeout=30.0,
        tool_calls_per_minute={"scarce": SCARCE},
    ),
)
# what an approver says to a call with such an answer, and how the call may end then
SAID: dict[str, str] = {"yes": "ok", "no": "denied", "odd": "denied", "raises": "denied", "hangs": "pending"}
# the tools that run in processes, and how a call of each ends
IN_PROCESSES: dict[str, tuple[Tool[..., Any], dict[str, Any], str]] = {
    "echo": (worker_tools.echo, {"text": "here"}, "ok"),
    "segfault": (worker_tools.segfault, {}, "worker died"),
    "exit_at_once": (worker_tools.exit_at_once, {"code": 3}, "worker died"),
    "refuse": (worker_tools.refuse, {}, "tool error"),
    "raise_odd": (worker_tools.raise_odd, {}, "exception"),
}
_sentences: dict[str, str] = {}


class Someone(Approver):
    """Says what the call asks it to say, on a thread or on the loop; what hangs waits until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[str] = []

    def approve(self, request: ApprovalRequest) -> Any:
        """Decide."""
        self.asked.append(request.call_id)
        answer = request.arguments["answer"]
        if answer == "raises":
            raise RuntimeError("no")
        if answer == "hangs":
            return self._wait() if request.tool.endswith("loop") else self.go.wait(PATIENCE * 3) and False
        return {"yes": True, "no": False, "odd": "yes"}[answer]

    async def _wait(self) -> bool:
        while not self.go.is_set():  # noqa: ASYNC110 - an event of threads
            await asyncio.sleep(0.005)
        return True


@dataclass(eq=False)
class Call:
    """What must become of a call."""

    id: str
    tool: str
    connection: int
    allowed: frozenset[str]


class PermissionUnderFire(RuleBasedStateMachine):
    """A session with a policy, and a plain account of what must become of every call."""

    processes: ProcessWorker

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        self.led, self.recorder, self.someone = LedAgent(), AnswerRecorder(), Someone()
        self.ran: Counter[tuple[str, str]] = Counter()
        self.lock = threading.Lock()
        self.payments: dict[str, str] = {}
        self.pay_now = threading.Event()
        served = self.stack.enter_context(agent(self.led.scenario))
        self.pool = ThreadPool(8, name="fire", max_zombies=1_000)
        self.worker = ProcessWorker({"default": ProcessGroup(2)})
        self.session = make_session(
            served.url,
            *self.tools(),
            handlers=(self.recorder,),
            settings=SETTINGS,
            worlds=Worlds(tools=self.pool, workers={"process": self.worker}),
            approver=self.someone,
        )
        start(self.session)
        self.led.wait_for_connection(1)
        self.calls: list[Call] = []
        self.connection = 0
        self.scarce = 0

    def tools(self) -> list[Tool[..., Any]]:
        def note(tool: str, key: str) -> None:
            with self.lock:
                self.ran[tool, key] += 1

        def denied(key: str) -> str:
            note("denied", key)
            return "ran"

        def asked(key: str, answer: str) -> str:
            note("asked", key)
            return f"ran {key}"

        async def asked_on_the_loop(key: str, answer: str) -> str:
            note("asked", key)
            return f"ran {key}"

        def pay(amount: int, way: str) -> str:
            note("pay", f"{amount} {way}")
            assert self.pay_now.wait(PATIENCE * 2)
            if way == "fails":
                raise ValueError("declined")
            return f"paid {amount}"

        def scarce(key: str) -> str:
            note("scarce", key)
            return "ran"

        own: list[Tool[..., Any]] = [
            Tool("denied", denied),
            Tool("unlisted", denied, risk="dangerous"),
            Tool("asked", asked, risk="dangerous"),
            Tool("asked_on_the_loop", asked_on_the_loop),
            Tool("asked_stoppable", asked, on_interrupt="cancel"),
            Tool("pay", pay, idempotent=False),
            Tool("scarce", scarce),
        ]
        return own + [tool.with_options(worker="process") for tool, _, _ in IN_PROCESSES.values()]

    def send(self, tool: str, parameters: dict[str, Any], *allowed: str) -> Call:
        call = Call(f"tc {len(self.calls)}", tool, self.connection, frozenset([*allowed, "connection lost"]))
        self.calls.append(call)
        self.led.lead(lambda peer: peer.call(tool, call.id, parameters))
        return call

    @rule(tool=st.sampled_from(["denied", "unlisted"]))
    def a_call_comes_that_is_denied(self, tool: str) -> None:
        self.send(tool, {"key": f"tc {len(self.calls)}"}, "denied")

    @rule(
        tool=st.sampled_from(["asked", "asked_on_the_loop", "asked_stoppable"]),
        answer=st.sampled_from(list(SAID)),
    )
    def a_call_comes_that_is_asked_for(self, tool: str, answer: str) -> None:
        ends = [SAID[answer]] if SAID[answer] != "pending" else ["shutdown", "denied"]
        ends += ["interrupted"] if tool == "asked_stoppable" else []
        self.send(tool, {"key": f"tc {len(self.calls)}", "answer": answer}, *ends)

    @rule(amount=st.integers(1, 2), way=st.sampled_from(["works", "fails"]))
    def a_call_comes_that_must_not_run_twice(self, amount: int, way: str) -> None:
        ends = ("ok",) if way == "works" else ("exception",)
        self.send("pay", {"amount": amount, "way": way}, *ends, "shutdown")

    @rule()
    def a_call_comes_of_which_there_may_be_few(self) -> None:
        self.send("scarce", {"key": f"tc {len(self.calls)}"}, "ok", "limited")

    @rule(name=st.sampled_from(list(IN_PROCESSES)))
    def a_call_comes_for_a_process(self, name: str) -> None:
        _, parameters, end = IN_PROCESSES[name]
        self.send(name, parameters, end, "shutdown")

    @rule()
    def what_is_paid_is_paid(self) -> None:
        self.pay_now.set()

    @rule()
    def the_user_interrupts(self) -> None:
        self.led.lead(lambda peer: peer.send(INTERRUPTION))
        self.led.catch_up()

    @precondition(lambda self: self.connection + 1 < MAX_CONNECTIONS)
    @rule()
    def the_connection_breaks(self) -> None:
        self.led.catch_up()
        self.led.break_off()
        self.connection += 1
        self.led.wait_for_connection(self.connection + 1)
        self.recorder.wait_for("reconnected", self.connection)

    @rule()
    def all_that_can_end_has_ended(self) -> None:
        self.pay_now.set()
        for call in self.calls:
            if "shutdown" not in call.allowed or "denied" not in call.allowed:
                self.recorder.wait_for_answer(call.id)

    def teardown(self) -> None:
        if not hasattr(self, "session"):
            return
        try:
            self.pay_now.set()
            self.led.catch_up()
            self.session.end()
            self.session.ended.result(PATIENCE)
            self.led.wait_for_close()
            self.someone.go.set()
            self.check()
            assert eventually(lambda: self.pool.zombies == 0)
            assert eventually(lambda: self.worker.health().busy == 0)
        finally:
            self.someone.go.set()
            self.stack.close()

    def check(self) -> None:
        for call in self.calls:
            event = self.recorder.wait_for_answer(call.id)
            assert len(self.recorder.answered(call.id)) == 1
            assert event.outcome in {*call.allowed, "shutdown"}, call
            answers = [
                answer for answer in self.led.answers(call.connection) if answer["tool_call_id"] == call.id
            ]
            if call.connection == self.connection:
                assert len(answers) == event.sent, (call, event)
            else:  # it broke, maybe with an answer on its way
                assert len(answers) <= event.sent, (call, event)
            assert all(answer["result"] == event.text for answer in answers)
            self.check_sentence(event.outcome, event.tool_name, event.text)
        self.check_what_ran()
        assert self.session._scope.gate._asked == {}
        for number, protocol in enumerate(self.session._protocols):
            ends = Counter(
                self.recorder.answered(call.id)[0].outcome for call in self.calls if call.connection == number
            )
            assert {outcome.value: count for outcome, count in protocol.ledger.outcomes.items()} == ends
            assert protocol.ledger.open_ids == ()

    def check_what_ran(self) -> None:
        assert not [key for key in self.ran if key[0] == "denied"]
        assert max(self.ran.values(), default=1) == 1 or all(
            key[0] == "pay" and key[1].endswith("fails") for key, count in self.ran.items() if count > 1
        )
        assert sum(count for (tool, _), count in self.ran.items() if tool == "scarce") <= SCARCE
        approved = {call.id for call in self.calls if call.tool.startswith("asked")}
        assert {key for tool, key in self.ran if tool == "asked"} <= approved & set(self.someone.asked)

    def check_sentence(self, outcome: str, tool: str, text: str) -> None:
        """Each way to end has words of its own, and always the same."""
        if outcome in ("ok", "tool error", "denied", "limited"):  # these have more than one
            return
        said = re.sub(r"\(id [0-9a-f]+\)", "(id)", text.replace(tool, "NAME"))
        assert _sentences.setdefault(outcome, said) == said
        assert len(set(_sentences.values())) == len(_sentences)


TestPermissionUnderFire = PermissionUnderFire.TestCase
TestPermissionUnderFire.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, phases=PHASES
)


class PermissionUnderFireForLong(PermissionUnderFire):
    """The same, many times over."""


TestPermissionUnderFireForLong = pytest.mark.soak(
    pytest.mark.timeout(600)(PermissionUnderFireForLong.TestCase)
)
TestPermissionUnderFireForLong.settings = settings(
    max_examples=200, stateful_step_count=40, deadline=None, phases=PHASES
)
