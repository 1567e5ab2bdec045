"""What the authors of plugins test with."""

from __future__ import annotations

from agentframework.testing.trials import WorkerCase
from agentframework.testing.workers import WORKER_CASES, check_worker, worker_cases

__all__ = ["WORKER_CASES", "WorkerCase", "check_worker", "worker_cases"]
