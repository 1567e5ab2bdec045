"""The processes of a measurement: the server, the clients, and what the system says that a client has used."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

__all__ = [
    "BENCH_PYTHON",
    "CLIENTS_PYTHON",
    "OUR_PYTHON",
    "ROOT",
    "Client",
    "Server",
    "SilenceError",
    "Usage",
]

ROOT = Path(__file__).resolve().parent.parent
OUR_PYTHON = Path(sys.executable)
BENCH_PYTHON = ROOT / ".venvs" / "bench" / "bin" / "python"
CLIENTS_PYTHON = ROOT / ".venvs" / "clients" / "bin" / "python"
_READY_TIMEOUT = 60.0
_END_TIMEOUT = 15.0


class SilenceError(Exception):
    """A process has not said in time what it was to say; the text names the process and what was awaited."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used so far: processor time in seconds, and the memory that it holds now."""

    cpu: float
    memory_bytes: int


class _Process:
    """A module of the benchmarks, run by its own interpreter; it is ended when the context is left."""

    def __init__(
        self, python: Path, module: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = " ".join([module, *arguments])
        self._lines = b""
        self._process = subprocess.Popen(
            [python, "-m", module, *arguments],
            cwd=ROOT,
            # each client asks for proxies in its own way, and none is wanted
            env={**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stdin.close()
        try:
            self._process.wait(0.0 if kind else _END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stdout.close()

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def write(self, line: str) -> None:
        """Give the process a line."""
        self._stdin.write(f"{line}\n".encode())
        self._stdin.flush()

    def read(self, awaited: str, timeout: float) -> str:
        """The next line that the process says. Raises `SilenceError` where none comes."""
        until = time.monotonic() + timeout
        while b"\n" not in self._lines:
            left = max(0.0, until - time.monotonic())
            ready, _, _ = select.select([self._stdout], [], [], left)
            said = os.read(self._stdout.fileno(), 65536) if ready else b""
            if not said:
                raise SilenceError(f"{self.name}: no {awaited} within {timeout:g} s")
            self._lines += said
        line, _, self._lines = self._lines.partition(b"\n")
        return line.decode()

    def usage(self) -> Usage:
        """What the system says that it has used (Linux)."""
        folder = Path(f"/proc/{self._process.pid}")
        ran = 0
        for thread in folder.glob("task/*/schedstat"):
            try:
                ran += int(thread.read_text().split()[0])
            except OSError:
                continue  # that thread has just ended
        pages = int((folder / "statm").read_text().split()[1])
        return Usage(ran / 1e9, pages * os.sysconf("SC_PAGE_SIZE"))


class Server(_Process):
    """The agent's side."""

    def __init__(self) -> None:
        super().__init__(BENCH_PYTHON, "benchmarks.server")
        self.port = self.await_event("listening", _READY_TIMEOUT)["port"]

    def await_event(self, event: str, timeout: float) -> dict[str, Any]:
        """What the server tells of the event, which must be the next. Raises `SilenceError`."""
        told: dict[str, Any] = json.loads(self.read(event, timeout))
        if told["event"] != event:
            raise SilenceError(f"{self.name}: said {told['event']} where {event} was awaited")
        return told


class Client(_Process):
    """A client that has imported what it needs, and waits."""

    def __init__(
        self,
        python: Path,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(python, module, *arguments, environment=environment)
        self.read("word that it is ready", _READY_TIMEOUT)

    def go(self) -> None:
        """Have it open its conversations."""
        self.write("go")
