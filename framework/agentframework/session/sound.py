"""The sound of one session: the agent's audio to the backend, the microphone's to the wire."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from agentframework.audio.base import AudioBackend, HandingBackend
from agentframework.errors import AudioError
from agentframework.formats import AudioFormat
from agentframework.workers.lane import Lane
from agentframework.workers.threads import ThreadPool

__all__ = ["Sound"]

_log = logging.getLogger("agentframework.audio")
_MAX_BLOCKS = 50
_MAX_WAITING_BYTES = 16 * 1024 * 1024


class Sound:
    """Calls a backend in order, on worker threads or where it only hands over on the wire; takes what it captures.

    `start`, `play`, `interrupt` and `stop` are called on the wire and return at once; `capture` is for any
    thread, a device's callback among them: it puts the block into a ring of 50 and wakes the wire. Of the speech
    that waits for a backend which does not return, the oldest chunks are dropped beyond 16 MiB; both are counted.
    """

    def __init__(
        self,
        backend: AudioBackend,
        owner: str,
        pool: ThreadPool,
        post: Callable[..., None],
        send: Callable[[bytes], Any],
    ) -> None:
        self.dropped_blocks = 0
        self.dropped_chunks = 0
        self._backend = backend
        self._owner = owner
        self._lane = Lane(pool)
        self._hands_over = isinstance(backend, HandingBackend)
        self._post = post
        self._send = send
        self._captured: deque[bytes] = deque()
        self._generation = 0
        self._chunks: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self._closed = False
        self._complained = False
        self._stopped = False

    def start(self, input_format: AudioFormat, output_format: AudioFormat) -> None:
        """Open the devices, soon."""
        self._put(partial(self._open, input_format, output_format))

    def play(self, audio: bytes) -> None:
        """Give the backend a chunk, after those before."""
        if self._hands_over:
            self._call(partial(self._backend.play, audio))
            return
        with self._lock:
            self._chunks.append(audio)
            self._waiting_bytes += len(audio)
            dropped = 0
            while self._waiting_bytes > _MAX_WAITING_BYTES and len(self._chunks) > 1:
                self._waiting_bytes -= len(self._chunks.popleft())
                dropped += 1
        if dropped and not self.dropped_chunks:
            _log.warning("the audio backend of %s is behind; the oldest speech is dropped", self._owner)
        self.dropped_chunks += dropped
        if not dropped:  # a chunk that takes another's place needs no turn of its own
            self._lane.put(partial(self._play, self._generation))

    def interrupt(self) -> None:
        """Forget the chunks that wait, and have the backend forget its own."""
        with self._lock:
            self._generation += 1
            self._chunks.clear()
            self._waiting_bytes = 0
        self._put(partial(self._call, self._backend.interrupt))

    def stop(self, done: Callable[[], None]) -> None:
        """Close the devices, soon, then call `done`; what is captured from now on is thrown away."""
        self._stopped = True
        self._captured.clear()
        self._lane.put(partial(self._call, self._backend.stop))
        self._lane.put(done)

    def capture(self, audio: bytes) -> None:
        """One block of the microphone; never blocks, never raises."""
        if self._stopped:
            return
        if len(self._captured) >= _MAX_BLOCKS:
            try:
                self._captured.popleft()
            except IndexError:
                pass  # the wire emptied the ring in between
            self.dropped_blocks += 1
        self._captured.append(bytes(audio))
        self._post(self._forward)

    def _forward(self) -> None:
        while self._captured and not self._stopped:
            self._send(self._captured.popleft())

    def _put(self, job: Callable[[], object]) -> None:
        if self._hands_over:
            job()
        else:
            self._lane.put(job)

    def _open(self, input_format: AudioFormat, output_format: AudioFormat) -> None:
        self._closed = not self._call(
            partial(self._backend.start, self.capture, input_format=input_format, output_format=output_format)
        )

    def _play(self, generation: int) -> None:
        with self._lock:
            if generation != self._generation or not self._chunks:
                return
            audio = self._chunks.popleft()
            self._waiting_bytes -= len(audio)
        self._call(partial(self._backend.play, audio))

    def _call(self, method: Callable[[], None]) -> bool:
        """Call the backend, fenced; whether it went well."""
        if self._closed:
            return False
        try:
            method()
        except BaseException as error:  # noqa: BLE001 - a backend's fault must not end the conversation
            self._complain(error)
            return False
        return True

    def _complain(self, error: BaseException) -> None:
        if self._complained:
            return
        self._complained = True
        known = isinstance(error, AudioError)
        _log.error(
            "the audio backend of %s failed: %s; the conversation goes on",
            self._owner,
            error if known else type(error).__name__,
            exc_info=None if known else error,
        )
