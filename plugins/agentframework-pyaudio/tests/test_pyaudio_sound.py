"""With real sound, over a virtual sound server: every promise of a backend, and what programs for the SDK hear."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from agentframework import AudioFormat, AudioLine
from agentframework.testing import AudioBackendCase, audio_backend_cases
from agentframework_pyaudio import AsyncDefaultAudioInterface, DefaultAudioInterface, PyAudioBackend
from agentframework_pyaudio.settings import Settings
from sound_recording import Recording, frequency, looked_at_again, samples, sounds, tone
from sound_server import SoundServer, losable_sound_server, shared_sound_server, sound_server

__all__ = ["losable_sound_server", "shared_sound_server", "sound_server"]  # fixtures

pytestmark = pytest.mark.sound
RATE_HZ = 16_000
PCM = AudioFormat("pcm", RATE_HZ)
LIMIT = 10.0
SILENT_WITHIN = 0.150  # on a machine that others share; a quiet one needs 20 ms


def unopenable() -> PyAudioBackend:
    return PyAudioBackend(Settings(input_device="a microphone that nobody has"))


@pytest.mark.parametrize("case", audio_backend_cases(make_broken=unopenable), ids=str)
def test_it_keeps_every_promise_of_a_backend(sound_server: SoundServer, case: AudioBackendCase) -> None:
    case.run(PyAudioBackend)


class Program:
    """A program for the SDK with threads: what its microphone has heard."""

    def __init__(self) -> None:
        self.interface = DefaultAudioInterface()
        self.heard = bytearray()
        self._changed = threading.Condition()

    def hear(self, block: bytes) -> None:
        with self._changed:
            self.heard += block
            self._changed.notify_all()

    def wait_for(self, seconds: float) -> None:
        """Until so much more is heard."""
        with self._changed:
            wanted = len(self.heard) + PCM.size_bytes(seconds)
            assert self._changed.wait_for(lambda: len(self.heard) >= wanted, LIMIT), "deaf"


class TestDefaultAudioInterface:
    """The SDK's goes on for 2.5 s when a chunk of three is interrupted, and stops after 2.6 s."""

    def test_it_speaks_and_hears(self, sound_server: SoundServer) -> None:
        program = Program()
        with sound_server.record() as recording:
            program.interface.start(program.hear)
            try:
                begun = time.monotonic()
                program.interface.output(tone(500, 0.5, RATE_HZ))
                sound_server.play(tone(900, 0.5, RATE_HZ), RATE_HZ)
                recording.wait_for_silence(0.2)
                program.wait_for(0.2)
            finally:
                program.interface.stop()
        (said,) = recording.sounds(after=begun)
        assert said.length == pytest.approx(0.5, abs=0.02)
        said_values = recording.samples(said.begins, said.ends)
        assert frequency(said_values, recording.rate_hz) == pytest.approx(500, abs=2)
        values = samples(bytes(program.heard))
        (heard,) = sounds(values, RATE_HZ)
        assert heard.length == pytest.approx(0.5, abs=0.02)
        part = values[round(heard.begins * RATE_HZ) : round(heard.ends * RATE_HZ)]
        assert frequency(part, RATE_HZ) == pytest.approx(900, abs=2)

    @pytest.mark.parametrize("how", ["interrupt", "stop"])
    def test_silence_comes_at_once_though_three_seconds_wait(
        self, sound_server: SoundServer, how: str
    ) -> None:
        def look() -> float:
            program = Program()
            with sound_server.record() as recording:
                program.interface.start(program.hear)
                program.interface.output(tone(500, 3.0, RATE_HZ))
                recording.wait_until(recording.wait_for_sound() + 0.4)
                asked = time.monotonic()
                getattr(program.interface, how)()
                returned = time.monotonic()
                recording.wait_for_silence(0.3)
                program.interface.stop()
                silent = recording.sounds()[-1].ends
            print(
                f"{how}: back after {1000 * (returned - asked):.0f} ms, silent {1000 * (silent - asked):.0f} ms"
            )
            return max(silent, returned) - asked

        assert looked_at_again(look, lambda took: took < SILENT_WITHIN) < SILENT_WITHIN

    def test_it_comes_back_with_a_sound_server_that_does(self, losable_sound_server: SoundServer) -> None:
        program = Program()
        program.interface.start(program.hear)
        program.wait_for(0.1)
        losable_sound_server.stop()
        losable_sound_server.start()
        program.wait_for(0.1)
        with losable_sound_server.record() as recording:
            program.interface.output(tone(500, 0.5, RATE_HZ))
            begun = recording.wait_for_sound()
            assert frequency(
                recording.samples(begun, recording.wait_for_silence(0.2)), recording.rate_hz
            ) == pytest.approx(500, abs=3)
        program.interface.stop()


def test_the_async_one_delivers_every_block_and_never_holds_up_the_loop(sound_server: SoundServer) -> None:
    """The SDK's delivers none, and stands still for as long as the chunk."""

    async def hold(recording: Recording) -> tuple[bytes, float, float]:
        heard = bytearray()
        longest = 0.0

        async def input_callback(block: bytes) -> None:
            heard.extend(block)

        async def watch() -> None:
            nonlocal longest
            last = time.monotonic()
            while True:
                await asyncio.sleep(0.001)
                now = time.monotonic()
                longest, last = max(longest, now - last), now

        interface = AsyncDefaultAudioInterface()
        await interface.start(input_callback)
        watching = asyncio.create_task(watch())
        await interface.output(tone(500, 3.0, RATE_HZ))
        await asyncio.to_thread(lambda: recording.wait_until(recording.wait_for_sound() + 0.4))
        asked = time.monotonic()
        await interface.interrupt()
        await asyncio.to_thread(recording.wait_for_silence, 0.3)
        await asyncio.to_thread(sound_server.play, tone(900, 0.5, RATE_HZ), RATE_HZ)
        await asyncio.sleep(0.1)
        await interface.stop()
        watching.cancel()
        return bytes(heard), recording.sounds()[-1].ends - asked, longest

    def look() -> tuple[bytes, float, float]:
        with sound_server.record() as recording:
            seen = asyncio.run(hold(recording))
        print(
            f"silent after {1000 * seen[1]:.0f} ms; the loop stood still for {1000 * seen[2]:.0f} ms at most"
        )
        return seen

    heard, silent, stall = looked_at_again(look, lambda seen: max(seen[1:]) < SILENT_WITHIN)
    assert silent < SILENT_WITHIN
    assert stall < SILENT_WITHIN
    (sound,) = sounds(samples(heard), RATE_HZ)
    assert sound.length == pytest.approx(0.5, abs=0.02)


def test_what_is_played_can_be_heard_by_devices_that_are_named(sound_server: SoundServer) -> None:
    backend = PyAudioBackend(Settings(input_device="speakerm", output_device="speaker"))
    heard = bytearray()
    arrived = threading.Event()
    line = AudioLine(PCM, PCM, on_captured=arrived.set)
    backend.start(line)
    try:
        assert (line.microphone, line.speaker) == ("speakermon", "speaker")
        line.put(tone(500, 0.3, RATE_HZ))
        until(
            lambda: (
                arrived.wait(0.1) and extend(heard, line) and len(sounds(samples(bytes(heard)), RATE_HZ)) > 0
            )
        )
    finally:
        backend.stop()


def test_the_list_shows_the_devices_their_rates_and_the_defaults(sound_server: SoundServer) -> None:
    devices = {device.name: device for device in PyAudioBackend().devices()}
    assert set(devices) == {"speaker", "speakermon", "micfeed", "mic", "default"}
    assert all(device.host == "ALSA" for device in devices.values())
    assert [name for name, device in devices.items() if device.is_default_input] == ["default"]
    assert [name for name, device in devices.items() if device.is_default_output] == ["default"]
    assert devices["mic"].input_channels > 0
    assert devices["mic"].output_channels == 0
    assert devices["speaker"].output_channels > 0
    assert devices["speaker"].input_channels == 0
    assert devices["default"].rates_hz == (8000, 16000, 22050, 24000, 44100, 48000)


def test_it_may_be_interrupted_as_often_as_one_likes_while_the_interpreter_is_busy(
    sound_server: SoundServer,
) -> None:
    """Aborting a stream of ALSA would cancel a thread that may hold or wait for the interpreter's lock."""
    over = threading.Event()
    busy = [threading.Thread(target=lambda: count_until(over), daemon=True) for _ in range(2)]
    backend, line = PyAudioBackend(), AudioLine(PCM, PCM)
    backend.start(line)
    for thread in busy:
        thread.start()
    try:
        for _ in range(30):
            line.put(tone(500, 1.0, RATE_HZ))
            line.clear()
            backend.flush()
    finally:
        over.set()
        backend.stop()
    for thread in busy:
        thread.join(LIMIT)
    assert line.last_capture is not None


def test_a_tool_that_computes_does_not_tear_what_is_played(sound_server: SoundServer) -> None:
    """A thread in plain Python takes the interpreter's lock whenever it can."""

    def look() -> tuple[int, float]:
        over = threading.Event()
        busy = threading.Thread(target=count_until, args=(over,), daemon=True)
        backend, line = PyAudioBackend(), AudioLine(PCM, PCM)
        backend.start(line)
        busy.start()
        try:
            with sound_server.record() as recording:
                line.put(tone(500, 1.0, RATE_HZ))
                recording.wait_for_sound()
                recording.wait_for_silence(0.3)
                found = recording.sounds(gap=0.001)
        finally:
            over.set()
            backend.stop()
            busy.join(LIMIT)
        print(f"{len(found)} pieces, the first of {found[0].length:.3f} s of 1")
        return len(found), found[0].length

    pieces, length = looked_at_again(look, lambda seen: seen[0] == 1)
    assert pieces == 1
    assert length == pytest.approx(1.0, abs=0.02)


def test_two_conversations_may_have_sound_at_once(sound_server: SoundServer) -> None:
    backends = [PyAudioBackend(), PyAudioBackend()]
    lines = [AudioLine(PCM, PCM), AudioLine(PCM, PCM)]
    for backend, line in zip(backends, lines, strict=True):
        backend.start(line)
    try:
        until(lambda: all(line.last_capture and line.last_playback for line in lines))
        backends[0].stop()
        with sound_server.record() as recording:
            lines[1].put(tone(500, 0.3, RATE_HZ))
            begun = recording.wait_for_sound()
            ended = recording.wait_for_silence(0.2)
        assert ended - begun == pytest.approx(0.3, abs=0.02)
    finally:
        for backend in backends:
            backend.stop()


def test_nothing_is_written_to_standard_error_while_it_works(sound_server: SoundServer) -> None:
    code = (
        "import threading\n"
        "from agentframework import AudioFormat, AudioLine\n"
        "from agentframework_pyaudio import PyAudioBackend\n"
        "heard = threading.Event()\n"
        "line = AudioLine(AudioFormat('pcm', 16000), AudioFormat('pcm', 16000), on_captured=heard.set)\n"
        "backend = PyAudioBackend()\n"
        "backend.devices()\n"
        "backend.start(line)\n"
        "assert heard.wait(10)\n"
        "backend.flush()\n"
        "backend.stop()\n"
    )
    # JACK and the defaults of the system's own configuration complain most
    environment = {name: value for name, value in os.environ.items() if name != "ALSA_CONFIG_PATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


def count_until(over: threading.Event) -> None:
    number = 0
    while not over.is_set():
        for _ in range(10_000):
            number += 1


def extend(heard: bytearray, line: AudioLine) -> bool:
    for block in line.take_captured():
        heard += block
    return True


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.005)
