"""Whether the machine kept time: what should sound in real time can be judged only where it did."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import NamedTuple

__all__ = ["Stall", "Steadiness"]

STALLED = 0.015  # seconds; a machine that is only busy is late by less than half of it
_PATIENCE = 5.0
_WATCH = """
import os, select, sys, time
processor, stalled = int(sys.argv[1]), float(sys.argv[2])
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {processor})
print("watches", flush=True)
due = time.monotonic()
while True:
    due += 0.005
    asked, _, _ = select.select([0], [], [], 0.005)
    now = time.monotonic()
    if now - due > stalled:
        print(due, now, flush=True)
    due = now
    if asked:
        if not os.read(0, 1):
            break
        print("so far", flush=True)
"""


class Stall(NamedTuple):
    """A time, by `time.monotonic`, in which a process that should have run did not."""

    begins: float
    ends: float


class Steadiness:
    """One small process for each processor, which wakes every 5 ms and notes when that came too late."""

    def __init__(self, stalled: float = STALLED) -> None:
        self.stalled = stalled
        self._watchers: list[subprocess.Popen[str]] = []
        self._stalls: list[Stall] = []
        self._since = 0.0

    @property
    def watchers(self) -> list[int]:
        """The ids of the processes."""
        return [process.pid for process in self._watchers]

    def begin(self) -> None:
        """Look from now on, and not at what was before."""
        if not self._watchers:
            self._start()
        self._since = time.monotonic()

    def stalls(self) -> list[Stall]:
        """Those since `begin`; asks each process, as one that has just stood still could not say so yet."""
        for process in self._watchers:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("?")
            process.stdin.flush()
            while (line := process.stdout.readline()) != "so far\n":
                begins, ends = map(float, line.split())
                self._stalls.append(Stall(begins, ends))
        return [stall for stall in self._stalls if stall.ends > self._since]

    def stop(self) -> None:
        """End the processes."""
        watchers, self._watchers = self._watchers, []
        for process in watchers:
            process.communicate(timeout=_PATIENCE)

    def _start(self) -> None:
        for processor in _processors():
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _WATCH, str(processor), str(self.stalled)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            assert process.stdout.readline() == "watches\n"
            self._watchers.append(process)


def _processors() -> list[int]:
    """The processors that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
