"""What a command writes, for tests to wait for: through a pipe, on a pseudo-terminal, and in tmux."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Sequence
from typing import Final

from cli_desk import COMMAND, Desk

__all__ = ["WAIT", "Terminal", "Tmux", "line_of"]

WAIT: Final = 15.0


def line_of(process: subprocess.Popen[str], start: str) -> str:
    """The next line of a process's output that starts so; one that hangs is ended, and says where it hung."""
    assert process.stdout is not None
    assert process.stderr is not None
    watch = threading.Timer(WAIT, process.send_signal, [signal.SIGABRT])
    watch.start()
    try:
        for line in process.stdout:
            if line.startswith(start):
                return line
    finally:
        watch.cancel()
    said = process.stderr.read()
    raise AssertionError(f"the output ended before a line that starts with {start!r}; errors: {said}")


class Terminal:
    """A command on a pseudo-terminal, read as a stream."""

    def __init__(
        self,
        desk: Desk,
        width: int,
        *arguments: str,
        command: Sequence[str] = COMMAND,
        **environment: str,
    ) -> None:
        self.screen, user_side = pty.openpty()
        fcntl.ioctl(user_side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        self.settings = termios.tcgetattr(user_side)
        self.side = user_side
        self.written = ""
        self.process = subprocess.Popen(
            [*command, *arguments],
            cwd=desk.folder,
            env=desk.environment(**{"TERM": "xterm-256color", **environment}),
            stdin=user_side,
            stdout=user_side,
            stderr=user_side,
            start_new_session=True,
        )

    def read_until(self, pattern: str) -> str:
        """Read until the pattern is found in what came since the last call; gives what came."""
        until = time.monotonic() + WAIT
        seen = ""
        while not re.search(pattern, seen):
            has_ended = self.process.poll() is not None
            ready, _, _ = select.select([self.screen], [], [], 0.1)
            waiting = ready or (time.monotonic() < until and not has_ended)
            assert waiting, f"{pattern!r} did not come; what came is {seen!r}"
            if not ready:
                continue
            seen += os.read(self.screen, 65536).decode(errors="replace")
        self.written += seen
        return seen

    def type(self, keys: str) -> None:
        os.write(self.screen, keys.encode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.screen)
        os.close(self.side)


class Tmux:
    """A tmux server of its own with one window; what it shows is text, line by line."""

    def __init__(self, desk: Desk, width: int) -> None:
        self._base = ["tmux", "-S", str(desk.folder / "tmux"), "-f", os.devnull]
        self._environment = desk.environment(TERM="xterm-256color")
        command = f"{shlex.join([*COMMAND, 'run', 'config.toml'])}; echo left with $?; exec cat"
        self._tmux("new-session", "-d", "-x", str(width), "-y", "40", "-c", str(desk.folder), command)

    def _tmux(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._base, *arguments],
            env=self._environment,
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=WAIT,
        ).stdout

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)
        self._tmux("send-keys", "Enter")

    def press(self, key: str) -> None:
        self._tmux("send-keys", key)

    def screen_with(self, pattern: str) -> list[str]:
        """The lines of the screen, once the pattern is on it."""
        until = time.monotonic() + WAIT
        while not re.search(pattern, text := self._tmux("capture-pane", "-p").rstrip(), re.DOTALL):
            waiting = time.monotonic() < until and ("left with" not in text or "left with" in pattern)
            assert waiting, f"{pattern!r} is not on the screen:\n{text}"
            select.select([], [], [], 0.05)
        return text.splitlines()

    def close(self) -> None:
        self._tmux("kill-server")
