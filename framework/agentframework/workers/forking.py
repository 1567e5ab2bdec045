"""The process that workers are forked from: it has the tools imported, one thread, and runs none of them.

    python -c "... main(FD)"

It reads commands from the runtime (see `nursery`), forks workers, says how they ended, and ends them all when the
runtime is gone, however that came about.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any, Final, NoReturn

from agentframework.tools.tool import Tool
from agentframework.workers.forked import run_worker
from agentframework.workers.frames import FrameReader, frame
from agentframework.workers.toolspec import ToolSpec

__all__ = ["main"]

_PRELOAD_SECONDS: Final = 60


def main(fd: int) -> NoReturn:
    """Serve the runtime at the other end of the socket `fd` until it is gone."""
    code = 1
    try:
        code = _Nursery(socket.socket(fileno=fd)).serve()
    finally:
        # no atexit handler of a tool's module: what it would close belongs to the workers
        os._exit(code)


class _Nursery:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._workers: dict[int, int] = {}  # the runtime's number of a worker, and its process
        self._options: dict[str, Any] = {}
        self._tools: dict[ToolSpec, Tool[..., Any]] = {}
        self._reader = FrameReader()
        self._ends: deque[int] = deque()
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)

    def serve(self) -> int:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda number, stack: None)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        try:
            while True:
                ready, _, _ = select.select([self._control, self._woken], [], [])
                if self._woken in ready:
                    self._drain()
                self._reap()
                if self._control in ready and not self._receive():
                    return 0
        except (BrokenPipeError, ConnectionResetError):
            return 0
        finally:
            signal.set_wakeup_fd(-1)  # the workers' ends come when its socket is closed
            for number in list(self._workers):
                self._kill(number)

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass

    def _receive(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self._control, 65536, 16)
        if not data:
            return False
        self._ends.extend(fds)
        for message in self._reader.feed(data, limit=1 << 31):
            match message:
                case {"init": options}:
                    self._preload(options)
                case {"fork": number, "memory_mb": memory_mb}:
                    # the message comes with the worker's end of its socket, and messages keep their order
                    self._fork(number, memory_mb, self._ends.popleft())
                case {"kill": number}:
                    self._kill(number)
        return True

    def _preload(self, options: dict[str, Any]) -> None:
        """Import the tools, so that a new worker has them; what fails is said when a tool is called."""
        self._options = options
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_PRELOAD_SECONDS)  # or an import that hangs would outlive the runtime
        for spec in options["tools"]:
            with contextlib.suppress(Exception):  # the call of the tool says it, with the traceback
                self._tools[ToolSpec(**spec)] = ToolSpec(**spec).load()
        signal.alarm(0)
        gc.collect()
        gc.freeze()
        self._say({"ready": True, "threads": _threads()})

    def _fork(self, number: int, memory_mb: int | None, fd: int) -> None:
        pid = os.fork()
        if pid:
            os.close(fd)
            self._workers[number] = pid
            return
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for end in (self._control, self._woken, self._waker):
                end.close()
            code = run_worker(fd, self._tools, self._options["log_level"], memory_mb)
        except BaseException:  # noqa: BLE001 - nothing may come back into the loop of the process that forks
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)

    def _kill(self, number: int) -> None:
        """The worker and all that it has started; its process is ours until `_reap`, so its number is no other's."""
        pid = self._workers.get(number)
        if pid is None:
            return
        try:
            os.killpg(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)  # so young that it leads no group yet

    def _reap(self) -> None:
        numbers = {pid: number for number, pid in self._workers.items()}
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            pid = ended.si_pid
            number = numbers.get(pid)
            if number is not None:
                self._kill(number)  # what the worker has started, while its number is still taken
                del self._workers[number]
            _, status = os.waitpid(pid, 0)
            if number is not None:
                self._say({"ended": number, "code": os.waitstatus_to_exitcode(status)})

    def _say(self, message: object) -> None:
        self._control.sendall(frame(message))


def _threads() -> int:
    try:
        return len(list(Path("/proc/self/task").iterdir()))
    except OSError:
        return threading.active_count()
