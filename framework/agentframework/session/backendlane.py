"""Calls one audio backend: in order, on worker threads, fenced, and with the speech that it may be behind with."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from functools import partial

from agentframework.audio.base import AudioBackend, HandingBackend, PushBackend
from agentframework.audio.line import AudioLine
from agentframework.errors import AudioError
from agentframework.workers.lane import Lane
from agentframework.workers.threads import ThreadPool

__all__ = ["BackendLane"]

_log = logging.getLogger("agentframework.audio")
_MAX_WAITING_BYTES = 16 * 1024 * 1024


class BackendLane:
    """All methods are called on the wire and return at once; what a backend raises is said once, and logged.

    A `HandingBackend` is called on the wire itself. Of the speech that waits for a `PushBackend` which does not
    return, the oldest chunks are dropped beyond 16 MiB, and counted.
    """

    def __init__(self, backend: AudioBackend, owner: str, pool: ThreadPool, counts: Counter[str]) -> None:
        self.owner = owner
        self._backend = backend
        self._lane = Lane(pool)
        self._counts = counts
        self._chunks: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._generation = 0
        self._lock = threading.Lock()
        self._is_open = self._is_closing = self._flush_waits = False
        self._complained = False

    def open(self, line: AudioLine, done: Callable[[str | None], None]) -> None:
        """Start the backend; then `done` with None, or with what hinders it, on a thread of its own."""
        self._put(partial(self._open, line, done, self._backend.start))

    def reopen(self, line: AudioLine, done: Callable[[str | None], None]) -> None:
        """Stop it and start it again; a failure is told to `done` alone, for more attempts follow."""
        self._lane.put(partial(self._open, line, done, self._restart))

    def play(self, audio: bytes) -> None:
        """For a `PushBackend`: give it a chunk, after those before."""
        if isinstance(self._backend, HandingBackend):
            self._call(partial(self._backend.play, audio))
            return
        with self._lock:
            self._chunks.append(audio)
            self._waiting_bytes += len(audio)
            dropped = 0
            while self._waiting_bytes > _MAX_WAITING_BYTES and len(self._chunks) > 1:
                self._waiting_bytes -= len(self._chunks.popleft())
                dropped += 1
        if dropped and not self._counts["dropped_chunks"]:
            _log.warning("the audio backend of %s is behind; the oldest speech is dropped", self.owner)
        self._counts["dropped_chunks"] += dropped
        if not dropped:  # a chunk that takes another's place needs no turn of its own
            self._lane.put(partial(self._play, self._generation))

    def interrupt(self) -> None:
        """Forget the chunks that wait, and have the backend silence its device."""
        if not isinstance(self._backend, PushBackend):
            if not self._flush_waits:  # one does for all interruptions that have come by then
                self._flush_waits = True
                self._lane.put(self._flush)
            return
        with self._lock:
            self._generation += 1
            self._chunks.clear()
            self._waiting_bytes = 0
        self._put(partial(self._call, self._backend.interrupt))

    def close(self, done: Callable[[], None]) -> None:
        """Close the devices, then call `done`; a reopening that still waits is left out."""
        self._is_closing = True
        self._lane.put(self._close)
        self._lane.put(done)

    def _put(self, job: Callable[[], object]) -> None:
        if isinstance(self._backend, HandingBackend):
            job()
        else:
            self._lane.put(job)

    def _open(
        self, line: AudioLine, done: Callable[[str | None], None], start: Callable[[AudioLine], None]
    ) -> None:
        if self._is_closing:
            return
        self._is_open = True
        problem = self._try(partial(start, line))
        if problem is not None:
            self._is_open = False
            _log.debug("the audio backend of %s did not open: %s", self.owner, problem)
            if start == self._backend.start:
                self._complain(problem)
        done(None if problem is None else _sentence(problem))

    def _restart(self, line: AudioLine) -> None:
        try:
            self._backend.stop()
        except BaseException as error:  # noqa: BLE001 - a device that is lost may well not close
            _log.debug("the audio backend of %s did not stop: %s", self.owner, type(error).__name__)
        line.renew()
        self._backend.start(line)

    def _play(self, generation: int) -> None:
        backend = self._backend
        assert isinstance(backend, PushBackend)
        with self._lock:
            if generation != self._generation or not self._chunks:
                return
            audio = self._chunks.popleft()
            self._waiting_bytes -= len(audio)
        self._call(partial(backend.play, audio))

    def _flush(self) -> None:
        self._flush_waits = False
        self._call(self._backend.flush)

    def _close(self) -> None:
        self._is_open = True  # one that could not be opened may have opened half of it
        self._call(self._backend.stop)
        self._is_open = False

    def _call(self, method: Callable[[], None]) -> None:
        if not self._is_open:
            return
        error = self._try(method)
        if error is not None:
            self._complain(error)

    def _try(self, method: Callable[[], None]) -> BaseException | None:
        try:
            method()
        except BaseException as error:  # noqa: BLE001 - a backend's fault must not end the conversation
            return error
        return None

    def _complain(self, error: BaseException) -> None:
        if self._complained:
            return
        self._complained = True
        _log.error(
            "the conversation goes on, but the audio backend of %s failed: %s",
            self.owner,
            _sentence(error),
            exc_info=None if isinstance(error, AudioError) else error,
        )


def _sentence(error: BaseException) -> str:
    return str(error) if isinstance(error, AudioError) else type(error).__name__
