"""What a config may say of tools: `[tools]` of all, `[tools.NAME]` of one."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from agentframework.config.values import Count, Flag, JsonTable, Pause, Seconds, Section, Text, ToolName

__all__ = ["ToolConfig", "ToolsConfig"]


class ToolConfig(Section):
    """`[tools.NAME]`: one tool."""

    timeout: Seconds | None = Field(
        None, description="Seconds until this tool's call is answered as timed out."
    )
    answer: Literal["auto", "always", "never"] = Field(
        "auto", description='Whether a call is answered: "auto" as the call says, or "always", or "never".'
    )
    calls_per_minute: Count | None = Field(
        None,
        description="How many of its calls run within a minute of one conversation; the agent is told to wait with "
        "others.",
    )
    worker: Text | None = Field(
        None,
        description='Where it runs: "thread", "process", or "auto": an `async def` on the loop, else a thread.',
    )
    placement: JsonTable | None = Field(
        None, description='What the worker is told of where to run it; "process" knows `group`.'
    )
    risk: Literal["read", "write", "dangerous"] | None = Field(
        None,
        description='What it can do: "read" changes nothing, "dangerous" is denied unless the policy lists it.',
    )
    idempotent: Flag | None = Field(
        None,
        description="If false, the same call again is not run again within a while, but given the first one's "
        "result; if true, it may be run a second time where a worker died.",
    )
    max_concurrency: Count | None = Field(
        None,
        description="How many of its calls run at the same time, over all conversations; the others wait.",
    )
    serial: Flag | Text | None = Field(
        None,
        description="Whether its calls of one conversation run one after another, in the order in which they came; "
        "a text is a key that several tools share.",
    )
    light: Flag | None = Field(
        None, description="Whether it is quick for certain, and may use the threads reserved for such tools."
    )
    on_interrupt: Literal["finish", "cancel"] | None = Field(
        None, description="What becomes of a call that runs when the user interrupts the agent."
    )
    settle: Pause | None = Field(
        None,
        description="Seconds to wait before it acts; if the user speaks meanwhile it does not act. For tools that "
        "end or transfer the conversation.",
    )
    late_result: Literal["drop", "context"] | None = Field(
        None,
        description="What becomes of a result that comes after the deadline: only recorded, or told to the agent as "
        "context.",
    )
    strict: Flag | None = Field(
        None, description="Whether arguments that do not fit are refused as they are, without repairs."
    )

    @property
    def options(self) -> dict[str, Any]:
        """What it says of how the tool is run, in the words of the tool's own options."""
        return self.model_dump(exclude={"answer", "calls_per_minute"}, exclude_none=True)


class ToolsConfig(Section):
    """`[tools]`: which tools are hosted, and how long they may take."""

    enable: tuple[Text, ...] = Field(("*",), description="Names or globs of the tools that are hosted.")
    disable: tuple[Text, ...] = Field(
        (), description="Names or globs of tools that are not hosted after all."
    )
    timeout: Seconds = Field(
        15.0,
        description="Seconds until a call is answered as timed out; keep it below the platform's own limit, "
        "20 unless declared otherwise.",
    )
    activity_interval: Pause = Field(
        3.0,
        description="While a tool runs, the agent is told so often, in seconds, that somebody is there, so that its "
        "silence timer does not end the call; 0 switches it off.",
    )
    drain_timeout: Seconds = Field(
        5.0, description="Seconds that calls which run may go on after SIGTERM, before the conversation ends."
    )
    error_text: Literal["error", "result"] = Field(
        "error",
        description='"result" sends the text of a failure as an ordinary result, because the platform hides the '
        "text of errors unless the tool's tool_error_handling_mode is passthrough.",
    )
    on_drift: Literal["off", "warn", "error"] = Field(
        "off",
        description='What to do where the agent\'s tools on the platform differ from those hosted here: "warn", or '
        '"error", which hinders the start, or "off", and then nobody looks.',
    )
    by_name: dict[ToolName, ToolConfig] = Field(
        {}, description="The tables [tools.NAME]: settings of one tool."
    )
