"""The runtime's side of the process that workers are forked from: one thread starts it and listens to it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from agentframework.workers.frames import FrameReader, frame
from agentframework.workers.toolspec import ToolSpec

__all__ = ["Nursery"]

_log = logging.getLogger("agentframework.workers")

_PROGRAM: Final = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[2]); "
    "from agentframework.workers.forking import main; main(int(sys.argv[1]))"
)
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_PATIENCE: Final = 1.0


class Nursery:
    """Starts a process that forks workers, and another one should that end.

    What it says comes to `receive`, on its thread: {"up": True}, {"ended": n, "code": code}, {"down": reason}, and
    last of all {"gone": True}. The commands may come from any thread, and never block.
    """

    def __init__(self, tools: Sequence[ToolSpec], receive: Callable[[dict[str, Any]], None]) -> None:
        self._tools = list(tools)
        self._receive = receive
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="agentframework-nursery", daemon=True)

    def start(self) -> None:
        """Start the thread, and let it start the process."""
        self._thread.start()

    def fork(self, number: int, end: socket.socket, memory_mb: int | None) -> None:
        """Ask for a worker that serves `end`; where the process is gone, {"down": ...} says so."""
        self._send({"fork": number, "memory_mb": memory_mb}, [end.fileno()])

    def kill(self, number: int) -> None:
        """End a worker with all that it has started."""
        self._send({"kill": number})

    def stop(self) -> None:
        """End the process and its workers; {"gone": True} tells when that is done. May be repeated."""
        self._ending.set()
        with self._lock:
            if self._control is not None:
                with contextlib.suppress(OSError):
                    self._control.shutdown(socket.SHUT_RDWR)

    def join(self, timeout: float) -> None:
        """Wait until it is gone, and end the process by force where it takes longer than `timeout`."""
        self._thread.join(timeout)
        process = self._process
        if self._thread.is_alive() and process is not None:
            process.kill()

    def forget(self) -> None:
        """In a forked copy of this process: let go of what is the other one's."""
        if self._control is not None:
            os.close(self._control.detach())
        if self._process is not None:
            self._process.returncode = 0  # not our child: nothing to wait for

    def _send(self, message: object, fds: Sequence[int] = ()) -> None:
        with self._lock:
            if self._control is not None:
                with contextlib.suppress(OSError):  # the thread hears of it too
                    socket.send_fds(self._control, [frame(message)], fds)

    def _serve(self) -> None:
        pause = _FIRST_PAUSE
        while not self._ending.is_set():
            begun = time.monotonic()
            try:
                reason = self._serve_one()
                code = self._bury()
                if not reason:
                    continue
                reason += f" (exit code {code})"
            except OSError as error:
                reason = f"no process can be started: {error}"
            if self._ending.is_set():
                break
            _log.error("the process that starts workers has ended: %s", reason)
            self._receive({"down": reason})
            pause = (
                _FIRST_PAUSE
                if time.monotonic() - begun > 10 * _LONGEST_PAUSE
                else min(pause * 2, _LONGEST_PAUSE)
            )
            self._ending.wait(pause)
        self._receive({"gone": True})

    def _serve_one(self) -> str:
        """Start a process and listen to it until it ends; why it did, or nothing where another may start at once."""
        ours, theirs = socket.socketpair()
        ours.set_inheritable(False)
        with theirs:
            arguments = [sys.executable, "-c", _PROGRAM, str(theirs.fileno()), json.dumps(sys.path)]
            # a session of its own: what is typed at the terminal is for the runtime
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                arguments, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
            )
        with self._lock:
            self._control = ours
        if self._ending.is_set():
            return "stopped"
        level = logging.getLogger("agentframework.tools").getEffectiveLevel()
        self._send({"init": {"tools": [tool.to_json() for tool in self._tools], "log_level": level}})
        return self._listen(ours)

    def _listen(self, control: socket.socket) -> str:
        reader = FrameReader()
        is_up = False
        while True:
            try:
                data = control.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                break
            for message in reader.feed(data):
                if message.get("ready"):
                    is_up = True
                    if message["threads"] > 1 and self._tools:
                        self._stop_preloading("a tool's module starts threads as it is imported")
                        return ""
                    self._receive({"up": True})
                else:
                    self._receive(message)
        if not is_up and self._tools and not self._ending.is_set():
            self._stop_preloading("a process ended as it imported them")
            return ""
        return "it closed its connection"

    def _stop_preloading(self, reason: str) -> None:
        _log.warning("workers import the tools themselves, which takes them longer to start: %s", reason)
        self._tools = []

    def _bury(self) -> int | None:
        """Close the connection, upon which the process ends its workers and itself, and wait for that."""
        with self._lock:
            control, self._control = self._control, None
        if control is not None:
            control.close()
        process = self._process
        if process is None:
            return None
        try:
            return process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
