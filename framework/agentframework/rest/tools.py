"""The tools of an account, and which of them its agents have (protocol 5)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentframework.errors import NotFoundError, RestError
from agentframework.rest.account import Account, path_of
from agentframework.rest.exchange import Answer
from agentframework.rest.failures import Call, read_json
from agentframework.tools.dialect.platform import PlatformTool, read_platform_tool

__all__ = ["PlatformAgent", "ToolAccount"]

_PAGE_SIZE = (
    30  # what the platform gives by default; a hundred large tools might be more than one answer may hold
)
_MOST_PAGES = 200
_MOST_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class PlatformAgent:
    """What of an agent's settings concerns its tools.

    `tool_ids` are the tools that it has; `inline_tools` those that stand in its own settings, in the way of before
    July 2025, where it has no others.
    """

    id: str
    tool_ids: tuple[str, ...]
    inline_tools: tuple[Mapping[str, Any], ...] = ()


class ToolAccount(Account):
    """The calls for tools and agents. Errors are those of `get_signed_url`; reading needs `convai_read`."""

    async def list_tools(self, *, prefix: str = "", types: Sequence[str] = ("client",)) -> list[PlatformTool]:
        """Every tool of the account whose name begins with `prefix`, page after page."""
        found: dict[str, PlatformTool] = {}
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await self._page(prefix, types, cursor)
            listed = page.get("tools")
            tools = map(read_platform_tool, listed if isinstance(listed, list) else ())
            found.update({tool.id: tool for tool in tools if tool is not None})
            following = page.get("next_cursor")
            if not page.get("has_more") or not isinstance(following, str) or following == cursor:
                return list(found.values())
            cursor = following
        raise RestError(f"the tools were not listed: there are more than {_MOST_PAGES} pages of them")

    async def find_tools(self, name: str) -> list[PlatformTool]:
        """The client tools of exactly this name, first those that the key's owner has made; there may be several."""
        tools = [tool for tool in await self.list_tools(prefix=name) if tool.name == name]
        return sorted(tools, key=lambda tool: not tool.is_creator)

    async def get_tool(self, tool_id: str) -> PlatformTool:
        """A tool as the platform has it, with all defaults filled in."""
        call = self._tool_call("GET", tool_id, failed="the tool was not read")
        return _tool_in(await self._successful(call, is_idempotent=True), call)

    async def create_tool(self, tool_config: Mapping[str, Any]) -> PlatformTool:
        """Make a tool of this `tool_config`.

        It is sent again only where the server cannot have taken it the first time. After a failure that leaves that
        open, look with `find_tools` before you make another one.
        """
        call = Call(
            self._request(
                "POST", path_of("tools"), needed_for="a new tool", json={"tool_config": dict(tool_config)}
            ),
            failed=f"the tool {tool_config.get('name')!r} was not made",
            missing="there is no such service",
        )
        return _tool_in(await self._successful(call, is_idempotent=False), call)

    async def update_tool(self, tool_id: str, tool_config: Mapping[str, Any]) -> PlatformTool:
        """Put this `tool_config` in the place of the whole old one, for every agent that has the tool."""
        failed = f"the tool {tool_config.get('name')!r} was not changed"
        call = self._tool_call("PATCH", tool_id, failed=failed, json={"tool_config": dict(tool_config)})
        return _tool_in(await self._successful(call, is_idempotent=True), call)

    async def agents_with_tool(self, tool_id: str) -> list[str]:
        """The ids of the agents that have a tool; of very many, the first ones."""
        call = self._tool_call("GET", tool_id, "dependent-agents", failed="the tool's agents were not listed")
        listed = _object_in(await self._successful(call, is_idempotent=True), call).get("agents")
        agents = [agent for agent in listed if isinstance(agent, dict)] if isinstance(listed, list) else []
        return [agent["id"] for agent in agents if isinstance(agent.get("id"), str)]

    async def get_agent(self, agent_id: str, *, branch_id: str | None = None) -> PlatformAgent:
        """Which tools an agent has."""
        call = self._agent_call("GET", agent_id, branch_id, failed="the agent was not read")
        return _agent_in(await self._successful(call, is_idempotent=True), agent_id, call)

    async def tools_of_agent(self, agent_id: str, *, branch_id: str | None = None) -> list[PlatformTool]:
        """The tools that an agent has, as the platform has them; one that is gone is left out."""
        agent = await self.get_agent(agent_id, branch_id=branch_id)
        if not agent.tool_ids:
            return [PlatformTool("", config) for config in agent.inline_tools]
        turns = asyncio.Semaphore(_MOST_AT_ONCE)

        async def read(tool_id: str) -> PlatformTool | None:
            async with turns:
                try:
                    return await self.get_tool(tool_id)
                except NotFoundError:
                    return None

        read_ones = await asyncio.gather(*map(read, dict.fromkeys(agent.tool_ids)), return_exceptions=True)
        failed = [one for one in read_ones if isinstance(one, BaseException)]
        if failed:
            raise failed[0]
        return [one for one in read_ones if isinstance(one, PlatformTool)]

    async def attach_tools(
        self, agent_id: str, tool_ids: Iterable[str], *, branch_id: str | None = None
    ) -> PlatformAgent:
        """Give these tools to an agent, beside those that it has; nothing is sent where it has them all.

        The platform replaces the list as a whole, so nobody else should change it at the same moment.
        """
        agent = await self.get_agent(agent_id, branch_id=branch_id)
        wanted = list(dict.fromkeys([*agent.tool_ids, *tool_ids]))
        if wanted == list(agent.tool_ids):
            return agent
        settings = {"conversation_config": {"agent": {"prompt": {"tool_ids": wanted}}}}
        failed = "the tools were not attached to the agent"
        call = self._agent_call("PATCH", agent_id, branch_id, failed=failed, json=settings)
        return _agent_in(await self._successful(call, is_idempotent=True), agent_id, call)

    async def _page(self, prefix: str, types: Sequence[str], cursor: str | None) -> Mapping[str, Any]:
        query: dict[str, Any] = {"page_size": str(_PAGE_SIZE), "types": list(types)}
        query |= {name: said for name, said in (("search", prefix), ("cursor", cursor)) if said}
        call = Call(
            self._request("GET", path_of("tools"), needed_for="the list of tools", query=query),
            failed="the tools were not listed",
            missing="there is no such service",
            permission="convai_read",
        )
        return _object_in(await self._successful(call, is_idempotent=True), call)

    def _tool_call(self, method: str, tool_id: str, *more: str, failed: str, **parts: Any) -> Call:
        request = self._request(method, path_of("tools", tool_id, *more), needed_for="a tool", **parts)
        return Call(request, failed, f"there is no tool {tool_id!r}", _permission(method))

    def _agent_call(
        self, method: str, agent_id: str, branch_id: str | None, *, failed: str, **parts: Any
    ) -> Call:
        query = {"branch_id": branch_id} if branch_id else {}
        path = path_of("agents", agent_id)
        request = self._request(method, path, needed_for="an agent's settings", query=query, **parts)
        missing = f"there is no agent {agent_id!r}" + (f" with branch {branch_id!r}" if branch_id else "")
        return Call(request, failed, missing, _permission(method))


def _permission(method: str) -> str:
    return "convai_read" if method == "GET" else "convai_write"


def _object_in(answer: Answer, call: Call) -> Mapping[str, Any]:
    body = read_json(answer)
    if not isinstance(body, dict):
        raise RestError(f"{call.failed}: the answer is no JSON object", status=answer.status)
    return body


def _tool_in(answer: Answer, call: Call) -> PlatformTool:
    tool = read_platform_tool(_object_in(answer, call))
    if tool is None:
        raise RestError(f"{call.failed}: the answer holds no tool", status=answer.status)
    return tool


def _agent_in(answer: Answer, agent_id: str, call: Call) -> PlatformAgent:
    prompt: Any = _object_in(answer, call)
    for step in ("conversation_config", "agent", "prompt"):
        prompt = prompt.get(step) if isinstance(prompt, dict) else None
    if not isinstance(prompt, dict):
        raise RestError(f"{call.failed}: the answer holds no agent", status=answer.status)
    ids, tools = prompt.get("tool_ids"), prompt.get("tools")
    tool_ids = tuple(one for one in ids if isinstance(one, str)) if isinstance(ids, list) else ()
    inline = tuple(one for one in tools if isinstance(one, dict)) if isinstance(tools, list) else ()
    return PlatformAgent(agent_id, tool_ids, () if tool_ids else inline)
