"""Tells a command what to play, in step with the clock and with little of it ahead."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

from agentframework import AudioLine
from agentframework.builtin.pace import BLOCK
from agentframework.builtin.pipe_process import Process

__all__ = ["Speaker"]

_AHEAD = 0.04  # seconds that are written before they are due
_UNREAD = 0.06  # seconds that may lie in the pipe
_LATE = 0.1
_AGAIN = 0.005
_HOLDS = 2.0  # seconds after which a player holds nothing any more of what it was given


class Speaker:
    """`run` it on a thread; `restart` is for any other. A player whose clock is slower than ours sets the pace."""

    def __init__(self, open_player: Callable[[], Process], line: AudioLine, over: threading.Event) -> None:
        self._open_player = open_player
        self._line = line
        self._over = over
        self._lock = threading.Lock()
        self._player = open_player()
        self._pending = b""
        self._due = 0.0
        self._loud = float("-inf")
        self._is_free = True

    @property
    def name(self) -> str:
        """The program's."""
        return self._player.name

    def run(self) -> None:
        """Write a block every 20 ms, until it is over or the player has failed, which is reported."""
        self._due = time.monotonic()
        delay = 0.0
        while not self._over.wait(delay):
            with self._lock:
                problem = self._turn()
            if problem is not None:
                if not self._over.is_set():
                    self._line.report_fault("speaker", problem)
                return
            delay = max(0.0 if self._is_free else _AGAIN, self._due - _AHEAD - time.monotonic())

    def restart(self) -> None:
        """Be silent at once: end the player, with what it holds, and start another. Raises `AudioError`."""
        with self._lock:
            self._pending = b""
            if time.monotonic() - self._loud > _HOLDS or self._over.is_set():
                return
            self._loud = float("-inf")
            self._player.kill()
            self._player = self._open_player()

    def close(self) -> Process:
        """The player, which is not spoken to any more."""
        with self._lock:
            return self._player

    def _turn(self) -> str | None:
        player, rate_hz = self._player, self._line.output_rate_hz
        player.read_errors()
        if player.status() is not None:
            player.signal(signal.SIGKILL)  # what it has started
            return player.last_words()
        unread = (player.unread + len(self._pending)) / (2 * rate_hz)
        self._is_free = unread <= _UNREAD - BLOCK
        if not self._is_free:
            return self._write()
        now = time.monotonic()
        if now - self._due > _LATE:
            self._due = now  # the player is slower than the clock, or the machine slept
        ahead = max(0.0, self._due - now)
        self._due += BLOCK
        block = self._line.read_playback(round(rate_hz * BLOCK), latency=unread + ahead)
        if block.count(0) != len(block):
            self._loud = now
        self._pending += block
        return self._write()

    def _write(self) -> str | None:
        try:
            written = self._player.pipe.write(self._pending) if self._pending else 0
        except (BrokenPipeError, ConnectionResetError):
            self._player.status(0.1)
            return self._player.last_words()
        self._pending = self._pending[written or 0 :]
        return None
