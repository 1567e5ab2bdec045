"""What a config may say of permission: `[policy]` and the rules in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from agentframework.config.problems import wrong
from agentframework.config.source import Source
from agentframework.config.values import JsonTable, Pause, Seconds, Section, Text

__all__ = ["PolicyConfig", "RuleConfig"]

Limit = Annotated[int, Field(strict=True, ge=0)]


class RuleConfig(Section):
    """`[[policy.allow]]`, `[[policy.ask]]` or `[[policy.deny]]`: one rule."""

    tool: Text | None = Field(
        None,
        description="The name of the tools that are meant, or a glob: `*` is any characters, `?` is one.",
    )
    risk: Literal["read", "write", "dangerous"] | None = Field(
        None, description="The risk of the tools that are meant."
    )
    arguments: JsonTable = Field(
        {},
        repr=False,
        description="The arguments that are meant: a pattern by place. A text is a glob, a list is any of its "
        "patterns, and a table has `minimum`, `maximum`, `exclusiveMinimum` or `exclusiveMaximum` for a number.",
    )

    @model_validator(mode="after")
    def _check_says_something(self) -> Self:
        if self.tool is None and self.risk is None:
            raise wrong(
                "does not say which tools it means", 'add tool = "..." or risk = "..."; every tool is "*"'
            )
        return self


class PolicyConfig(Section):
    """`[policy]`: which calls run, which are asked for, and which are not run."""

    allow: tuple[RuleConfig, ...] = Field(
        (), description="The calls that run. What no rule means runs unless it is dangerous."
    )
    ask: tuple[RuleConfig, ...] = Field(
        (), description="The calls that run once somebody approves; beats allow."
    )
    deny: tuple[RuleConfig, ...] = Field((), description="The calls that do not run; beats ask and allow.")
    approver: Text | None = Field(
        None,
        description="Who is asked, by name; unless said, `agentframework run` asks in the terminal, where it is one.",
    )
    approval_timeout: Seconds = Field(10.0, description="Seconds after which no answer is a no.")
    calls_per_minute: Limit = Field(
        300,
        description="How many calls of a conversation run within a minute; beyond that it is told to stop. "
        "0 is no limit.",
    )
    repeat_limit: Limit = Field(
        30,
        description="How many times the same call, with the same arguments, runs within a minute; beyond that "
        "the agent is told to stop. 0 is no limit.",
    )
    duplicate_window: Pause = Field(
        60.0,
        description="For how many seconds a call of a tool with `idempotent = false` that succeeded is not run "
        "again, but given the same result.",
    )
    audit: Path | None = Field(
        None,
        description="The file to which a line is added for each call, relative to the config's folder. Without one "
        "there is none.",
    )

    @field_validator("audit", mode="after")
    @classmethod
    def _find_audit(cls, audit: Path | None, info: ValidationInfo) -> Path | None:
        folder = info.context.folder if isinstance(info.context, Source) else None
        return audit if audit is None or folder is None else folder / audit.expanduser()
