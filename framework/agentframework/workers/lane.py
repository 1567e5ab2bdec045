"""A lane: jobs that run one after another on the threads of a pool."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from agentframework.workers.threads import ThreadPool

__all__ = ["Lane"]


class Lane:
    """Runs jobs in order, one at a time, on whichever thread of `pool` is free; a burst costs one hand-over.

    Thread-safe; putting a job in never blocks. How many may wait is the caller's to bound, by `waiting`.
    """

    def __init__(self, pool: ThreadPool) -> None:
        self._pool = pool
        self._jobs: deque[Callable[[], object]] = deque()
        self._lock = threading.Lock()
        self._running = False

    @property
    def waiting(self) -> int:
        """How many jobs wait, the running one not among them."""
        return len(self._jobs)

    def put(self, job: Callable[[], object]) -> None:
        """Run `job` after all that was put in before."""
        with self._lock:
            self._jobs.append(job)
            if self._running:
                return
            self._running = True
        self._pool.submit(self._drain)

    def _drain(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._running = False
                    return
                job = self._jobs.popleft()
            job()
