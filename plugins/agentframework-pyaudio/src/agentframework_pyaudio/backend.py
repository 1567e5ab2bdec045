"""The audio backend: a microphone and a speaker of this machine, by PortAudio's callbacks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

from agentframework import AudioBackend, AudioDevice, AudioError, AudioLine
from agentframework_pyaudio.devices import WORDS, Direction, choose, hear_each_other, list_devices
from agentframework_pyaudio.library import PORTAUDIO, load_pyaudio
from agentframework_pyaudio.quiet import be_loud, be_quiet, portaudio_diverted
from agentframework_pyaudio.settings import Settings
from agentframework_pyaudio.stream import DeviceStream

__all__ = ["PyAudioBackend"]

_log = logging.getLogger("agentframework.audio")
_CLOSING = 0.35
_LOOK_EVERY = 0.25
_FAULT: dict[Direction, Literal["microphone", "speaker"]] = {"input": "microphone", "output": "speaker"}


class PyAudioBackend(AudioBackend):
    """Both devices in callback mode, 16 bit and mono, in blocks of 20 ms; the rate is the agent's where that works.

    Each start asks the system anew for its devices, unless another conversation of the process has some open: the
    library has one list for all. Where only one of the two directions has a device, that one works alone.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self._manager: Any = None
        self._streams: dict[Direction, DeviceStream] = {}
        self._had: set[Direction] = set()
        self._line: AudioLine | None = None
        self._over = threading.Event()
        self._watching: threading.Thread | None = None
        self._reporting = threading.Lock()

    def start(self, line: AudioLine) -> None:
        pyaudio = self._library()
        self._over = threading.Event()
        self._line = line
        try:
            self._open(pyaudio, line)
        except AudioError:
            self.stop()
            raise
        except Exception as error:
            self.stop()
            raise AudioError(f"PortAudio failed: {error}") from error
        self._watching = threading.Thread(
            target=self._watch,
            args=(line, self._over, [*self._streams.values()]),
            name="pyaudio-watch",
            daemon=True,
        )
        self._watching.start()

    def flush(self) -> None:
        speaker = self._streams.get("output")
        if speaker is None or self._line is None:
            return
        try:
            speaker.flush()
        except AudioError as error:
            self._report(self._line, self._over, speaker, str(error))

    def stop(self) -> None:
        with self._reporting:
            self._over.set()
        # the speaker first, so that it falls silent first
        watching, self._watching = self._watching, None
        manager, streams = self._manager, [*reversed(self._streams.values())]
        self._manager, self._streams, self._line = None, {}, None
        if manager is None:
            return
        for stream in streams:
            stream.end()
        closing = threading.Thread(
            target=_close, args=(manager, streams), name="pyaudio-closing", daemon=True
        )
        try:
            closing.start()
        except RuntimeError:  # the interpreter ends, and starts no thread any more
            _close(manager, streams)
            return
        closing.join(_CLOSING)
        if watching is not None and watching is not threading.current_thread() and not closing.is_alive():
            watching.join(_CLOSING)
        if closing.is_alive():
            _log.debug("a device takes its time to close; it is left to itself")

    def devices(self) -> Sequence[AudioDevice]:
        pyaudio = self._library()
        with PORTAUDIO, self._diverted():
            try:
                manager = pyaudio.PyAudio()
                try:
                    return list_devices(manager, pyaudio.paInt16)
                finally:
                    manager.terminate()
            except OSError as error:
                raise AudioError(f"PortAudio does not tell its devices: {error}") from error

    def _library(self) -> Any:
        if self._settings.quiet:
            be_quiet()
        else:
            be_loud()
        return load_pyaudio()

    def _diverted(self) -> AbstractContextManager[None]:
        return portaudio_diverted() if self._settings.quiet else nullcontext()

    def _open(self, pyaudio: Any, line: AudioLine) -> None:
        with PORTAUDIO, self._diverted():
            self._manager = manager = pyaudio.PyAudio()
            found: dict[Direction, int | None] = {
                "input": choose(manager, "input", self._settings.input_device),
                "output": choose(manager, "output", self._settings.output_device),
            }
            self._judge(found)
            for direction, index in found.items():
                if index is not None:
                    self._streams[direction] = DeviceStream(pyaudio, manager, direction, index, line)
        microphone, speaker = self._streams.get("input"), self._streams.get("output")
        line.use_rates(
            input_rate_hz=microphone.rate_hz if microphone else None,
            output_rate_hz=speaker.rate_hz if speaker else None,
        )
        if microphone is None:
            line.end_capture()
        if speaker is None:
            line.end_playback()
        names = (microphone.name if microphone else "", speaker.name if speaker else "")
        line.note_devices(*names, hear_each_other=hear_each_other(*names))
        for stream in self._streams.values():
            stream.start()
        self._had.update(self._streams)

    def _judge(self, found: dict[Direction, int | None]) -> None:
        """Go on with what there is; not with nothing, and not with less than there was before."""
        missing = [direction for direction, index in found.items() if index is None]
        if len(missing) == len(found):
            raise AudioError(
                "there is no microphone and no speaker: PortAudio finds no default device; "
                "is a sound server running, and may this user use it?"
            )
        for direction in missing:
            if direction in self._had:
                raise AudioError(f"the {WORDS[direction]} is gone, and there is no other")
            _log.warning("there is no %s; the conversation goes on without", WORDS[direction])

    def _watch(self, line: AudioLine, over: threading.Event, streams: Sequence[DeviceStream]) -> None:
        """See within a quarter of a second that PortAudio has given up a device, which it tells nobody."""
        while not over.wait(_LOOK_EVERY):
            for stream in streams:
                if not stream.is_alive():
                    self._report(line, over, stream, f'"{stream.name}" gives no more sound')
                    return

    def _report(self, line: AudioLine, over: threading.Event, stream: DeviceStream, problem: str) -> None:
        with self._reporting:
            if not over.is_set():
                line.report_fault(_FAULT[stream.direction], problem)


def _close(manager: Any, streams: Sequence[DeviceStream]) -> None:
    for stream in streams:
        try:
            stream.close()
        except Exception as error:  # noqa: BLE001 - what is lost may well not close, and the rest is to be closed
            _log.debug("the %s did not close: %s", WORDS[stream.direction], error)
    with PORTAUDIO:
        manager.terminate()
