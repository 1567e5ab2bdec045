"""A device that dies is noticed within two seconds, said, and opened again until it works; in virtual time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from agentframework.audio.line import AudioLine
from agentframework.callbacks import AudioRestored, AudioStalled, Event
from agentframework.formats import AudioFormat
from agentframework.session.devicewatch import DeviceWatch
from virtual_time import VirtualTime

PCM = AudioFormat()
SOUND = bytes(range(1, 201)) * 2


class Lane:
    """Stands for the backend: opens at once, or fails as often as a test says."""

    owner = "the test"

    def __init__(self, stage: Stage) -> None:
        self.failures = 0
        self.attempts: list[float] = []
        self._stage = stage

    def reopen(self, line: AudioLine, done: Callable[[str | None], None]) -> None:
        self.attempts.append(self._stage.time.now - self._stage.began)
        if self.failures:
            self.failures -= 1
            done("no such device")
        else:
            self._stage.plug_in()
            done(None)


class Stage:
    """A watched line whose device gives and takes a block every 10 ms while it is plugged in."""

    def __init__(self) -> None:
        self.time = VirtualTime()
        self.began = self.time.now
        self.hears = self.speaks = True
        self.block = SOUND
        self.counts: Counter[str] = Counter()
        self.line = AudioLine(PCM, PCM, clock=self.time)
        self.said: list[tuple[float, Event]] = []
        self.lost = 0
        self.lane = Lane(self)
        lane: Any = self.lane
        self.watch = DeviceWatch(
            self.line, lane, self._note, self._post, partial(setattr, self, "lost", 1), self.time
        )
        self.time.every = self._device

    def _note(self, event: Event) -> None:
        self.said.append((round(self.time.now - self.began, 2), event))

    def _post(self, function: Callable[..., object], *args: Any) -> None:
        self.time.call_later(0, partial(function, *args))

    def _device(self) -> None:
        if self.hears:
            self.line.write_capture(self.block)
        if self.speaks:
            self.line.read_playback(160)

    def plug_in(self) -> None:
        self.hears = self.speaks = True

    def unplug(self) -> None:
        self.hears = self.speaks = False

    @property
    def events(self) -> list[Event]:
        return [event for _, event in self.said]


def test_a_device_that_works_is_left_alone() -> None:
    stage = Stage()
    stage.watch.opened(None)
    stage.time.run(100)
    assert stage.said == [] and stage.lane.attempts == []
    stage.watch.stop()
    assert stage.time.pending == 0


@pytest.mark.parametrize("device", ["microphone", "speaker"])
def test_a_dead_device_is_said_within_two_seconds_and_opened_again(device: str) -> None:
    stage = Stage()
    stage.watch.opened(None)
    stage.time.run(5)
    if device == "microphone":
        stage.hears = False
    else:
        stage.speaks = False
    stage.time.run(5)
    stalled, restored = stage.said
    assert isinstance(stalled[1], AudioStalled) and stalled[1].device == device
    assert 6.7 < stalled[0] <= 7.05
    assert "for 2 s" in stalled[1].problem
    assert isinstance(restored[1], AudioRestored) and restored[1].device == device
    assert restored[1].duration < 1
    assert stage.lost == 1


def test_a_fault_that_the_backend_reports_is_said_at_once() -> None:
    stage = Stage()
    stage.watch.opened(None)
    stage.unplug()
    stage.watch.fault("microphone", "unplugged")
    assert stage.events == [AudioStalled("microphone", "unplugged")]
    stage.watch.fault("speaker", "unplugged too")
    assert len(stage.events) == 1
    stage.time.run(2)
    assert isinstance(stage.events[-1], AudioRestored)


def test_it_is_tried_again_ever_more_rarely_until_it_works() -> None:
    stage = Stage()
    stage.watch.opened(None)
    stage.time.run(1)
    stage.lane.failures = 8
    stage.unplug()
    stage.watch.fault("speaker", "unplugged")
    stage.time.run(60)
    waits = [later - earlier for earlier, later in pairwise([1.0, *stage.lane.attempts])]
    assert waits == pytest.approx([0.25, 0.5, 1, 2, 4, 8, 8, 8, 8], abs=0.05)
    assert [type(event) for event in stage.events] == [AudioStalled, AudioRestored]


def test_one_that_opens_and_gives_nothing_is_not_taken_for_restored() -> None:
    stage = Stage()
    stage.watch.opened(None)
    stage.lane.reopen = lambda line, done: done(None)  # type: ignore[method-assign]
    stage.unplug()
    stage.time.run(30)
    assert [type(event) for event in stage.events] == [AudioStalled]
    stage.line.put(SOUND * 100)
    stage.time.run(3)
    assert stage.line.queued == 0  # nor is speech kept for it
    stage.plug_in()
    stage.time.run(12)
    assert [type(event) for event in stage.events] == [AudioStalled, AudioRestored]


def test_one_that_could_not_be_opened_at_the_start_is_said_and_tried_again() -> None:
    stage = Stage()
    stage.unplug()
    stage.watch.opened("no such device")
    assert stage.events == [AudioStalled("both", "no such device")]
    stage.time.run(3)
    assert isinstance(stage.events[-1], AudioRestored)


def test_speech_of_the_time_without_a_device_is_not_played_afterwards() -> None:
    stage = Stage()
    stage.watch.opened(None)
    stage.unplug()
    stage.watch.fault("speaker", "unplugged")
    stage.line.put(bytes(range(1, 101)) * 320)
    assert stage.line.queued == 0
    stage.time.run(3)
    stage.line.put(bytes(range(1, 101)) * 320)
    assert stage.line.queued == 1


def test_a_file_that_is_over_and_a_speaker_that_is_none_are_no_fault() -> None:
    stage = Stage()
    stage.watch.opened(None)
    stage.unplug()
    stage.line.end_capture()
    stage.line.end_playback()
    stage.time.run(20)
    assert stage.said == []


def test_digital_silence_is_said_after_30_s_once_and_taken_back_when_there_is_sound() -> None:
    stage = Stage()
    stage.watch.opened(None)
    stage.time.run(10)
    stage.block = bytes(640)
    stage.time.run(100)
    ((moment, stalled),) = stage.said
    assert isinstance(stalled, AudioStalled) and "digital silence for 30 s" in stalled.problem
    assert moment == pytest.approx(40, abs=0.5)
    assert stage.lane.attempts == []
    stage.block = SOUND
    stage.time.run(1)
    assert isinstance(stage.events[-1], AudioRestored)


def test_who_has_muted_the_microphone_is_not_told_that_it_is_silent() -> None:
    stage = Stage()
    stage.watch.opened(None)
    stage.line.mute()
    stage.block = bytes(640)
    stage.time.run(100)
    assert stage.said == []
