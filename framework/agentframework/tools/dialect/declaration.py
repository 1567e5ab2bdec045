"""A tool's declaration on the platform: the whole `tool_config` of type client (protocol 5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agentframework.tools.dialect.limits import DEFAULT_SECONDS, LONGEST_SECONDS, MARGIN, seconds_for
from agentframework.tools.dialect.reduction import AS_TEXT, Loss, humanised, reduce_schema
from agentframework.tools.tool import Tool

__all__ = ["Declaration", "declare_tool", "tool_config"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is declared of a hosted tool, what the model will not see of it, and what it needs of the platform.

    `limit` is the tool's own, in seconds. `needs_error_text` says whether the platform has to pass error texts on,
    and `takes_more` whether the tool takes arguments of other names than it declares.
    """

    tool_config: dict[str, Any]
    losses: tuple[Loss, ...]
    limit: float
    needs_error_text: bool = True
    takes_more: bool = False

    @property
    def name(self) -> str:
        return str(self.tool_config["name"])


def declare_tool(
    tool: Tool[..., Any], *, timeout: float, expects_response: bool = True, needs_error_text: bool = True
) -> Declaration:
    """The declaration of a tool whose calls are answered within `timeout` seconds."""
    reduced = reduce_schema(tool.schema)
    losses = reduced.losses
    if expects_response and timeout + MARGIN > LONGEST_SECONDS:
        has = f"of its {timeout:g} s a call has {LONGEST_SECONDS - MARGIN:g}"
        words = f"for longer than {LONGEST_SECONDS} s, so {has}"
        losses = (*losses, Loss("response_timeout_secs", "timeout", words, "unmet"))
    if tool.options.strict:
        as_text = [loss for loss in losses if loss.kind == "narrowed" and loss.keyword in AS_TEXT]
        words = "anything that fits, because a strict tool reads no JSON from a text"
        losses = (*losses, *(Loss(loss.place, "strict", words, "narrowed") for loss in as_text))
    config = {
        "type": "client",
        "name": tool.name,
        "description": tool.description.strip() or humanised(tool.name),
        "parameters": reduced.parameters,
        "expects_response": expects_response,
        "response_timeout_secs": max(DEFAULT_SECONDS, seconds_for(timeout))
        if expects_response
        else DEFAULT_SECONDS,
        "tool_error_handling_mode": "passthrough",
        "execution_mode": "immediate",
        "interruption_mode": "allow",
    }
    takes_more = any(not loss.place and loss.keyword == "additionalProperties" for loss in losses)
    return Declaration(config, losses, timeout, needs_error_text, takes_more)


def tool_config(tool: Tool[..., Any], *, timeout: float, expects_response: bool = True) -> dict[str, Any]:
    """The `tool_config` alone; what was lost on the way is in `declare_tool`."""
    return declare_tool(tool, timeout=timeout, expects_response=expects_response).tool_config
