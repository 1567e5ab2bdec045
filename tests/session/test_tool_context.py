"""What a tool knows through its context and through context variables is its own session's and its own owner's."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, agent, converse, finish, make_session, start
from agentframework.protocol.opening import opening_message
from agentframework.session.reconnecting import ReconnectPolicy
from agentframework.session.session import Session
from agentframework.session.settings import SessionSettings
from agentframework.tools.context import ToolContext
from agentframework.tools.tool import Tool

AT_ONCE = SessionSettings(reconnect=ReconnectPolicy(attempts=3, first_delay=0.01, max_delay=0.02))
TENANT: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="nobody")


async def result_of(peer: Peer, name: str, call_id: str) -> str:
    await peer.call(name, call_id)
    result: str = (await peer.receive())["result"]
    return result


def session_of_owned(url: str, *tools: Tool[..., Any], **options: Any) -> Session:
    """A session whose tools keep the owners that they have."""
    session = make_session(url, **options)
    for tool in tools:
        session._tools.add(tool)
    return session


class TestState:
    """`ToolContext.state`: one dict for an owner and a session."""

    @staticmethod
    def count(context: ToolContext) -> int:
        """How often it was called."""
        context.state["calls"] = context.state.get("calls", 0) + 1
        calls: int = context.state["calls"]
        return calls

    def test_the_tools_of_one_owner_share_it_and_those_of_another_have_their_own(self) -> None:
        tools = [
            Tool("add_item", self.count, owner="shop"),
            Tool("pay", self.count, owner="shop"),
            Tool("remind", self.count, owner="calendar"),
        ]

        async def scenario(peer: Peer) -> list[str]:
            await peer.open()
            names = ["add_item", "pay", "remind", "add_item"]
            return [await result_of(peer, name, f"call-{number}") for number, name in enumerate(names)]

        with agent(scenario) as served:
            session = session_of_owned(served.url, *tools)
            start(session)
            assert served.wait() == ["1", "2", "1", "3"]
            finish(session)

    def test_it_is_kept_while_the_connection_is_made_anew_and_gone_with_the_session(self) -> None:
        connections: list[str] = []

        async def scenario(peer: Peer) -> str:
            connections.append("")
            await peer.open(f"conv_{len(connections)}")
            result = await result_of(peer, "count", "call")
            if len(connections) == 1:
                peer.connection.transport.abort()
            return result

        tool = Tool("count", self.count)
        with agent(scenario) as served:
            first = make_session(served.url, tool, settings=AT_ONCE)
            start(first)
            assert served.wait(2) == "2"
            finish(first)
            second = make_session(served.url, tool)
            start(second)
            assert served.wait(3) == "1"
            finish(second)


def test_settings_come_with_the_call_and_are_in_no_repr() -> None:
    def show(context: ToolContext) -> str:
        return f"{context.settings['key']} {'s3cret' in repr(context)}"

    tool = Tool("show", show).with_settings({"key": "s3cret"})
    assert converse(lambda peer: result_of(peer, "show", "call"), tool) == "s3cret False"


def start_as(tenant: str, session: Session) -> None:
    """Start a session with a variable of its own."""
    TENANT.set(tenant)
    start(session)


class TestVariables:
    """A ContextVar that is set before the start is seen by every tool of that session, and of no other."""

    @staticmethod
    def plain() -> str:
        return TENANT.get()

    @staticmethod
    async def coroutine() -> str:
        await asyncio.sleep(0)
        return TENANT.get()

    @staticmethod
    async def to_thread() -> str:
        return await asyncio.to_thread(TENANT.get)

    @staticmethod
    async def in_a_task() -> str:
        return await asyncio.create_task(TestVariables.coroutine())

    @staticmethod
    def returns_a_coroutine() -> Any:
        return TestVariables.coroutine()

    KINDS = (plain, coroutine, to_thread, in_a_task, returns_a_coroutine)

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
    def test_it_reaches_every_kind_of_tool_and_two_sessions_do_not_mix(self, kind: Callable[[], Any]) -> None:
        both_run = threading.Barrier(2)

        seen: dict[str, set[str]] = {}

        async def scenario(peer: Peer) -> None:
            opening = await peer.open()
            await asyncio.to_thread(both_run.wait, PATIENCE)
            results = {await result_of(peer, "who", f"call-{number}") for number in range(20)}
            seen[opening["dynamic_variables"]["tenant"]] = results

        with agent(scenario) as served:
            sessions = []
            for tenant in ("Ann", "Ben"):
                opening = opening_message(text_only=True, dynamic_variables={"tenant": tenant})
                settings = SessionSettings(initiation=opening)
                session = make_session(served.url, Tool("who", kind), settings=settings)
                contextvars.copy_context().run(start_as, tenant, session)
                sessions.append(session)
            served.wait(2)
            for session in sessions:
                finish(session)
        assert seen == {"Ann": {"Ann"}, "Ben": {"Ben"}}
        assert TENANT.get() == "nobody"

    @pytest.mark.parametrize("kind", ["plain", "coroutine"])
    def test_what_a_call_sets_is_not_seen_by_the_next(self, kind: str) -> None:
        def plain() -> str:
            before = TENANT.get()
            TENANT.set("mallory")
            return before

        async def coroutine() -> str:
            return plain()

        async def scenario(peer: Peer) -> set[str]:
            return {await result_of(peer, "who", f"call-{number}") for number in range(20)}

        assert converse(scenario, Tool("who", plain if kind == "plain" else coroutine)) == {"nobody"}
