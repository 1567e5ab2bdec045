"""The cases that every audio backend has to pass: when it is called, what it calls, and what it leaves behind."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, Literal

from agentframework import AudioBackend, AudioDevice, AudioError, AudioFormat
from agentframework.formats import KNOWN_FORMATS
from agentframework.testing.audio_trials import LONG, AudioBackendCase, ObservedLine, Trial

__all__ = ["AUDIO_BACKEND_CASES", "audio_backend_cases", "check_audio_backend"]

_LONGEST_BLOCK = 0.25
_AFTER_FLUSH = 0.25
_OLD, _NEW = 4000, -4000


def it_opens_nothing_before_it_is_started(trial: Trial) -> None:
    trial.make_backend()
    assert not _new_threads(trial), f"making one starts {_names(_new_threads(trial))}"


def it_may_be_stopped_twice_and_without_a_start(trial: Trial) -> None:
    trial.stop()
    trial.stop()
    trial.start()
    trial.works()
    trial.stop()
    trial.stop()


def it_hears_in_time(trial: Trial) -> None:
    trial.start()
    trial.keeps_time("capture")


def it_gives_whole_samples_in_short_blocks(trial: Trial) -> None:
    trial.start()
    trial.line.wait(lambda: len(trial.line.of("capture")) > 10, "there are no ten blocks of the microphone")
    assert not trial.line.faults, trial.line.faults[0]
    _are_short(trial, "capture")


def it_takes_speech_in_time(trial: Trial) -> None:
    trial.line.put(_constant(_OLD, 20.0, trial.line.output_format))
    trial.start()
    trial.keeps_time("playback")


def it_takes_silence_in_time(trial: Trial) -> None:
    trial.start()
    trial.keeps_time("playback")


def it_takes_short_blocks(trial: Trial) -> None:
    trial.start()
    trial.line.wait(lambda: len(trial.line.of("playback")) > 10, "ten blocks are not taken for playing")
    _are_short(trial, "playback")


def it_plays_all_that_it_is_given(trial: Trial) -> None:
    trial.start()
    speech = _ramp()
    for at in range(0, len(speech), 3200):
        trial.line.put(speech[at : at + 3200])
    line = trial.line
    line.wait(lambda: line.heard == line.received, "what is to be played is not taken, or not heard")
    if trial.case.sounded is not None and line.output_rate_hz == line.output_format.rate_hz:
        _until(lambda: speech in _sounded(trial), "what has sounded is not what was to be played")


def it_is_silent_after_an_interruption(trial: Trial) -> None:
    trial.start()
    line = trial.line
    line.put(_constant(_OLD, 3.0, line.output_format))
    line.wait(lambda: line.heard > 0.6 * line.output_format.rate_hz, "nothing is heard")
    line.clear()
    trial.call("flush")
    before = 0 if trial.case.sounded is None else _count(trial, _OLD)
    line.put(_constant(_NEW, 0.5, line.output_format))
    line.wait(lambda: line.heard == line.received, "what comes after an interruption is not heard")
    if trial.case.sounded is None:
        return
    _until(lambda: _count(trial, _NEW) > 0, "what comes after an interruption does not sound")
    went_on = (_count(trial, _OLD) - before) / line.output_rate_hz
    assert went_on < _AFTER_FLUSH, f"after an interruption it went on for {went_on:.2f} s"
    samples = _samples(_sounded(trial))
    late = sum(1 for sample in samples[samples.index(_NEW) :] if sample == _OLD)
    assert not late, f"{late} samples from before the interruption sound after what came later"


def flushing_in_silence_does_no_harm(trial: Trial) -> None:
    trial.start()
    trial.works()
    trial.call("flush")
    trial.works()


def it_works_on_threads_of_its_own(trial: Trial) -> None:
    trial.start()
    trial.works()
    mine = [call.what for call in trial.line.calls if call.thread == trial.caller]
    assert not mine, f"start() itself calls for {mine[0]}; it is called on a thread that has more to do"


def it_starts_again_after_a_stop(trial: Trial) -> None:
    for _ in range(3):
        trial.start()
        trial.works()
        trial.stop()


def it_leaves_the_line_alone_after_a_stop(trial: Trial) -> None:
    trial.start()
    trial.works()
    trial.stop()
    calls = len(trial.line.calls)
    threading.Event().wait(0.3)
    assert len(trial.line.calls) == calls, "after stop() it still hears or plays"


def it_leaves_no_thread_behind(trial: Trial) -> None:
    trial.start()
    trial.works()
    trial.stop()
    _until(lambda: not _new_threads(trial), "after stop() it still runs threads")


def it_works_with(input_format: AudioFormat, output_format: AudioFormat, trial: Trial) -> None:
    trial.start(ObservedLine(input_format, output_format))
    trial.line.put(_constant(_OLD, 0.1, output_format))
    trial.works()
    assert not trial.line.faults, trial.line.faults[0]


def it_says_that_it_has_no_microphone(trial: Trial) -> None:
    trial.start()
    _until(lambda: not trial.line.has_microphone, "it gives nothing and has not called end_capture()")


def it_says_that_it_has_no_speaker(trial: Trial) -> None:
    trial.start()
    _until(lambda: not trial.line.has_speaker, "it takes nothing and has not called end_playback()")


def what_cannot_be_opened_is_an_audio_error(trial: Trial) -> None:
    assert trial.case.make_broken is not None
    trial.backend = trial.case.make_broken()
    for _ in range(2):  # the runtime tries again
        error = _error(trial.start)
        assert error is not None, "start() raises no AudioError"
        assert isinstance(error, AudioError), f"start() raises {type(error).__name__} and no AudioError"
        assert len(str(error)) > 10, f"the error says too little: {str(error)!r}"
    trial.stop()


def it_lists_its_devices(trial: Trial) -> None:
    try:
        devices: Sequence[object] = trial.backend.devices()
    except AudioError:
        return
    assert all(isinstance(device, AudioDevice) for device in devices), "devices() gives AudioDevice objects"


def _error(method: Callable[[], None]) -> Exception | None:
    try:
        method()
    except AssertionError:
        raise
    except Exception as error:  # noqa: BLE001 - which one it is the case judges
        return error
    return None


def _are_short(trial: Trial, what: Literal["capture", "playback"]) -> None:
    longest = max(call.samples / call.rate_hz for call in trial.line.of(what))
    assert longest <= _LONGEST_BLOCK, f"a block lasts {longest:.2f} s; 20 ms is best"


def _until(holds: Callable[[], bool], problem: str) -> None:
    until = time.monotonic() + LONG / 2
    while not holds():
        assert time.monotonic() < until, problem
        threading.Event().wait(0.02)


def _new_threads(trial: Trial) -> list[threading.Thread]:
    return [
        thread
        for thread in threading.enumerate()
        if thread not in trial.threads_before and not thread.name.startswith("runtime-")
    ]


def _names(threads: Sequence[threading.Thread]) -> str:
    return ", ".join(thread.name for thread in threads)


def _sounded(trial: Trial) -> bytes:
    assert trial.case.sounded is not None
    return trial.case.sounded(trial.backend)


def _count(trial: Trial, value: int) -> int:
    return _samples(_sounded(trial)).count(value)


def _samples(pcm: bytes) -> array[int]:
    return _swapped(array("h", pcm[: len(pcm) // 2 * 2]))


def _ramp() -> bytes:
    """Half a second in which no sample is like another."""
    return _swapped(array("h", range(1, 8001))).tobytes()


def _constant(value: int, seconds: float, audio_format: AudioFormat) -> bytes:
    if audio_format.codec == "ulaw":
        return b"\x9a" * audio_format.size_bytes(seconds)
    return _swapped(array("h", itertools.repeat(value, audio_format.size_bytes(seconds) // 2))).tobytes()


def _swapped(samples: array[int]) -> array[int]:
    """From the machine's order of bytes to little-endian, or back."""
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


_FORMATS: Final = [AudioFormat.parse(name) for name in KNOWN_FORMATS]

AUDIO_BACKEND_CASES: Final = (
    *(
        AudioBackendCase(test.__name__, test)
        for test in (
            it_opens_nothing_before_it_is_started,
            it_may_be_stopped_twice_and_without_a_start,
            it_works_on_threads_of_its_own,
            it_starts_again_after_a_stop,
            it_leaves_the_line_alone_after_a_stop,
            it_leaves_no_thread_behind,
            flushing_in_silence_does_no_harm,
            it_lists_its_devices,
        )
    ),
    *(
        AudioBackendCase(f"it_works_with_{heard.name}_and_{said.name}", partial(it_works_with, heard, said))
        for heard, said in zip(_FORMATS, reversed(_FORMATS), strict=True)
    ),
    *(
        AudioBackendCase(test.__name__, test, needs="microphone")
        for test in (it_hears_in_time, it_gives_whole_samples_in_short_blocks)
    ),
    *(
        AudioBackendCase(test.__name__, test, needs="speaker")
        for test in (
            it_takes_speech_in_time,
            it_takes_silence_in_time,
            it_takes_short_blocks,
            it_plays_all_that_it_is_given,
            it_is_silent_after_an_interruption,
        )
    ),
    AudioBackendCase(
        it_says_that_it_has_no_microphone.__name__, it_says_that_it_has_no_microphone, needs="no microphone"
    ),
    AudioBackendCase(
        it_says_that_it_has_no_speaker.__name__, it_says_that_it_has_no_speaker, needs="no speaker"
    ),
    AudioBackendCase(
        what_cannot_be_opened_is_an_audio_error.__name__,
        what_cannot_be_opened_is_an_audio_error,
        needs="broken",
    ),
)
"""All cases."""


def audio_backend_cases(
    *,
    hears: bool = True,
    speaks: bool = True,
    sounded: Callable[[AudioBackend], bytes] | None = None,
    make_broken: Callable[[], AudioBackend] | None = None,
) -> list[AudioBackendCase]:
    """The cases for an audio backend, to parametrize a test with.

        @pytest.mark.parametrize("case", audio_backend_cases(), ids=str)
        def test_my_backend(case):
            case.run(MyBackend)

    `hears` and `speaks`: whether it has a microphone and a speaker. `sounded` gives what a backend's speaker has
    played so far, as 16-bit PCM at the line's output rate; with it the cases also see that what is played is what
    was said, and that nothing of an interrupted answer sounds after `flush`. `make_broken` makes one whose devices
    cannot be opened.
    """
    told = [
        replace(case, hears=hears, speaks=speaks, sounded=sounded, make_broken=make_broken)
        for case in AUDIO_BACKEND_CASES
    ]
    return [case for case in told if case.applies]


def check_audio_backend(
    make_backend: Callable[[], AudioBackend],
    *,
    hears: bool = True,
    speaks: bool = True,
    sounded: Callable[[AudioBackend], bytes] | None = None,
    make_broken: Callable[[], AudioBackend] | None = None,
) -> None:
    """Run all cases, each with a new backend; the first that fails ends it, with a note that names the case."""
    for case in audio_backend_cases(hears=hears, speaks=speaks, sounded=sounded, make_broken=make_broken):
        try:
            case.run(make_backend)
        except BaseException as error:
            error.add_note(f"case {case.name}")
            raise
