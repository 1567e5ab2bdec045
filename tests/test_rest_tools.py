"""The client's calls for tools and agents, against a platform that is as closed as the real one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from agentframework.errors import AuthError, NotFoundError, RestError, ServerError
from agentframework.rest import Client, PlatformAgent, RetryPolicy
from agentframework.tools.dialect.platform import PlatformTool
from rest_stub import Reply, running
from tool_platform import KEY, ToolPlatform


def config(name: str = "book", **more: Any) -> dict[str, Any]:
    return {"type": "client", "name": name, "description": "Book a table.", **more}


@pytest.fixture
def platform() -> Iterator[ToolPlatform]:
    with running(ToolPlatform(page_size=2)) as server:
        yield server


@pytest.fixture
def client(platform: ToolPlatform) -> Client:
    return Client(KEY, platform.url, retries=RetryPolicy(first_delay=0))


def test_tools_are_listed_page_after_page(platform: ToolPlatform, client: Client) -> None:
    for number in range(5):
        platform.add(config(f"book_{number}"))
    platform.add(config("other"))
    listed = asyncio.run(client.list_tools(prefix="book"))
    assert [tool.name for tool in listed] == [f"book_{number}" for number in range(5)]
    paths = [path for path, _ in platform.requests]
    assert paths[0] == "/v1/convai/tools?page_size=30&types=client&search=book"
    assert paths[1:] == [f"{paths[0]}&cursor=2", f"{paths[0]}&cursor=4"]


def test_pages_that_never_end_are_given_up(platform: ToolPlatform, client: Client) -> None:
    page = {"tools": [], "has_more": True}
    platform.replies_first = [Reply(200, {**page, "next_cursor": str(number)}) for number in range(300)]
    with pytest.raises(RestError, match="more than 200 pages"):
        asyncio.run(client.list_tools())
    platform.replies_first = [Reply(200, {**page, "next_cursor": "same"})] * 5
    assert asyncio.run(client.list_tools()) == []
    assert len(platform.replies_first) == 3


def test_a_tool_is_found_by_its_whole_name_ours_first(platform: ToolPlatform, client: Client) -> None:
    platform.add(config("book_table"))
    foreign = platform.add(config("book"), is_mine=False)
    own = platform.add(config("book"))
    found = asyncio.run(client.find_tools("book"))
    assert [(tool.id, tool.is_creator, tool.creator) for tool in found] == [
        (own, True, "Me"),
        (foreign, False, "Eve"),
    ]


def test_a_tool_is_made_read_and_changed_as_a_whole(platform: ToolPlatform, client: Client) -> None:
    made = asyncio.run(client.create_tool(config(expects_response=True)))
    assert made.is_creator
    assert made.config["response_timeout_secs"] == 20
    changed = asyncio.run(client.update_tool(made.id, config(description="Reserve a table.")))
    assert changed.config["expects_response"] is False, "what is not sent falls back to its default"
    assert asyncio.run(client.get_tool(made.id)) == changed


def test_what_the_platform_does_not_take_is_said_with_its_place(client: Client) -> None:
    parameters = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
    with pytest.raises(RestError) as failed:
        asyncio.run(client.create_tool(config(parameters=parameters)))
    said = str(failed.value)
    assert said.startswith("the tool 'book' was not made: the server answered 422 (")
    at = "body.tool_config.client.parameters.properties.n.integer"
    assert f"{at}.minimum: Extra inputs are not permitted" in said
    assert f"{at}: Value error, Must set one of: description, dynamic_variable" in said


def test_a_tool_is_never_made_twice(platform: ToolPlatform, client: Client) -> None:
    platform.replies_first = [Reply(500)]
    with pytest.raises(ServerError):
        asyncio.run(client.create_tool(config()))
    assert platform.methods == ["POST"]
    platform.replies_first = [Reply(503)]
    asyncio.run(client.create_tool(config()))
    assert platform.methods == ["POST", "POST", "POST"]
    assert len(platform.tools) == 1


def test_a_change_is_sent_again_where_the_server_fails(platform: ToolPlatform, client: Client) -> None:
    tool_id = platform.add(config())
    platform.replies_first = [Reply(500), Reply(drop=True)]
    asyncio.run(client.update_tool(tool_id, config(description="New.")))
    assert platform.methods == ["PATCH", "PATCH", "PATCH"]


def test_tools_are_attached_beside_those_that_are_there(platform: ToolPlatform, client: Client) -> None:
    first, second = platform.add(config("a")), platform.add(config("b"))
    platform.add_agent("agent_1", first)
    attached = asyncio.run(client.attach_tools("agent_1", [second, first], branch_id="br 1"))
    assert attached == PlatformAgent("agent_1", (first, second))
    assert platform.writes == ["PATCH /v1/convai/agents/agent_1?branch_id=br+1"]
    assert json.loads(platform.bodies[-1]) == {
        "conversation_config": {"agent": {"prompt": {"tool_ids": [first, second]}}}
    }
    asyncio.run(client.attach_tools("agent_1", [second]))
    assert len(platform.writes) == 1


def test_the_tools_of_an_agent_are_read_and_those_that_are_gone_left_out(
    platform: ToolPlatform, client: Client
) -> None:
    ids = [platform.add(config(f"t{number}")) for number in range(9)]
    platform.add_agent("agent_1", *ids, "tool_gone")
    read = asyncio.run(client.tools_of_agent("agent_1"))
    assert [tool.id for tool in read] == ids
    assert asyncio.run(client.agents_with_tool(ids[0])) == ["agent_1"]


def test_tools_in_the_agents_own_settings_count_where_there_are_no_others(
    platform: ToolPlatform, client: Client
) -> None:
    platform.add_agent("agent_1", tools=[config("a")])
    assert asyncio.run(client.tools_of_agent("agent_1")) == [PlatformTool("", config("a"))]
    platform.add_agent("agent_2", platform.add(config("b")), tools=[config("b")])
    assert [tool.name for tool in asyncio.run(client.tools_of_agent("agent_2"))] == ["b"]
    assert asyncio.run(client.get_agent("agent_2")).inline_tools == ()


def test_one_tool_that_cannot_be_read_fails_the_whole_reading(platform: ToolPlatform, client: Client) -> None:
    platform.add_agent("agent_1", platform.add(config("a")), platform.add(config("b")))
    agent = Reply(200, {"conversation_config": {"agent": {"prompt": {"tool_ids": ["tool_01", "tool_02"]}}}})
    platform.replies_first = [agent, Reply(401), Reply(401)]
    with pytest.raises(AuthError):
        asyncio.run(client.tools_of_agent("agent_1"))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", [], {}, {"tools": 7, "has_more": True}, {"id": 7}, {"tools": [7, {}]}]
)
def test_answers_that_make_no_sense_are_errors_or_nothing(
    platform: ToolPlatform, client: Client, body: object
) -> None:
    platform.replies_first = [Reply(200, body)] * 3
    with pytest.raises(RestError, match=r"holds no tool|is no JSON object"):
        asyncio.run(client.get_tool("tool_1"))
    with pytest.raises(RestError, match=r"holds no agent|is no JSON object"):
        asyncio.run(client.get_agent("agent_1"))
    if isinstance(body, dict):
        assert asyncio.run(client.list_tools()) == []


def test_what_is_not_there_is_named(client: Client) -> None:
    with pytest.raises(NotFoundError, match="there is no tool 'tool_7'"):
        asyncio.run(client.get_tool("tool_7"))
    with pytest.raises(NotFoundError, match="there is no agent 'agent_7' with branch 'b'"):
        asyncio.run(client.get_agent("agent_7", branch_id="b"))
    with pytest.raises(ValueError, match="'' is no id"):
        asyncio.run(client.get_tool(""))
    with pytest.raises(NotFoundError, match=r"there is no tool '\.\./agents/x'"):
        asyncio.run(client.get_tool("../agents/x"))


def test_the_permission_that_a_key_lacks_is_named(platform: ToolPlatform, client: Client) -> None:
    platform.replies_first = [Reply(401, {"detail": {"status": "missing_permissions"}})] * 3
    with pytest.raises(AuthError, match="convai_read"):
        asyncio.run(client.get_agent("agent_1"))
    with pytest.raises(AuthError, match="convai_read"):
        asyncio.run(client.list_tools())
    with pytest.raises(AuthError, match="convai_write"):
        asyncio.run(client.create_tool(config()))


def test_without_a_key_nothing_is_asked(platform: ToolPlatform) -> None:
    with pytest.raises(AuthError, match="the list of tools needs an API key"):
        asyncio.run(Client(None, platform.url).list_tools())
    assert platform.requests == []
