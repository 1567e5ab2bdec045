"""A PyAudio without PortAudio: devices as a test wants them, and streams that are called back when it says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

__all__ = ["ALSA", "CORE_AUDIO", "Device", "FakeManager", "FakePyAudio", "FakeStream"]

ALSA, CORE_AUDIO = 8, 5
_CONSTANTS = {
    "paInt16": 8,
    "paALSA": ALSA,
    "paContinue": 0,
    "paAbort": 2,
    "paInputOverflow": 2,
    "paOutputUnderflow": 4,
}


@dataclass
class Device:
    """One that PortAudio would show; `rates_hz` are those it takes, none of them meaning that it is busy."""

    name: str
    inputs: int = 1
    outputs: int = 0
    rates_hz: tuple[int, ...] = (8000, 16000, 22050, 24000, 44100, 48000)
    default_rate_hz: int = 44100
    host: int = 0


class FakePyAudio(ModuleType):
    """The module. `default_input` and `default_output` are places in `devices`, -1 where there is no default."""

    def __init__(self, *devices: Device, host_type: int = ALSA) -> None:
        super().__init__("pyaudio")
        self.__dict__.update(_CONSTANTS)
        self.devices = list(devices)
        self.hosts = ["ALSA", "JACK"]
        self.host_type = host_type
        self.default_input = next((n for n, device in enumerate(devices) if device.inputs), -1)
        self.default_output = next((n for n, device in enumerate(devices) if device.outputs), -1)
        self.managers: list[FakeManager] = []
        self.streams: list[FakeStream] = []
        self.problem: OSError | None = None
        self.on_open: Callable[[FakeStream], object] = lambda stream: None

    def PyAudio(self) -> FakeManager:  # noqa: N802 - its name
        if self.problem is not None:
            raise self.problem
        return FakeManager(self)

    def open_now(self) -> list[FakeStream]:
        """The streams that nobody has closed."""
        return [stream for stream in self.streams if not stream.is_closed]

    @property
    def microphone(self) -> FakeStream:
        """The stream that hears."""
        (found,) = (stream for stream in self.open_now() if stream.words.get("input"))
        return found

    @property
    def speaker(self) -> FakeStream:
        """The stream that speaks."""
        (found,) = (stream for stream in self.open_now() if stream.words.get("output"))
        return found


class FakeManager:
    """What `pyaudio.PyAudio()` gives: the devices as they were when it was made."""

    def __init__(self, module: FakePyAudio) -> None:
        self.module = module
        self.is_terminated = False
        self._devices = list(module.devices)
        self._defaults = (module.default_input, module.default_output)
        module.managers.append(self)

    def get_default_host_api_info(self) -> Mapping[str, Any]:
        return {
            "index": 0,
            "defaultInputDevice": self._defaults[0],
            "defaultOutputDevice": self._defaults[1],
        }

    def get_host_api_info_by_index(self, index: int) -> Mapping[str, Any]:
        return {"name": self.module.hosts[index], "type": self.module.host_type}

    def get_device_count(self) -> int:
        return len(self._devices)

    def get_device_info_by_index(self, index: int) -> Mapping[str, Any]:
        assert 0 <= index < len(self._devices), "PortAudio's binding does not survive this"
        device = self._devices[index]
        return {
            "index": index,
            "name": device.name,
            "hostApi": device.host,
            "maxInputChannels": device.inputs,
            "maxOutputChannels": device.outputs,
            "defaultSampleRate": float(device.default_rate_hz),
        }

    def is_format_supported(self, rate_hz: int, **words: Any) -> bool:
        if rate_hz not in self._devices[words.get("input_device", words.get("output_device", 0))].rates_hz:
            raise ValueError("Invalid sample rate", -9997)
        return True

    def open(self, **words: Any) -> FakeStream:
        device = self._devices[words["input_device_index" if words.get("input") else "output_device_index"]]
        if not device.rates_hz:
            raise OSError(-9985, "Device unavailable")
        if words["rate"] not in device.rates_hz:
            raise OSError(-9997, "Invalid sample rate")
        stream = FakeStream(words)
        self.module.on_open(stream)
        self.module.streams.append(stream)
        return stream

    def terminate(self) -> None:
        assert not self.is_terminated
        self.is_terminated = True


@dataclass
class FakeStream:
    """One direction. `done` is what it was told, in order."""

    words: dict[str, Any]
    done: list[str] = field(default_factory=list)
    is_closed: bool = False
    is_running: bool = False
    has_died: bool = False
    on_stop: Callable[[], object] = lambda: None
    start_problem: OSError | None = None

    @property
    def _stream(self) -> FakeStream:
        """What PyAudio keeps of its compiled half."""
        return self

    def start_stream(self) -> None:
        self._note("start")
        if self.start_problem is not None:
            raise self.start_problem
        self.is_running = True

    def stop_stream(self) -> None:
        self._note("stop")
        self.on_stop()
        self.is_running = False

    def close(self) -> None:
        assert not self.is_running, "closing a running stream aborts it, which is not safe with ALSA"
        self._note("close")
        self.is_closed = True

    def is_active(self) -> bool:
        assert not self.is_closed, "PortAudio's binding does not survive this"
        return self.is_running and not self.has_died

    def get_input_latency(self) -> float:
        return 0.04

    def get_output_latency(self) -> float:
        return 0.05

    def hears(self, audio: bytes, *, status: int = 0, age: float = 0.0) -> int:
        """Have the device hear a block whose first sample is `age` seconds old; what the callback says."""
        times = {"current_time": 100.0, "input_buffer_adc_time": 100.0 - age, "output_buffer_dac_time": 0.0}
        return int(self._call(audio, len(audio) // 2, times, status)[1])

    def plays(self, frames: int = 320, *, status: int = 0, ahead: float = 0.0) -> bytes:
        """Have the device ask for a block that will sound in `ahead` seconds."""
        times = {"current_time": 100.0, "input_buffer_adc_time": 0.0, "output_buffer_dac_time": 100.0 + ahead}
        audio, verdict = self._call(None, frames, times, status)
        assert verdict in {0, 2}
        return bytes(audio)

    def _call(
        self, audio: bytes | None, frames: int, times: Mapping[str, float], status: int
    ) -> tuple[Any, int]:
        """On a thread that Python has not made, as PortAudio does."""
        given: list[tuple[Any, int]] = []
        callback = self.words["stream_callback"]
        thread = threading.Thread(target=lambda: given.append(callback(audio, frames, times, status)))
        thread.start()
        thread.join()
        (result,) = given
        return result

    def _note(self, what: str) -> None:
        assert not self.is_closed, f"{what} after close"
        self.done.append(what)
