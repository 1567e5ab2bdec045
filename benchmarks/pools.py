"""What a call costs in a process, beside other pools of two processes, and when one that hangs is ended."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import anyio.to_process
import uvloop

from agentframework import Tool
from agentframework.workers.base import ToolSpec
from agentframework.workers.processes import ProcessWorker

__all__ = ["POOLS", "PoolCounts", "pool_times"]

_SIZE = 2
_LIMIT = 0.5
_PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class PoolCounts:
    """How much of everything."""

    single: int = 2_000
    in_flight: int = 200
    many: int = 10_000


def same(text: str) -> str:
    """Say the same."""
    return text


def hang(path: str) -> str:
    """Hold the interpreter's lock for ever."""
    Path(path).write_text(str(os.getpid()))
    re.match(r"(a+)+$", "a" * 60 + "b")
    return "never"


Asked = Callable[[str], str]


class Pool(ABC):
    """A pool of processes, and how it is asked for one call."""

    @abstractmethod
    async def close(self) -> None:
        """End its processes, where the loop's end does not."""

    @abstractmethod
    async def call(self, asked: Asked, text: str, limit: float = 30.0) -> object:
        """One call that may take so many seconds."""


class Ours(Pool):
    def __init__(self) -> None:
        tools: tuple[Asked, ...] = (same, hang)
        self._specs = {asked: ToolSpec.of(Tool(asked.__name__, asked)) for asked in tools}
        self._worker = ProcessWorker(preload=list(self._specs.values()))

    async def close(self) -> None:
        await self._worker.stop()

    async def call(self, asked: Asked, text: str, limit: float = 30.0) -> object:
        params = {"text" if asked is same else "path": text}
        return await self._worker.call(
            self._specs[asked], params, deadline=time.monotonic() + limit, call_id="call"
        )


class Anyio(Pool):
    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(_SIZE)

    async def close(self) -> None:
        pass

    async def call(self, asked: Asked, text: str, limit: float = 30.0) -> object:
        with anyio.fail_after(limit):
            return await anyio.to_process.run_sync(asked, text, cancellable=True, limiter=self._limiter)


class Executor(Pool):
    def __init__(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["benchmarks.pools"])
        self._executor = ProcessPoolExecutor(_SIZE, context)

    async def close(self) -> None:
        # it can end none of its processes itself
        for process in list((self._executor._processes or {}).values()):
            process.kill()
        self._executor.shutdown(wait=False)

    async def call(self, asked: Asked, text: str, limit: float = 30.0) -> object:
        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.run_in_executor(self._executor, asked, text), limit)


POOLS: dict[str, type[Pool]] = {
    "process worker": Ours,
    "`anyio.to_process`": Anyio,
    "`ProcessPoolExecutor`": Executor,
}


def pool_times(counts: PoolCounts = PoolCounts()) -> dict[str, dict[str, float | None]]:
    """One round: for each pool the ms of a call, the calls in a second, and the ms by which a hang is ended late."""
    return {name: _on_a_loop(make, counts) for name, make in POOLS.items()}


def _on_a_loop(make: type[Pool], counts: PoolCounts) -> dict[str, float | None]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measured(make, counts))


async def _measured(make: type[Pool], counts: PoolCounts) -> dict[str, float | None]:
    pool = make()
    try:
        await asyncio.gather(*(pool.call(same, "warm") for _ in range(8 * _SIZE)))
        times = [await _timed(pool) for _ in range(counts.single)]
        begun = time.perf_counter()
        each = counts.many // counts.in_flight
        await asyncio.gather(*(_repeat(pool, each) for _ in range(counts.in_flight)))
        per_second = each * counts.in_flight / (time.perf_counter() - begun)
        return {"p50": sorted(times)[len(times) // 2], "per_second": per_second, "late": await _late(pool)}
    finally:
        await pool.close()


async def _timed(pool: Pool) -> float:
    begun = time.perf_counter()
    await pool.call(same, "text")
    return (time.perf_counter() - begun) * 1e3


async def _repeat(pool: Pool, count: int) -> None:
    for _ in range(count):
        await pool.call(same, "text")


async def _late(pool: Pool) -> float | None:
    """The ms from the deadline of a call that hangs to the end of its process; None where that does not come."""
    with TemporaryDirectory(prefix="benchmark-") as folder:
        path = Path(folder) / "pid"
        deadline = time.monotonic() + _LIMIT
        task = asyncio.ensure_future(pool.call(hang, str(path), _LIMIT))
        # on a thread, so that what watches takes no time of the loop's
        ended = await asyncio.to_thread(partial(_watch, path, deadline))
        await asyncio.wait([task])
        task.exception()
        return None if ended is None else (ended - deadline) * 1e3


def _watch(path: Path, deadline: float) -> float | None:
    while time.monotonic() < deadline + _PATIENCE:
        text = path.read_text() if path.exists() else ""
        if text and _is_gone(int(text)):
            return time.monotonic()
        time.sleep(0.0005)
    return None


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True
