"""`[tools] on_drift`: an app looks at the agent's tools before its first conversation, and says where they differ."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, agent
from agentframework import App, AuthError, Config, ConfigError, DriftError, Tool, ToolRegistry
from agentframework.cli.failures import TO_BE_CORRECTED, tell
from agentframework.config import AgentConfig, PluginsConfig, ToolsConfig
from agentframework.plugins import LoadedPlugins
from agentframework.rest.declared import Agreement, declarations_of
from rest_stub import Reply, running
from tool_platform import KEY, ToolPlatform


def divide(dividend: int, divisor: int) -> float:
    """Divide one number by another."""
    return dividend / divisor


def sleep_long() -> str:
    """Sleep."""
    time.sleep(1.5)
    return "awake"


@pytest.fixture
def platform() -> Iterator[ToolPlatform]:
    with running(ToolPlatform()) as server:
        server.add_agent("agent_1")
        yield server


def config_of(platform: ToolPlatform, on_drift: Any, **more: Any) -> Config:
    about = AgentConfig(url=platform.url, id="agent_1", requires_auth=True, api_key=KEY, **more)
    return Config(agent=about, tools=ToolsConfig(on_drift=on_drift), plugins=PluginsConfig(autoload=False))


def app_of(config: Config, *handlers: Any) -> App:
    tools = ToolRegistry()
    for handler in handlers or (divide,):
        tools.add(Tool(handler.__name__, handler))
    return App(config, tools, LoadedPlugins(), [])


def declare(platform: ToolPlatform, app: App, **changes: Any) -> None:
    """Declare the tools of an app as they should be, but for these changes."""
    ids = [platform.add({**one.tool_config, **changes}) for one in declarations_of(app.tools, app.config)]
    platform.add_agent("agent_1", *ids)


def converse(platform: ToolPlatform, app: App, times: int = 1) -> None:
    """Open a conversation and end it."""

    async def scenario(peer: Peer) -> None:
        await peer.open()

    for _ in range(times):
        with agent(scenario) as served:
            platform.signed_url = served.url
            conversation = app.conversation()
            assert conversation.start() == "conv_1"
            served.wait()
            conversation.end()
            assert conversation.wait(PATIENCE) is not None


def paths(platform: ToolPlatform) -> list[str]:
    return [path.partition("?")[0].removeprefix("/v1/convai/") for path, _ in platform.requests]


def test_unless_asked_for_nobody_looks(platform: ToolPlatform) -> None:
    converse(platform, app_of(config_of(platform, "off")))
    assert paths(platform) == ["conversation/get-signed-url"]


@pytest.mark.parametrize("on_drift", ["warn", "error"])
def test_an_agent_with_our_tools_is_looked_at_once(
    platform: ToolPlatform, on_drift: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = app_of(config_of(platform, on_drift))
    declare(platform, app)
    converse(platform, app, times=2)
    signed = "conversation/get-signed-url"
    assert paths(platform) == ["agents/agent_1", "tools/tool_01", signed, signed]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_differences_are_warnings_and_the_conversation_begins(
    platform: ToolPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    app = app_of(config_of(platform, "warn"))
    declare(platform, app, expects_response=False, tool_error_handling_mode="auto")
    converse(platform, app, times=2)
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(said) == 2
    assert said[0].startswith("tool 'divide': the platform waits for no answer (expects_response is false)")


def test_differences_hinder_the_start_and_all_are_said(
    platform: ToolPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    app = app_of(config_of(platform, "error"))
    declare(platform, app, name="Divide")
    with pytest.raises(DriftError):
        app.conversation().start()
    with pytest.raises(DriftError) as failed:
        app.conversation().start()
    assert [one.kind for one in failed.value.differences] == ["missing", "unknown"]
    assert "conversation/get-signed-url" not in paths(platform)
    assert tell(failed.value) == TO_BE_CORRECTED
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "error: the tools of the agent 'agent_1' differ from those hosted here:"
    assert told[1].startswith("- tool 'divide': the agent has no such tool")
    assert told[2].startswith("- tool 'Divide': the agent has it and nothing here is called so")
    declare(platform, app)
    converse(platform, app)


def test_a_platform_that_cannot_be_asked_is_a_warning(
    platform: ToolPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    app = app_of(config_of(platform, "warn"))
    platform.replies_first = [Reply(404)]
    converse(platform, app)
    (said,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said.startswith(
        "the agent's tools were not compared with those hosted here: the agent was not read"
    )
    assert KEY not in said
    declare(platform, app)
    converse(platform, app)
    assert "tools/tool_01" in paths(platform), "the next conversation looks again"


def test_a_platform_that_does_not_answer_does_not_take_the_time_of_the_conversation(
    platform: ToolPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    app = app_of(config_of(platform, "warn", connect_timeout=3.0))

    async def scenario(peer: Peer) -> None:
        await peer.open()

    with agent(scenario) as served:
        platform.signed_url = served.url
        agreement = app.agreement
        platform.replies_first = [Reply(200, hang=True)] * 2
        conversation = app.conversation()
        assert conversation.start() == "conv_1"
        served.wait()
        conversation.end()
        conversation.wait(PATIENCE)
        platform.release.set()
    assert agreement.limits == {}
    assert "within 1.5 s" in caplog.text


def test_with_error_a_platform_that_cannot_be_asked_hinders_the_start(platform: ToolPlatform) -> None:
    app = app_of(config_of(platform, "error"))
    platform.replies_first = [Reply(401)]
    with pytest.raises(AuthError):
        app.conversation().start()


def test_a_call_is_answered_before_the_agent_gives_up(
    platform: ToolPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    """The agent waits for 2 s, the tool takes 1.5, and half of the agent's time is left to its answer."""
    app = app_of(config_of(platform, "warn"), sleep_long)
    declare(platform, app, response_timeout_secs=2)

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.open()
        await peer.call("sleep_long", "call_1")
        while True:
            message = await peer.receive()
            if message["type"] == "client_tool_result":
                return message

    with agent(scenario) as served:
        platform.signed_url = served.url
        conversation = app.conversation()
        conversation.start()
        answer = served.wait()
        conversation.end()
        conversation.wait(PATIENCE)
    assert app.agreement.limits == {"sleep_long": 2.0}
    assert answer["is_error"] is True
    assert "did not finish within 1 second" in answer["result"]


def test_a_config_without_an_account_has_nothing_to_compare_with() -> None:
    config = Config(
        agent=AgentConfig(url="local"),
        tools=ToolsConfig(on_drift="warn"),
        plugins=PluginsConfig(autoload=False),
    )
    with pytest.raises(ConfigError, match=r"agent\.url: the platform's tools are not to be had there"):
        App.load(config)
    (problem,) = App.load(config, forgive=True).problems
    assert problem.key == "agent.url"
    assert Agreement(config.model_copy(update={"tools": ToolsConfig()}), []).problems == []
