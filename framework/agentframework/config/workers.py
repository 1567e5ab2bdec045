"""What a config may say of the workers: `[workers]`."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from agentframework.config.problems import wrong
from agentframework.config.values import Section

__all__ = ["WorkerGroupConfig", "WorkersConfig"]


class WorkerGroupConfig(Section):
    """`[workers.groups.NAME]`: processes for the tools whose placement names this group."""

    processes: int = Field(
        1,
        strict=True,
        ge=1,
        le=256,
        description="How many processes it has, and so how many calls run at once.",
    )
    memory_mb: int | None = Field(
        None,
        strict=True,
        ge=16,
        description="MiB of address space that tools may take on top of what a process has as it starts.",
    )
    max_calls: int | None = Field(
        None, strict=True, ge=1, description="After how many calls a process is replaced; never unless said."
    )


class WorkersConfig(Section):
    """`[workers]`: where tools that are no `async def` run."""

    threads: int = Field(
        32, strict=True, ge=1, le=1024, description="How many such tools run at the same time."
    )
    reserved: int | None = Field(
        None,
        strict=True,
        ge=0,
        description="How many of the threads are kept for tools that are `light`; one in eight unless said.",
    )
    max_running: int | None = Field(
        None,
        strict=True,
        ge=1,
        description="How many calls of a conversation run at the same time; others wait.",
    )
    max_calls: int = Field(
        8192,
        strict=True,
        ge=1,
        le=65536,
        description="Open calls per conversation; beyond that the answer is busy.",
    )

    processes: int = Field(
        2,
        strict=True,
        ge=1,
        le=256,
        description="How many processes run the tools with the worker `process` that are in no other group.",
    )
    groups: dict[str, WorkerGroupConfig] = Field(
        {}, description="More groups of processes, each with limits of its own."
    )

    @field_validator("reserved")
    @classmethod
    def _check_reserved(cls, reserved: int | None, info: ValidationInfo) -> int | None:
        threads = info.data.get("threads")
        if reserved is not None and threads is not None and reserved >= threads - threads // 8:
            raise wrong(f"leaves none of the {threads} threads for the other tools", "make it smaller")
        return reserved
