"""What a conversation offers: a program's tools in every shape, its handlers, and those of plugins."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agent_stub import Peer, Recorder, agent, still_there
from agentframework import (
    Callbacks,
    Client,
    ClientTools,
    Conversation,
    PluginError,
    ToolDefinitionError,
    ToolRegistry,
    tool,
)
from agentframework.errors import ArgumentsError, DuplicateToolError
from doors import Door
from throwaway import importable, install

LEVEL = {"type": "object", "required": ["level"], "properties": {"level": {"type": "integer"}}}

PLUGIN = """
from agentframework import Callbacks, hookimpl
from pydantic import BaseModel

HEARD = []

class Settings(BaseModel):
    greeting: str = "Hello"

class Listener(Callbacks):
    def on_agent_response(self, message):
        HEARD.append(message.agent_response_event.agent_response)

@hookimpl
def register_tools(register):
    settings = register.settings(Settings)
    def greet(name: str) -> str:
        "Greet somebody."
        return f"{settings.greeting} {name}"
    register(greet)

@hookimpl
def register_callbacks(register):
    register(Listener)
"""


@tool
def double(number: int) -> int:
    """Double a number."""
    return number * 2


Call = tuple[str, dict[str, Any]]


async def call_all(peer: Peer, *calls: Call, first: int = 0) -> list[str]:
    results = []
    for number, (name, parameters) in enumerate(calls, first):
        await peer.call(name, f"c{number}", parameters)
        results.append((await peer.receive())["result"])
    return results


def results_of(door: Door, *calls: Call, **options: Any) -> list[str]:
    """What the agent is answered."""

    async def scenario(peer: Peer) -> list[str]:
        await peer.open()
        return await call_all(peer, *calls)

    with agent(scenario) as served:
        door.make(served.url, **options)
        door.start()
        results: list[str] = served.wait()
        door.wait()
    return results


def test_with_a_schema_arguments_are_checked_before_the_handler_gets_its_dict(door: Door) -> None:
    got: list[dict[str, Any]] = []
    tools = ClientTools()
    tools.register("set_volume", got.append, parameters=LEVEL)
    odd = {"type": "object", "properties": {"arguments": {"type": "string"}, "context": {"type": "string"}}}
    tools.register("odd", lambda parameters: parameters, parameters=odd)
    refused, repaired, echo = results_of(
        door,
        ("set_volume", {"level": "loud"}),
        ("set_volume", {"level": "7"}),
        ("odd", {"arguments": "a", "context": "c"}),
        client_tools=tools,
    )
    assert "level" in refused
    assert "expected" in refused
    assert repaired == "ok"
    assert got == [{"tool_call_id": "c1", "level": 7}]
    assert json.loads(echo) == {"tool_call_id": "c2", "arguments": "a", "context": "c"}


def test_a_tool_may_be_registered_under_its_own_name_or_another(door: Door) -> None:
    tools = ClientTools()
    tools.register(double)
    tools.register("twice", double)
    calls: list[Call] = [("double", {"number": 4}), ("twice", {"number": "5"}), ("twice", {})]
    first, second, refused = results_of(door, *calls, client_tools=tools)
    assert (first, second) == ("8", "10")
    assert refused.startswith("The arguments of twice do not fit.")
    assert {one.owner for one in tools.registry} == {"the program"}


def test_a_registry_may_be_given_in_place_of_client_tools(door: Door) -> None:
    registry = ToolRegistry()
    registry.add(double)
    assert results_of(door, ("double", {"number": 4}), client_tools=registry) == ["8"]


def test_a_tool_that_is_registered_while_the_conversation_runs_can_be_called(door: Door) -> None:
    tools = ClientTools()

    async def scenario(peer: Peer) -> list[str]:
        await peer.open()
        results = await call_all(peer, ("late", {}))
        tools.register("late", lambda parameters: "there")
        return results + await call_all(peer, ("late", {}), first=1)

    with agent(scenario) as served:
        door.make(served.url, client_tools=tools)
        door.start()
        assert served.wait()[-1] == "there"


@pytest.mark.parametrize(
    ("args", "options", "said"),
    [
        ((double, double.handler), {}, "brings its own handler"),
        (("x", double), {"parameters": LEVEL}, "brings its own handler, schema and options"),
        (("x", double), {"timeout": 5.0}, "brings its own handler, schema and options"),
        (("taken", double), {}, "'taken' is registered already"),
        (("x",), {}, "must be callable"),
    ],
)
def test_what_cannot_be_registered_is_a_value_error(args: Any, options: Any, said: str) -> None:
    tools = ClientTools()
    tools.register("taken", lambda parameters: 1)
    with pytest.raises(ValueError, match=said):
        tools.register(*args, **options)


def test_a_schema_or_an_option_that_cannot_be_used_is_refused_when_it_is_registered() -> None:
    with pytest.raises(ToolDefinitionError, match="tool 'x' of the program"):
        ClientTools().register("x", lambda parameters: 1, parameters={"type": "nonsense"})
    with pytest.raises(ToolDefinitionError, match="tool 'x' of the program: timeout = 0 is no number"):
        ClientTools().register("x", lambda parameters: 1, timeout=0)


def test_a_program_says_how_its_tools_are_to_be_run() -> None:
    tools = ClientTools()
    tools.register("pay", lambda parameters: 1, timeout=5, risk="dangerous", idempotent=False)
    tool = tools.registry.get("pay")
    assert tool is not None
    assert (tool.timeout, tool.options.risk, tool.options.idempotent) == (5, "dangerous", False)


def test_a_program_can_try_its_tools_by_hand() -> None:
    async def coroutine(parameters: dict[str, Any]) -> dict[str, Any]:
        return parameters

    tools = ClientTools()
    tools.register("coroutine", coroutine)
    tools.register("hidden", lambda parameters: coroutine(parameters))
    tools.register("plain", lambda parameters: parameters, parameters=LEVEL)
    tools.register(double)

    async def program() -> None:
        assert await tools.handle("coroutine", {"a": 1}) == {"a": 1, "tool_call_id": ""}
        assert await tools.handle("hidden", {"a": 1}) == {"a": 1, "tool_call_id": ""}
        assert await tools.handle("plain", {"tool_call_id": "t", "level": 7}) == {
            "level": 7,
            "tool_call_id": "t",
        }
        assert await tools.handle("double", {"number": 3}) == 6
        with pytest.raises(ArgumentsError):
            await tools.handle("plain", {"level": "loud"})
        with pytest.raises(ValueError, match="'nobody' is not registered"):
            await tools.handle("nobody", {})

    asyncio.run(program())


@pytest.mark.parametrize("several", [False, True])
def test_handlers_see_every_event(door: Door, several: bool) -> None:
    recorders = [Recorder(), Recorder()]

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await peer.say("hello")
        await peer.send({"type": "never_heard_of", "payload": 1})
        await still_there(peer, 1)

    with agent(scenario) as served:
        door.make(served.url, callbacks=recorders if several else recorders[0])
        door.start()
        served.wait()
        door.wait()
    kinds = [
        "conversation_initiation_metadata",
        "session_started",
        "agent_response",
        "never_heard_of",
        "ping",
    ]
    for recorder in recorders[: 1 + several]:
        assert [event.type for event in recorder.events] == [*kinds, "session_ended"]


def test_a_handler_that_raises_is_logged_under_its_own_name(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    class Transcript(Callbacks):
        def on_session_started(self, event: object) -> None:
            raise ValueError

    async def scenario(peer: Peer) -> None:
        await peer.open()

    with agent(scenario) as served:
        door.make(served.url, callbacks=Transcript())
        door.start()
        door.wait()
    assert "on_session_started of the program's Transcript raised ValueError" in caplog.text


class TestPlugins:
    """Installed plugins beside a program's own tools."""

    @pytest.fixture
    def site(self, tmp_path: Path) -> Path:
        site = tmp_path / "site"
        install(
            site,
            "greeter-dist",
            modules={"throwaway_greeter": PLUGIN},
            plugins={"greeter": "throwaway_greeter"},
        )
        install(
            site, "broken-dist", modules={"throwaway_broken": "1 / 0"}, plugins={"broken": "throwaway_broken"}
        )
        return site

    def test_the_tools_and_handlers_of_those_that_are_named_take_part(self, door: Door, site: Path) -> None:
        tools = ClientTools()
        tools.register(double)
        calls: list[Call] = [("greet", {"name": "Ann"}), ("double", {"number": 2})]

        async def scenario(peer: Peer) -> list[str]:
            await peer.open()
            await peer.say("heard by the plugin")
            return await call_all(peer, *calls)

        with importable(site), agent(scenario) as served:
            door.make(served.url, client_tools=tools, plugins=["greeter"])
            door.start()
            results = served.wait()
            door.wait()
            import throwaway_greeter  # type: ignore[import-not-found]

            assert results == ["Hello Ann", "4"]
            assert throwaway_greeter.HEARD == ["heard by the plugin"]

    def test_they_may_be_given_settings(self, door: Door, site: Path) -> None:
        with importable(site):
            results = results_of(
                door, ("greet", {"name": "Ann"}), plugins={"greeter": {"greeting": "Grüezi"}}
            )
        assert results == ["Grüezi Ann"]

    def test_of_all_those_that_fail_are_logged_and_left_out(
        self, door: Door, site: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with importable(site):
            results = results_of(door, ("greet", {"name": "Ann"}), plugins="all")
        assert results == ["Hello Ann"]
        assert "plugin 'broken' (broken-dist 1.0)" in caplog.text

    @pytest.mark.parametrize(
        ("plugins", "said"),
        [
            (["broken"], r"plugin 'broken' \(broken-dist 1\.0\).*ZeroDivisionError"),
            (["greter"], r"not installed. Install it, or leave it out of plugins=; did you mean .greeter"),
            ({"greeter": {"greting": "Hi"}}, "greting"),
        ],
    )
    def test_one_that_is_named_and_fails_is_an_error_of_the_program(
        self, site: Path, plugins: Any, said: str
    ) -> None:
        with importable(site), pytest.raises(PluginError, match=said):
            Conversation(Client(), "a", requires_auth=False, plugins=plugins)

    def test_a_single_name_is_to_be_given_in_a_list(self) -> None:
        with pytest.raises(ValueError, match=r"write plugins=\['greeter'\]"):
            Conversation(Client(), "a", requires_auth=False, plugins="greeter")

    def test_one_name_with_two_owners_is_an_error_that_names_both(self, site: Path) -> None:
        tools = ClientTools()
        tools.register("greet", lambda parameters: "mine")
        with importable(site), pytest.raises(DuplicateToolError) as raised:
            Conversation(Client(), "a", requires_auth=False, client_tools=tools, plugins=["greeter"])
        said = str(raised.value)
        assert "tool 'greet' of greeter" in said
        assert "taken by the program" in said
        assert "leave that plugin out of plugins=" in said
