"""One direction of one device: a PortAudio stream whose callback is the line's."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from agentframework import AudioError, AudioLine
from agentframework_pyaudio.devices import WORDS, Direction, device_name
from agentframework_pyaudio.library import PORTAUDIO

__all__ = ["DeviceStream"]

_log = logging.getLogger("agentframework.audio")
_BLOCK = 0.02
_LONGEST_LATENCY = 5.0
_BUSY = -9985
_HINT = "agentframework audio list shows which devices work"


class DeviceStream:
    """Opened by its constructor, at the agent's rate or else at the device's own; `start` lets it sound.

    Its methods may be called on any thread but PortAudio's own. A callback never raises: PortAudio's binding would
    raise the same error in the main thread.
    """

    def __init__(self, pyaudio: Any, manager: Any, direction: Direction, index: int, line: AudioLine) -> None:
        self.direction = direction
        info = manager.get_device_info_by_index(index)
        self.name = device_name(info)
        self.rate_hz = 0
        self._pyaudio = pyaudio
        self._manager = manager
        self._index = index
        self._line = line
        self._is_alsa = manager.get_host_api_info_by_index(info["hostApi"])["type"] == pyaudio.paALSA
        self._lock = threading.Lock()
        self._is_over = False
        self._has_complained = False
        self._latency = 0.0
        agents = line.input_format if direction == "input" else line.output_format
        self._stream = self._open_at(dict.fromkeys((agents.rate_hz, int(info["defaultSampleRate"]))))

    def start(self) -> None:
        """Let the callbacks begin. Raises `AudioError`."""
        try:
            self._stream.start_stream()
        except OSError as error:
            raise self._cannot("be started", error) from error

    def flush(self) -> None:
        """Throw away what the device holds and go on. Raises `AudioError` where it cannot go on."""
        with self._lock:
            if self._is_over:
                return
            try:
                self._halt()
                self._resume()
            except OSError as error:
                _log.debug("the %s is opened anew, for it does not go on: %s", WORDS[self.direction], error)
                self._close()
                self._reopen()

    def _reopen(self) -> None:
        try:
            self._stream = self._open_at([self.rate_hz])
            self.start()
        except AudioError:
            self.end()  # its loss is told by this error, and there is nothing left to look at
            raise

    def is_alive(self) -> bool:
        """Whether PortAudio still calls back."""
        with self._lock:
            try:
                return self._is_over or bool(self._stream.is_active())
            except OSError:
                return False

    def end(self) -> None:
        """Touch the line no more, and have the next callback be the last. Returns at once."""
        self._is_over = True

    def close(self) -> None:
        """Close the device; one that has died may take seconds for it."""
        self.end()
        with self._lock:
            try:
                self._halt()
            except OSError as error:
                _log.debug("the %s did not stop: %s", WORDS[self.direction], error)
            self._close()

    def _open_at(self, rates_hz: Any) -> Any:
        """The stream at the first of the rates that the device takes."""
        problem: OSError | None = None
        for rate_hz in rates_hz:
            try:
                with PORTAUDIO:
                    stream = self._manager.open(
                        rate=rate_hz,
                        channels=1,
                        format=self._pyaudio.paInt16,
                        frames_per_buffer=int(rate_hz * _BLOCK),
                        start=False,
                        **self._words(),
                    )
            except OSError as error:
                problem = problem or error
                continue
            self.rate_hz = rate_hz
            self._latency = (
                stream.get_input_latency() if self.direction == "input" else stream.get_output_latency()
            )
            return stream
        assert problem is not None
        raise self._cannot("be opened", problem) from problem

    def _words(self) -> dict[str, Any]:
        if self.direction == "input":
            return {"input": True, "input_device_index": self._index, "stream_callback": self._hear}
        return {"output": True, "output_device_index": self._index, "stream_callback": self._speak}

    def _cannot(self, what: str, error: OSError) -> AudioError:
        reason = f"{error.strerror or error} ({error.errno})"
        hint = "another program may be using it" if error.errno == _BUSY else _HINT
        return AudioError(f'the {WORDS[self.direction]} "{self.name}" cannot {what}: {reason}: {hint}')

    # Halting and going on

    def _halt(self) -> None:
        """End the callbacks and what still sounds.

        With ALSA stopping throws the buffer away as well, one block later; aborting would cancel PortAudio's thread
        wherever it is, in the interpreter too, whose lock nobody would then release. Elsewhere stopping plays to
        the end and aborting is a matter of state.
        """
        if self._is_alsa or not self._low_level("abort_stream"):
            self._stream.stop_stream()

    def _resume(self) -> None:
        if self._is_alsa or not self._low_level("start_stream"):
            self._stream.start_stream()

    def _low_level(self, name: str) -> bool:
        """Call a function of PyAudio's compiled half that it does not show; False where it has none of that name."""
        try:
            function = getattr(import_module("pyaudio._portaudio"), name)
            stream = self._stream._stream
        except (ImportError, AttributeError):
            return False
        function(stream)
        return True

    def _close(self) -> None:
        with PORTAUDIO:
            self._stream.close()

    # On PortAudio's thread

    def _hear(
        self, audio: bytes | None, frames: int, times: Mapping[str, float], status: int
    ) -> tuple[None, int]:
        try:
            if self._is_over:
                return None, int(self._pyaudio.paAbort)
            if status & self._pyaudio.paInputOverflow:
                self._line.count("overruns")
            began = times["current_time"] - times["input_buffer_adc_time"]
            latency = self._plausible(began) - frames / self.rate_hz
            self._line.write_capture(audio or b"", latency=max(latency, 0.0))
        except Exception as error:  # noqa: BLE001 - see the class
            self._complain(error)
        return None, int(self._pyaudio.paContinue)

    def _speak(
        self, _: bytes | None, frames: int, times: Mapping[str, float], status: int
    ) -> tuple[bytes, int]:
        try:
            if self._is_over:
                return b"", int(self._pyaudio.paAbort)
            if status & self._pyaudio.paOutputUnderflow:
                self._line.count("underruns")
            sounds_in = times["output_buffer_dac_time"] - times["current_time"]
            audio = self._line.read_playback(frames, latency=self._plausible(sounds_in))
        except Exception as error:  # noqa: BLE001 - see the class
            self._complain(error)
            audio = bytes(2 * frames)
        return audio, int(self._pyaudio.paContinue)

    def _plausible(self, latency: float) -> float:
        """What the device says of itself; where its clock is not ours or stands still, what PortAudio says of it."""
        return latency if 0.0 <= latency < _LONGEST_LATENCY else self._latency

    def _complain(self, error: Exception) -> None:
        if not self._has_complained:
            self._has_complained = True
            _log.error(
                "the %s's callback failed: %s", WORDS[self.direction], type(error).__name__, exc_info=error
            )
