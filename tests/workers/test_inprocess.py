"""The worker in the runtime's own process passes the cases that need no other process."""

from __future__ import annotations

import asyncio

import pytest

from agentframework.errors import ToolDefinitionError
from agentframework.testing import WorkerCase, check_worker, worker_cases
from agentframework.testing.worker_tools import echo
from agentframework.workers.base import ToolSpec, Worker
from agentframework.workers.inprocess import InProcessWorker
from agentframework.workers.threads import ThreadPool


def make_worker() -> Worker:
    return InProcessWorker(ThreadPool(4, name="test-inprocess", reserved=0))


@pytest.mark.parametrize("case", worker_cases(isolates=False, kills=False), ids=str)
def test_the_worker_on_threads_and_the_loop_conforms(case: WorkerCase) -> None:
    case.run(make_worker)


def test_a_worker_that_does_not_conform_is_found_with_the_name_of_the_case() -> None:
    class Deaf(InProcessWorker):
        async def stop(self) -> None:
            """Does nothing, and so still answers."""

    with pytest.raises(AssertionError) as caught:
        asyncio.run(check_worker(lambda: Deaf(ThreadPool(4, name="test-deaf")), isolates=False, kills=False))
    assert caught.value.__notes__ == ["case it_stops_and_starts_again"]


def test_a_placement_that_a_worker_does_not_know_is_refused() -> None:
    with pytest.raises(ToolDefinitionError, match="knows no placement"):
        make_worker().check(ToolSpec.of(echo), {"group": "x"})
