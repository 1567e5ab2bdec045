"""One trial of a worker: a new one, a folder, and what a case needs to call tools there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agentframework.testing import worker_tools
from agentframework.tools.tool import Tool
from agentframework.workers.base import ToolSpec, Worker

__all__ = ["LONG", "Trial", "WorkerCase", "until"]

LONG = 30.0
"""Seconds until a call that should be quick has failed."""


class Trial:
    """What a case has to do with: a worker that is new, and a folder that its processes see too."""

    def __init__(self, worker: Worker, folder: Path) -> None:
        self.worker = worker
        self.folder = folder
        self._calls = 0

    async def call(self, tool: Tool[..., Any], *, seconds: float = LONG, **options: Any) -> str:
        """Call a tool; what is no option of `Worker.call` is an argument."""
        self._calls += 1
        known = {key: options.pop(key) for key in ("context", "idempotent", "placement") if key in options}
        return await self.worker.call(
            ToolSpec.of(tool),
            options,
            deadline=time.monotonic() + seconds,
            call_id=f"call_{self._calls}",
            **known,
        )

    def begin(self, tool: Tool[..., Any], **options: Any) -> asyncio.Task[str]:
        """The same, meanwhile."""
        return asyncio.create_task(self.call(tool, **options))

    async def fails(self, expected: type[Exception], tool: Tool[..., Any], **options: Any) -> Any:
        """The error that a call has to end with, and no other."""
        (outcome,) = await asyncio.gather(self.call(tool, **options), return_exceptions=True)
        assert type(outcome) is expected, f"{tool.name}: no {expected.__name__}, but {str(outcome)[:100]!r}"
        return outcome

    async def is_well(self) -> None:
        """The worker runs calls as if nothing had been."""
        answers = await asyncio.gather(
            *(self.call(worker_tools.echo, text=str(number)) for number in range(8))
        )
        assert answers == [str(number) for number in range(8)]

    async def content(self, name: str) -> str:
        """What a tool writes into a file, once it has."""
        path = self.folder / name
        await until(lambda: path.exists() and path.stat().st_size > 0, f"the tool has not written {name}")
        return path.read_text()


@dataclass(frozen=True, slots=True)
class WorkerCase:
    """One case. `isolates` and `kills` say what a worker must be able to do for it: see `worker_cases`."""

    name: str
    test: Callable[[Trial], Awaitable[None]]
    isolates: bool = False
    kills: bool = False

    def __str__(self) -> str:
        return self.name

    async def check(self, make_worker: Callable[[], Worker]) -> None:
        """Run the case with a worker of its own. Raises AssertionError, or what the worker raises."""
        with TemporaryDirectory(prefix="agentframework-") as folder:
            worker = make_worker()
            try:
                async with asyncio.timeout(2 * LONG):
                    await self.test(Trial(worker, Path(folder)))
            finally:
                await worker.stop()

    def run(self, make_worker: Callable[[], Worker]) -> None:
        """The same, on a new event loop."""
        asyncio.run(self.check(make_worker))


async def until(holds: Callable[[], bool], problem: str, seconds: float = 10.0) -> None:
    """Wait for what only another process can bring about."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, problem
        await asyncio.sleep(0.005)
