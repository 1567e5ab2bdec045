"""A line with its devices, kept alive: for programs that hold their conversation by themselves."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from agentframework import AudioError, AudioFormat, AudioLine
from agentframework_pyaudio.backend import PyAudioBackend

__all__ = ["SoundCard"]

_log = logging.getLogger("agentframework.audio")
_FORMAT = AudioFormat("pcm", 16000)
_LOOK_EVERY = 0.25
_DEAD = 1.75
_FIRST_DELAY, _LONGEST_DELAY = 0.25, 8.0
_ENDING = 1.0


class SoundCard:
    """16-bit mono PCM at 16 kHz both ways. `on_block` is called with what is heard, on a thread of its own.

    `play` and `interrupt` never wait; `silence` empties the device as well and may take 20 ms. A device that is lost
    is opened again by the same thread, with a growing pause between the attempts.
    """

    def __init__(self, backend: PyAudioBackend) -> None:
        self._backend = backend
        self._backend_lock = threading.Lock()
        self._line: AudioLine | None = None
        self._wake = threading.Event()
        self._over = threading.Event()
        self._fault: str | None = None
        self._thread: threading.Thread | None = None
        self._has_complained = False

    def start(self, on_block: Callable[[bytes], object]) -> None:
        """Open the devices. Raises `AudioError`."""
        self.stop()
        line = AudioLine(_FORMAT, _FORMAT, on_captured=self._wake.set, on_fault=self._on_fault)
        over = threading.Event()  # its own, for a thread that is late to end must not be taken up again
        with self._backend_lock:
            self._end()  # what another thread may have started since
            self._line, self._over, self._fault = line, over, None
            self._backend.start(line)
            if over.is_set():  # by one who did not wait
                self._backend.stop()
                return
            self._thread = threading.Thread(
                target=self._run, args=(line, on_block, over), name="soundcard", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Close the devices; `on_block` is not called any more. May be called by `on_block` itself, and twice."""
        self._over.set()
        if self._line is not None:
            self._line.clear()
        self._wake.set()
        if not self._backend_lock.acquire(timeout=_ENDING):
            _log.debug("a device takes its time to open; it is closed as soon as it has")
            return
        try:
            self._end()  # also what was just being started
            thread = self._thread
        finally:
            self._backend_lock.release()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_ENDING)

    def _end(self) -> None:
        self._over.set()
        self._wake.set()
        self._backend.stop()

    def play(self, audio: bytes) -> None:
        """Play it after what was given before."""
        if self._line is not None:
            self._line.put(audio)

    def interrupt(self) -> None:
        """Forget all that waits to be played; what the device holds already sounds on until `silence`."""
        if self._line is not None:
            self._line.clear()

    def silence(self) -> None:
        """Throw away what the device itself holds; nothing where it is just being opened or closed."""
        if self._backend_lock.acquire(blocking=False):
            try:
                self._backend.flush()
            finally:
                self._backend_lock.release()

    def _on_fault(self, _: str, problem: str) -> None:
        self._fault = problem
        self._wake.set()

    def _run(self, line: AudioLine, on_block: Callable[[bytes], object], over: threading.Event) -> None:
        opened = time.monotonic()
        while not over.is_set():
            self._wake.wait(_LOOK_EVERY)
            self._wake.clear()
            for block in line.take_captured():
                if over.is_set():
                    return
                self._give(on_block, block)
            problem = self._fault or self._what_is_dead(line, opened)
            if problem:
                self._reopen(line, problem, over)
                opened = time.monotonic()

    def _give(self, on_block: Callable[[bytes], object], block: bytes) -> None:
        try:
            on_block(block)
        except Exception as error:  # noqa: BLE001 - the program's fault must not end its hearing
            if not self._has_complained:
                self._has_complained = True
                _log.error("the program's input callback failed: %s", type(error).__name__, exc_info=error)

    def _what_is_dead(self, line: AudioLine, opened: float) -> str | None:
        now = time.monotonic()
        if line.has_microphone and now - max(line.last_capture or 0.0, opened) > _DEAD:
            return "the microphone gave no sound for 2 s"
        if line.has_speaker and now - max(line.last_playback or 0.0, opened) > _DEAD:
            return "the speaker took no sound for 2 s"
        return None

    def _reopen(self, line: AudioLine, problem: str, over: threading.Event) -> None:
        _log.warning("a sound device is lost: %s; it is opened again", problem)
        since, delay = time.monotonic(), _FIRST_DELAY
        line.lose()
        while not over.is_set():
            with self._backend_lock:
                if over.is_set():
                    return
                self._fault = None
                self._backend.stop()
                is_open = self._try_start(line)
                if over.is_set():  # by one who did not wait
                    self._backend.stop()
                    return
                if is_open:
                    line.find()
                    _log.warning("the sound devices work again, after %.1f s", time.monotonic() - since)
                    return
            over.wait(delay)
            delay = min(2 * delay, _LONGEST_DELAY)

    def _try_start(self, line: AudioLine) -> bool:
        line.renew()
        try:
            self._backend.start(line)
        except AudioError as error:
            _log.debug("they do not open yet: %s", error)
            return False
        return True
