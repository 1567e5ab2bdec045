"""Worker processes pass all the cases that a worker has to pass."""

from __future__ import annotations

import pytest

from agentframework.testing import WorkerCase, worker_cases
from agentframework.workers.processes import ProcessWorker


@pytest.mark.parametrize("case", worker_cases(), ids=str)
def test_the_process_worker_conforms(case: WorkerCase) -> None:
    case.run(ProcessWorker)
