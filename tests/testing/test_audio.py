"""The cases for audio backends let a good one pass, and each sees what it is there for."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from agentframework import AudioBackend, AudioDevice, AudioError, AudioLine
from agentframework.testing import (
    AUDIO_BACKEND_CASES,
    AudioBackendCase,
    audio_backend_cases,
    check_audio_backend,
)


class Good(AudioBackend):
    """A device that is a thread, and keeps what it has played; those below do one thing otherwise."""

    def __init__(self) -> None:
        self.sounded = bytearray()
        self.over = threading.Event()
        self.device: threading.Thread | None = None

    def start(self, line: AudioLine) -> None:
        self.over = threading.Event()
        self.device = threading.Thread(target=self.run, args=(line, self.over), daemon=True)
        self.device.start()

    def run(self, line: AudioLine, over: threading.Event) -> None:
        due = time.monotonic()
        while not over.wait(due - time.monotonic()):
            due += 0.02
            self.turn(line)

    def turn(self, line: AudioLine) -> None:
        self.hear(line)
        self.speak(line)

    def hear(self, line: AudioLine) -> None:
        line.write_capture(bytes(2 * (line.input_rate_hz // 50)))

    def speak(self, line: AudioLine) -> None:
        self.sounded += line.read_playback(line.output_rate_hz // 50)

    def stop(self) -> None:
        self.over.set()
        if self.device is not None:
            self.device.join()


class Broken(Good):
    def start(self, line: AudioLine) -> None:
        raise AudioError("the microphone is not plugged in")


def sounded(backend: AudioBackend) -> bytes:
    assert isinstance(backend, Good)
    return bytes(backend.sounded)


@pytest.mark.parametrize("case", audio_backend_cases(sounded=sounded, make_broken=Broken), ids=str)
def test_a_good_backend_passes(case: AudioBackendCase) -> None:
    case.run(Good)


class EagerToOpen(Good):
    def __init__(self) -> None:
        super().__init__()
        threading.Thread(target=self.over.wait, daemon=True).start()


class StopsOnce(Good):
    def stop(self) -> None:
        assert not self.over.is_set(), "stopped already"
        super().stop()


class NeedsStart(Good):
    def stop(self) -> None:
        assert self.device is not None, "nothing to stop"
        super().stop()


class SlowToStart(Good):
    def start(self, line: AudioLine) -> None:
        time.sleep(2.1)
        super().start(line)


class SlowToStop(Good):
    def stop(self) -> None:
        time.sleep(1.5 if self.device is not None else 0)
        super().stop()


class SlowToFlush(Good):
    def flush(self) -> None:
        time.sleep(1.1)


class FailsToFlush(Good):
    def flush(self) -> None:
        raise RuntimeError("nothing to flush")


class Deaf(Good):
    def hear(self, line: AudioLine) -> None: ...


class Mute(Good):
    def speak(self, line: AudioLine) -> None: ...


class WrongRate(Good):
    def hear(self, line: AudioLine) -> None:
        line.write_capture(bytes(2 * 48000 // 50))


class HalfSamples(Good):
    def hear(self, line: AudioLine) -> None:
        line.write_capture(bytes(2 * (line.input_rate_hz // 50) - 1))


class Words(Good):
    def hear(self, line: AudioLine) -> None:
        samples: Any = [0] * (line.input_rate_hz // 50)
        line.write_capture(samples)


class LongBlocks(Good):
    """Half a second at a time."""

    turns = 0

    def turn(self, line: AudioLine) -> None:
        self.turns += 1
        if self.turns % 25 == 0:
            line.write_capture(bytes(line.input_rate_hz))
            self.sounded += line.read_playback(line.output_rate_hz // 2)


class TakesAllAtOnce(Good):
    def speak(self, line: AudioLine) -> None:
        for _ in range(10):
            super().speak(line)


class SleepsInSilence(Good):
    def speak(self, line: AudioLine) -> None:
        if line.queued:
            super().speak(line)


class SoftSpoken(Good):
    """Plays something else than what it is given."""

    def speak(self, line: AudioLine) -> None:
        block = line.read_playback(line.output_rate_hz // 50)
        self.sounded += block[:-2] + bytes(2)


class Hoarder(Good):
    """Its device holds a second, and cannot be flushed."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[bytes] = []

    def speak(self, line: AudioLine) -> None:
        while len(self.held) < 50:
            self.held.append(line.read_playback(line.output_rate_hz // 50))
        self.sounded += self.held.pop(0)


class CallsAtOnce(Good):
    def start(self, line: AudioLine) -> None:
        self.turn(line)
        super().start(line)


class StartsOnce(Good):
    def start(self, line: AudioLine) -> None:
        if self.device is None:
            super().start(line)


class NeverStops(Good):
    """Goes on for a while."""

    def stop(self) -> None:
        timer = threading.Timer(1.0, self.over.set)
        timer.daemon = True
        timer.start()


class LeavesAThread(Good):
    def start(self, line: AudioLine) -> None:
        threading.Thread(target=threading.Event().wait, args=(8,), daemon=True).start()
        super().start(line)


class PcmOnly(Good):
    def start(self, line: AudioLine) -> None:
        if line.output_format.codec != "pcm":
            raise AudioError("this backend speaks pcm alone")
        super().start(line)


class ListsNames(Good):
    def devices(self) -> Sequence[AudioDevice]:
        names: Sequence[Any] = ["speaker"]
        return names


class LosesItsDevice(Good):
    def turn(self, line: AudioLine) -> None:
        line.report_fault("speaker", "it is unplugged")
        super().turn(line)


WRONG: list[tuple[type[Good], str, str]] = [
    (EagerToOpen, "it_opens_nothing_before_it_is_started", "making one starts"),
    (StopsOnce, "it_may_be_stopped_twice_and_without_a_start", "stopped already"),
    (NeedsStart, "it_may_be_stopped_twice_and_without_a_start", "nothing to stop"),
    (SlowToStart, "it_may_be_stopped_twice_and_without_a_start", "it may take 1 s"),
    (SlowToStop, "it_may_be_stopped_twice_and_without_a_start", r"it may take 0\.4 s"),
    (SlowToFlush, "flushing_in_silence_does_no_harm", r"it may take 0\.02 s"),
    (FailsToFlush, "flushing_in_silence_does_no_harm", "nothing to flush"),
    (Deaf, "it_hears_in_time", "there is no capture"),
    (WrongRate, "it_hears_in_time", "s of capture"),
    (HalfSamples, "it_gives_whole_samples_in_short_blocks", "no whole samples"),
    (Words, "it_gives_whole_samples_in_short_blocks", "given a list"),
    (LongBlocks, "it_gives_whole_samples_in_short_blocks", "20 ms is best"),
    (LongBlocks, "it_takes_short_blocks", "20 ms is best"),
    (Mute, "it_takes_speech_in_time", "there is no playback"),
    (TakesAllAtOnce, "it_takes_speech_in_time", "s of playback"),
    (SleepsInSilence, "it_takes_silence_in_time", "there is no playback"),
    (SoftSpoken, "it_plays_all_that_it_is_given", "is not what was to be played"),
    (Mute, "it_plays_all_that_it_is_given", "is not taken, or not heard"),
    (Hoarder, "it_is_silent_after_an_interruption", "went on for"),
    (CallsAtOnce, "it_works_on_threads_of_its_own", "start\\(\\) itself calls"),
    (StartsOnce, "it_starts_again_after_a_stop", "nothing is heard any more"),
    (NeverStops, "it_leaves_the_line_alone_after_a_stop", "still hears or plays"),
    (LeavesAThread, "it_leaves_no_thread_behind", "still runs threads"),
    (PcmOnly, "it_works_with_pcm_8000_and_ulaw_8000", "pcm alone"),
    (ListsNames, "it_lists_its_devices", "AudioDevice objects"),
    (LosesItsDevice, "it_hears_in_time", "is unplugged"),
    (Good, "it_says_that_it_has_no_microphone", "end_capture"),
    (Good, "it_says_that_it_has_no_speaker", "end_playback"),
    (Good, "what_cannot_be_opened_is_an_audio_error", "raises no AudioError"),
]


class SaysTooLittle(Good):
    def start(self, line: AudioLine) -> None:
        raise AudioError("no")


class RaisesAnythingElse(Good):
    def start(self, line: AudioLine) -> None:
        raise OSError("no such device")


def case_named(name: str, make_broken: type[Good] = Good) -> AudioBackendCase:
    told = [
        *audio_backend_cases(sounded=sounded, make_broken=make_broken),
        *audio_backend_cases(hears=False, speaks=False),
    ]
    return next(case for case in told if case.name == name)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("backend", "case", "problem"), WRONG, ids=lambda value: getattr(value, "__name__", value)
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_wrong_backend_is_caught(backend: type[Good], case: str, problem: str) -> None:
    with pytest.raises((AssertionError, RuntimeError, AudioError), match=problem):
        case_named(case).run(backend)


@pytest.mark.parametrize(
    ("broken", "problem"), [(SaysTooLittle, "says too little"), (RaisesAnythingElse, "raises OSError")]
)
def test_an_error_that_does_not_help_is_caught(broken: type[Good], problem: str) -> None:
    with pytest.raises(AssertionError, match=problem):
        case_named("what_cannot_be_opened_is_an_audio_error", broken).run(Good)


def test_each_case_but_the_formats_has_a_backend_that_it_catches() -> None:
    cases = {case.name for case in AUDIO_BACKEND_CASES if not case.name.startswith("it_works_with_")}
    assert cases == {case for _, case, _ in WRONG if not case.startswith("it_works_with_")}


def test_the_cases_for_what_a_backend_lacks_are_left_out() -> None:
    everything = {case.name for case in AUDIO_BACKEND_CASES}
    assert {case.name for case in audio_backend_cases()} == everything - {
        "it_says_that_it_has_no_microphone",
        "it_says_that_it_has_no_speaker",
        "what_cannot_be_opened_is_an_audio_error",
    }
    deaf_and_mute = {case.name for case in audio_backend_cases(hears=False, speaks=False)}
    assert {"it_hears_in_time", "it_takes_speech_in_time"}.isdisjoint(deaf_and_mute)


def test_checking_all_at_once_names_the_case() -> None:
    with pytest.raises(AssertionError) as failed:
        check_audio_backend(EagerToOpen)
    assert failed.value.__notes__ == ["case it_opens_nothing_before_it_is_started"]
