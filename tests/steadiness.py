"""Whether the machine kept time: what should sound in real time can be judged only where it did."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import NamedTuple

__all__ = ["Stall", "Steadiness"]

STALLED = 0.015  # seconds; a machine that is only busy is late by less than half of it
_PATIENCE = 5.0
_WATCH = """
import os, sys, time
processor, parent, stalled = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {processor})
print(flush=True)
while os.getppid() == parent:
    due = time.monotonic() + 0.005
    time.sleep(0.005)
    now = time.monotonic()
    if now - due > stalled:
        print(due, now, flush=True)
"""


class Stall(NamedTuple):
    """A time, by `time.monotonic`, in which a process that should have run did not."""

    begins: float
    ends: float


class Steadiness:
    """One small process for each processor, which wakes every 5 ms and notes when that came too late."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []
        self._readers: list[threading.Thread] = []
        self._stalls: list[Stall] = []
        self._since = 0.0

    @property
    def watchers(self) -> list[int]:
        """The ids of the processes."""
        return [process.pid for process in self._processes]

    def begin(self) -> None:
        """Look from now on, and not at what was before."""
        if not self._processes:
            self._start()
        self._since = time.monotonic()

    def stalls(self) -> list[Stall]:
        """Those since `begin`."""
        return [stall for stall in self._stalls if stall.ends > self._since]

    def stop(self) -> None:
        """End the processes."""
        processes, self._processes = self._processes, []
        for process in processes:
            process.terminate()
        for process, reader in zip(processes, self._readers, strict=True):
            reader.join(_PATIENCE)
            process.wait(_PATIENCE)
        self._readers.clear()

    def _start(self) -> None:
        for processor in _processors():
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _WATCH, str(processor), str(os.getpid()), str(STALLED)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            process.stdout.readline()  # it watches
            reader = threading.Thread(target=self._read, args=(process,), name="steadiness")
            reader.start()
            self._processes.append(process)
            self._readers.append(reader)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                begins, ends = map(float, line.split())
                self._stalls.append(Stall(begins, ends))


def _processors() -> list[int]:
    """The processors that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
