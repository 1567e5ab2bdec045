"""The backend over a made-up PortAudio: what it opens, what its callbacks do, and what happens when a device goes."""

from __future__ import annotations

import logging
import queue
import sys
import threading
from array import array
from collections.abc import Iterator
from types import ModuleType

import pytest
from fake_pyaudio import ALSA, CORE_AUDIO, Device, FakeManager, FakePyAudio, FakeStream

from agentframework import AudioError, AudioFormat, AudioLine
from agentframework_pyaudio import PyAudioBackend
from agentframework_pyaudio.settings import Settings

PCM = AudioFormat("pcm", 16000)
LIMIT = 5.0
MICROPHONE, SPEAKER = Device("desk microphone"), Device("desk speaker", inputs=0, outputs=2)
LOUD = array("h", [1000] * 320).tobytes()


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakePyAudio:
    fake = FakePyAudio(MICROPHONE, SPEAKER)
    monkeypatch.setitem(sys.modules, "pyaudio", fake)
    monkeypatch.setitem(sys.modules, "pyaudio._portaudio", None)
    return fake


@pytest.fixture
def backend(library: FakePyAudio) -> Iterator[PyAudioBackend]:
    backend = PyAudioBackend()
    yield backend
    backend.stop()
    assert not library.open_now()
    assert all(manager.is_terminated for manager in library.managers)


def started(backend: PyAudioBackend, output_format: AudioFormat = PCM) -> AudioLine:
    line = AudioLine(PCM, output_format)
    backend.start(line)
    return line


class TestOpening:
    """The default devices, 16 bit and mono, in blocks of 20 ms, at the agent's rates where they take them."""

    def test_both_are_opened_at_the_agents_rates(self, backend: PyAudioBackend, library: FakePyAudio) -> None:
        line = started(backend, AudioFormat("pcm", 44100))
        for stream, rate_hz in ((library.microphone, 16000), (library.speaker, 44100)):
            words = {name: stream.words[name] for name in ("rate", "channels", "format", "frames_per_buffer")}
            assert words == {"rate": rate_hz, "channels": 1, "format": 8, "frames_per_buffer": rate_hz // 50}
            assert stream.done == ["start"]
        assert (line.input_rate_hz, line.output_rate_hz) == (16000, 44100)
        assert (line.microphone, line.speaker) == ("desk microphone", "desk speaker")

    def test_ulaw_is_the_lines_affair(self, backend: PyAudioBackend, library: FakePyAudio) -> None:
        started(backend, AudioFormat("ulaw", 8000))
        assert library.speaker.words["rate"] == 8000
        assert len(library.speaker.plays(160)) == 320

    def test_a_device_that_refuses_the_agents_rate_is_opened_at_its_own(
        self, backend: PyAudioBackend, library: FakePyAudio
    ) -> None:
        library.devices[0] = Device("studio microphone", rates_hz=(48000,), default_rate_hz=48000)
        line = started(backend)
        assert (line.input_rate_hz, line.output_rate_hz) == (48000, 16000)
        for _ in range(10):
            library.microphone.hears(bytes(2 * 960))
        assert sum(map(len, line.take_captured())) == pytest.approx(10 * 640, rel=0.1)

    def test_a_busy_device_is_said_to_be_busy_and_nothing_stays_open(
        self, backend: PyAudioBackend, library: FakePyAudio
    ) -> None:
        library.devices[1] = Device("desk speaker", inputs=0, outputs=2, rates_hz=())
        with pytest.raises(
            AudioError, match=r'the speaker "desk speaker" cannot be opened: Device unav.*another'
        ):
            started(backend)
        assert not library.open_now()

    def test_one_that_does_not_start_is_an_error_and_nothing_stays_open(
        self, backend: PyAudioBackend, library: FakePyAudio
    ) -> None:
        problem = OSError(-9999, "Unanticipated host error")
        library.on_open = lambda stream: setattr(stream, "start_problem", problem)
        with pytest.raises(
            AudioError, match=r"cannot be started: Unanticipated host error .*audio list shows"
        ):
            started(backend)
        assert not library.open_now()

    def test_a_portaudio_that_does_not_begin_is_an_error(
        self, backend: PyAudioBackend, library: FakePyAudio
    ) -> None:
        library.problem = OSError(-9999, "Unanticipated host error")
        for open_it in (lambda: started(backend), backend.devices):
            with pytest.raises(AudioError, match=r"PortAudio .*Unanticipated host error"):
                open_it()

    @pytest.mark.parametrize(
        ("speaker", "hears"), [("Built-in Output", True), ("WH-1000 Headphones", False), ("AirPods", False)]
    )
    def test_what_is_worn_is_not_heard_by_the_microphone(
        self, backend: PyAudioBackend, library: FakePyAudio, speaker: str, hears: bool
    ) -> None:
        library.devices[1] = Device(speaker, inputs=0, outputs=2)
        assert started(backend).hear_each_other is hears


class TestOneOfTheTwo:
    """Where there is only a microphone, or only a speaker, that one works alone and it is said."""

    def test_without_a_microphone_it_plays(
        self, backend: PyAudioBackend, library: FakePyAudio, caplog: pytest.LogCaptureFixture
    ) -> None:
        library.default_input = -1
        line = started(backend)
        assert "there is no microphone; the conversation goes on without" in caplog.messages
        assert (line.has_microphone, line.has_speaker, line.hear_each_other) == (False, True, False)
        line.put(LOUD * 10)
        assert library.speaker.plays() == LOUD

    def test_without_a_speaker_it_hears(
        self, backend: PyAudioBackend, library: FakePyAudio, caplog: pytest.LogCaptureFixture
    ) -> None:
        library.default_output = -1
        line = started(backend)
        assert "there is no speaker; the conversation goes on without" in caplog.messages
        assert (line.has_microphone, line.has_speaker) == (True, False)
        library.microphone.hears(LOUD)
        assert line.take_captured() == [LOUD]
        backend.flush()

    def test_without_both_it_is_an_error(self, backend: PyAudioBackend, library: FakePyAudio) -> None:
        library.default_input = library.default_output = -1
        with pytest.raises(AudioError, match="no microphone and no speaker"):
            started(backend)

    def test_what_was_there_before_is_missed(self, backend: PyAudioBackend, library: FakePyAudio) -> None:
        line = started(backend)
        backend.stop()
        library.default_input = -1
        with pytest.raises(AudioError, match="the microphone is gone"):
            backend.start(line)
        library.default_input = 0
        backend.start(line)
        assert library.microphone.done == ["start"]


class TestCallbacks:
    """On PortAudio's own threads: they bring and take, count, and never raise."""

    def test_what_is_heard_comes_to_the_line(self, backend: PyAudioBackend, library: FakePyAudio) -> None:
        line = started(backend)
        assert library.microphone.hears(LOUD) == 0
        assert line.take_captured() == [LOUD]

    def test_what_is_put_is_played_and_then_silence(
        self, backend: PyAudioBackend, library: FakePyAudio
    ) -> None:
        line = started(backend)
        line.put(LOUD * 3)
        assert [library.speaker.plays() for _ in range(4)] == [LOUD, LOUD, LOUD, bytes(640)]

    @pytest.mark.parametrize(("ahead", "heard"), [(0.0, 0.02), (4.0, 0.0), (-3.0, 0.0), (1e9, 0.0)])
    def test_the_position_follows_what_the_device_says_of_its_delay(
        self, backend: PyAudioBackend, library: FakePyAudio, ahead: float, heard: float
    ) -> None:
        """A delay that cannot be, for the device's clock is another, is taken to be the stream's 50 ms."""
        now = [50.0]
        line = AudioLine(PCM, PCM, clock=lambda: now[0])
        backend.start(line)
        line.put(LOUD * 5)
        library.speaker.plays(ahead=ahead)
        now[0] += 0.02
        assert line.heard / 16000 == pytest.approx(heard, abs=0.001)

    @pytest.mark.parametrize(("age", "given"), [(0.06, 0), (0.01, 1)])
    def test_what_was_in_the_air_before_the_end_of_a_mute_is_not_given_out(
        self, backend: PyAudioBackend, library: FakePyAudio, age: float, given: int
    ) -> None:
        now = [50.0]
        line = AudioLine(PCM, PCM, clock=lambda: now[0], muted=True)
        backend.start(line)
        line.unmute()
        now[0] += 0.06
        library.microphone.hears(LOUD, age=age + 0.02)
        assert len(line.take_captured()) == given

    def test_underruns_and_overruns_are_counted(self, backend: PyAudioBackend, library: FakePyAudio) -> None:
        line = started(backend)
        library.microphone.hears(LOUD, status=2)
        library.speaker.plays(status=4)
        assert (line.counts["overruns"], line.counts["underruns"]) == (1, 1)

    def test_an_error_in_them_is_logged_once_and_stays_there(
        self, backend: PyAudioBackend, library: FakePyAudio, caplog: pytest.LogCaptureFixture
    ) -> None:
        line = started(backend)
        line.count = line.read_playback = None  # type: ignore[method-assign, assignment]
        for _ in range(3):
            assert library.microphone.hears(LOUD, status=2) == 0
            assert library.speaker.plays() == bytes(640)
        assert caplog.messages == [
            "the microphone's callback failed: TypeError",
            "the speaker's callback failed: TypeError",
        ]


class TestInterrupting:
    """Flushing throws the device's buffer away, in the way that is safe with that kind of device."""

    def test_with_alsa_it_is_stopped_and_goes_on(self, backend: PyAudioBackend, library: FakePyAudio) -> None:
        assert library.host_type == ALSA
        started(backend)
        backend.flush()
        assert library.speaker.done == ["start", "stop", "start"]
        assert library.microphone.done == ["start"]

    def test_elsewhere_it_is_aborted_and_goes_on(
        self, backend: PyAudioBackend, library: FakePyAudio, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        low_level = ModuleType("pyaudio._portaudio")
        called: list[tuple[str, FakeStream]] = []

        def abort_stream(stream: FakeStream) -> None:
            called.append(("abort", stream))
            stream.is_running = False

        def start_stream(stream: FakeStream) -> None:
            called.append(("start", stream))
            stream.is_running = True

        low_level.__dict__.update(abort_stream=abort_stream, start_stream=start_stream)
        monkeypatch.setitem(sys.modules, "pyaudio._portaudio", low_level)
        library.host_type = CORE_AUDIO
        started(backend)
        backend.flush()
        assert called == [("abort", library.speaker), ("start", library.speaker)]

    def test_a_pyaudio_that_cannot_abort_is_stopped(
        self, backend: PyAudioBackend, library: FakePyAudio
    ) -> None:
        library.host_type = CORE_AUDIO
        started(backend)
        backend.flush()
        assert library.speaker.done == ["start", "stop", "start"]

    def test_one_that_does_not_go_on_is_opened_anew(
        self, backend: PyAudioBackend, library: FakePyAudio
    ) -> None:
        line = started(backend)
        broken = library.speaker
        broken.start_problem = OSError(-9999, "Unanticipated host error")
        backend.flush()
        assert broken.is_closed
        assert library.speaker.done == ["start"]
        line.put(LOUD * 3)
        assert library.speaker.plays() == LOUD

    def test_one_that_cannot_be_opened_anew_is_lost_and_told_once(
        self, backend: PyAudioBackend, library: FakePyAudio, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        faults: list[tuple[str, str]] = []
        backend.start(AudioLine(PCM, PCM, on_fault=lambda device, problem: faults.append((device, problem))))
        library.speaker.start_problem = OSError(-9999, "Unanticipated host error")
        library.managers[-1]._devices[1] = Device("desk speaker", inputs=0, outputs=2, rates_hz=())
        backend.flush()
        ((device, problem),) = faults
        assert device == "speaker"
        assert "cannot be opened" in problem
        # the one who watches the streams does not touch the one that is closed, and tells nothing twice
        looks: queue.Queue[bool] = queue.Queue()

        def look() -> bool:
            looks.put(True)
            return True

        monkeypatch.setattr(library.microphone, "is_active", look)
        for _ in range(2):
            looks.get(timeout=LIMIT)
        assert len(faults) == 1


class TestEnding:
    """Stopping is bounded, and final."""

    def test_it_may_be_stopped_twice_and_without_a_start(self, backend: PyAudioBackend) -> None:
        backend.stop()
        started(backend)
        backend.stop()
        backend.stop()
        backend.flush()

    def test_a_callback_that_comes_late_touches_the_line_no_more(
        self, backend: PyAudioBackend, library: FakePyAudio
    ) -> None:
        line = started(backend)
        microphone, speaker = library.microphone, library.speaker
        backend.stop()
        line.put(LOUD * 3)
        assert microphone.hears(LOUD) == 2
        assert speaker.plays() == b""
        assert (line.last_capture, line.last_playback) == (None, None)

    def test_a_device_that_does_not_close_is_left_to_itself(
        self, backend: PyAudioBackend, library: FakePyAudio
    ) -> None:
        line = started(backend)
        stuck, freed = threading.Event(), threading.Event()

        def hang() -> None:
            stuck.set()
            freed.wait(LIMIT)

        library.microphone.on_stop = hang
        (first,), microphone, speaker = library.managers, library.microphone, library.speaker
        backend.stop()
        assert stuck.is_set()
        assert (microphone.is_closed, speaker.is_closed) == (False, True)
        assert not first.is_terminated
        backend.start(line)
        assert library.speaker.done == ["start"]
        freed.set()  # from here on the first microphone closes
        for thread in threading.enumerate():
            if thread.name == "pyaudio-closing":
                thread.join(LIMIT)
        assert first.is_terminated

    def test_one_that_raises_while_it_closes_does_not_keep_the_other_open(
        self, backend: PyAudioBackend, library: FakePyAudio
    ) -> None:
        started(backend)

        def fail() -> None:
            library.microphone.is_running = False
            raise OSError(-9988, "Stream closed")

        library.microphone.on_stop = fail
        backend.stop()
        assert not library.open_now()


class TestLosingADevice:
    """PortAudio tells nobody that it has given up a device, so the backend looks."""

    def test_a_stream_that_has_died_is_reported_once(
        self, backend: PyAudioBackend, library: FakePyAudio
    ) -> None:
        faults: list[tuple[str, str]] = []
        reported = threading.Event()

        def on_fault(device: str, problem: str) -> None:
            faults.append((device, problem))
            reported.set()

        backend.start(AudioLine(PCM, PCM, on_fault=on_fault))
        library.microphone.has_died = library.speaker.has_died = True
        assert reported.wait(LIMIT)
        backend.stop()
        assert faults == [("microphone", '"desk microphone" gives no more sound')]

    def test_the_next_start_sees_new_devices(self, backend: PyAudioBackend, library: FakePyAudio) -> None:
        line = started(backend)
        library.devices.append(Device("new microphone"))
        library.default_input = 2
        backend.stop()
        backend.start(line)
        assert line.microphone == "new microphone"
        assert [manager.is_terminated for manager in library.managers] == [True, False]


def test_the_devices_are_shown_with_rates_and_defaults(backend: PyAudioBackend, library: FakePyAudio) -> None:
    library.devices.append(Device("pulse", inputs=32, outputs=32, rates_hz=(), host=1))
    first, second, third = backend.devices()
    assert (first.index, first.name, first.host) == (0, "desk microphone", "ALSA")
    assert (first.input_channels, first.output_channels, first.default_rate_hz) == (1, 0, 44100)
    assert first.rates_hz == (8000, 16000, 22050, 24000, 44100, 48000)
    assert (first.is_default_input, first.is_default_output) == (True, False)
    assert (second.is_default_input, second.is_default_output) == (False, True)
    assert (third.rates_hz, third.input_channels, third.output_channels, third.host) == ((), 32, 32, "JACK")


def test_a_list_that_portaudio_does_not_give_is_an_error_and_nothing_stays_open(
    backend: PyAudioBackend, library: FakePyAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(manager: FakeManager) -> int:
        raise OSError(-9999, "Unanticipated host error")

    monkeypatch.setattr(FakeManager, "get_device_count", fail)
    with pytest.raises(AudioError, match=r"PortAudio does not tell its devices: .*host error"):
        backend.devices()
    assert [manager.is_terminated for manager in library.managers] == [True]


def test_standard_error_is_left_alone_where_that_is_wished(
    library: FakePyAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    for name in ("be_quiet", "be_loud"):
        monkeypatch.setattr(f"agentframework_pyaudio.backend.{name}", lambda name=name: called.append(name))
    PyAudioBackend().devices()
    PyAudioBackend(Settings(quiet=False)).devices()
    assert called == ["be_quiet", "be_loud"]


def test_nothing_is_logged_where_all_is_well(
    backend: PyAudioBackend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    started(backend)
    backend.flush()
    backend.stop()
    assert caplog.messages == []
