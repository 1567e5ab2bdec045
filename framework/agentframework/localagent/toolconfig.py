"""Client tools as the platform's tool_config declares them, in a script or in an on-prem set-up (protocol 5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.options import AgentOptions, ToolHandling
from agentframework.protocol.calls import ErrorHandling

__all__ = ["ClientToolConfig", "with_platform_tools", "with_tools"]

NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


class ClientToolConfig(BaseModel):
    """What is read of a tool's declaration; what is not set is as the agent's options say."""

    model_config = ConfigDict(frozen=True, strict=True)

    type: Literal["client"] = "client"
    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    description: str = ""
    parameters: dict[str, Any] | None = None
    expects_response: bool | None = None
    response_timeout_secs: int | float | None = Field(default=None, ge=-1)
    tool_error_handling_mode: ErrorHandling | None = None

    def declaration(self) -> ToolDeclaration:
        """The tool as the talker knows it."""
        return ToolDeclaration(self.name, self.description, self.parameters or NO_PARAMETERS)

    def handling(self, default: ToolHandling) -> ToolHandling:
        """How the tool is called; a time-out of -1 is none."""
        seconds = self.response_timeout_secs
        timeout = default.timeout if seconds is None else None if seconds < 0 else float(seconds)
        expects = default.expects_response if self.expects_response is None else self.expects_response
        return ToolHandling(expects, timeout, self.tool_error_handling_mode or default.error_handling)


def with_tools(options: AgentOptions, configs: Sequence[ClientToolConfig]) -> AgentOptions:
    """`options` with these tools as well; of two with one name the later stays."""
    tools = {tool.name: tool for tool in options.tools}
    handling = dict(options.handling)
    for config in configs:
        tools[config.name] = config.declaration()
        handling[config.name] = config.handling(options.default_handling)
    return replace(options, tools=tuple(tools.values()), handling=handling)


def with_platform_tools(options: AgentOptions, tools_config_list: Sequence[dict[str, Any]]) -> AgentOptions:
    """`options` with the client tools of an on-prem set-up, tools of other types left out (protocol 1.7).

    As on the platform, a tool expects no response unless it says so. Raises ValueError for what is no tool.
    """
    configs = []
    for number, given in enumerate(tools_config_list):
        config = given.get("tool_config", given)
        if isinstance(config, dict) and config.get("type", "client") != "client":
            continue
        try:
            read = ClientToolConfig.model_validate(config)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise ValueError(f"tools_config_list.{number}.{where}: {error.errors()[0]['msg']}") from None
        expects = bool(read.expects_response)
        configs.append(read.model_copy(update={"expects_response": expects}))
    return with_tools(options, configs)
