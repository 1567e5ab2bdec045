"""Ten minutes of conversation through real devices: nothing drifts, nothing grows, nothing is lost."""

from __future__ import annotations

import ctypes
import gc
import statistics
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from sound_recording import Recording, phase_residue, tone
from sound_server import SoundServer
from sound_stage import Stage, on_stage

pytestmark = [pytest.mark.sound, pytest.mark.soak, pytest.mark.timeout(900)]

RATE_HZ = 16_000
MINUTES = 10
CHUNK = 0.25
CHUNKS = 120  # half a minute of speech
DEVICE_BUFFER = 0.06
MOST_GROWTH_KIB = 6_000


@dataclass
class Measured:
    """What was seen, minute by minute."""

    ahead: list[float] = field(
        default_factory=list
    )  # the position, before what the clock says should be heard
    residues: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)  # from a chunk's departure to its sound
    silences: list[float] = field(default_factory=list)
    unlike: list[float] = field(default_factory=list)  # what was said to be heard, less what was
    behind: list[float] = field(default_factory=list)  # what was heard, compared with the clock
    memory_kib: list[int] = field(default_factory=list)


def memory_kib() -> int:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what the measures themselves have used and given back
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


def speak_for_long(recording: Recording, stage: Stage, event_id: int, measured: Measured) -> None:
    """Half a minute of one tone, in chunks that come at the pace of speech; where is the position all the while?"""
    assert stage.session is not None
    assert stage.session.sound is not None
    line = stage.session.sound._line
    assert line is not None
    chunk = tone(1_000, CHUNK * CHUNKS, RATE_HZ)
    size = line.output_format.size_bytes(CHUNK)
    origin = line.heard
    silent = recording.wait_for_silence(0.2)
    for number in range(2):
        stage.say(event_id, chunk[number * size : (number + 1) * size])
    begun = recording.wait_for_sound(after=silent + 0.02)
    ahead = []
    for number in range(2, CHUNKS):
        recording.wait_until(begun + (number - 2) * CHUNK + 0.05)
        stage.say(event_id, chunk[number * size : (number + 1) * size], is_final=number == CHUNKS - 1)
        now = time.monotonic()
        ahead.append((line.heard - origin) / RATE_HZ - (now - begun))
    measured.ahead.append(statistics.median(ahead))
    recording.wait_for_silence(0.2)
    ended = recording.sounds(after=begun - 0.01)[-1].ends
    inner = recording.samples(begun + 0.02, ended - 0.02)
    measured.residues.append(phase_residue(inner, recording.rate_hz))
    (played,) = [event for event in stage.events.wait_for("answer_played") if event.event_id == event_id]
    measured.unlike.append(played.heard_ms / 1000 - (ended - begun))


def answer(
    recording: Recording, stage: Stage, event_id: int, measured: Measured, *, interrupted: bool
) -> None:
    """An answer of a second and a half, which the user may interrupt."""
    silent = recording.wait_for_silence(0.2)
    said = time.monotonic()
    for number in range(6):
        stage.say(event_id, tone(600, CHUNK, RATE_HZ), is_final=number == 5)
    begun = recording.wait_for_sound(after=silent + 0.02)
    measured.delays.append(begun - said)
    if interrupted:
        recording.wait_until(begun + 0.6)
        at = stage.interrupt(event_id)
        measured.silences.append(recording.wait_for_silence(0.2) - at)
    recording.wait_for_silence(0.2)
    sounds = recording.sounds(after=begun - 0.01)
    played = stage.events.wait_for("answer_played", len(stage.events.of("answer_played")))
    while played[-1].event_id != event_id:
        played = stage.events.wait_for("answer_played", len(played) + 1)
    measured.unlike.append(played[-1].heard_ms / 1000 - (sounds[-1].ends - begun))


def one_minute(server: SoundServer, stage: Stage, event_ids: count[int], measured: Measured) -> None:
    with server.record(rate_hz=RATE_HZ) as recording:
        speak_for_long(recording, stage, next(event_ids), measured)
        for number in range(10):
            answer(recording, stage, next(event_ids), measured, interrupted=number % 3 == 0)
    stage.wait_for_audio(0.02)
    measured.behind.append(stage.behind())
    stage.forget()
    measured.memory_kib.append(memory_kib())


def test_ten_minutes_without_drift_or_growth(sound_server: SoundServer) -> None:
    measured, event_ids = Measured(), count(1)
    with on_stage() as stage:
        over = time.monotonic() + 60 * MINUTES
        while time.monotonic() < over:
            one_minute(sound_server, stage, event_ids, measured)
        assert stage.session is not None
        sound = stage.session.sound
        assert sound is not None
        assert sound._line is not None
        counts, waiting = dict(sound.counts), sound._line.queued
    for name, values in vars(measured).items():
        print(f"{name}: {[round(value, 3) for value in values]}")
    print(f"counts: {counts}")
    assert len(measured.ahead) >= MINUTES - 1

    assert waiting == 0
    assert counts.get("dropped_blocks", 0) == counts.get("dropped_chunks", 0) == 0
    assert max(measured.ahead) - min(measured.ahead) < DEVICE_BUFFER
    assert abs(measured.ahead[0]) < 2 * DEVICE_BUFFER
    whole = [residue for residue in measured.residues if residue < 0.1]
    # others may keep the machine busy for longer than a device buffer lasts, and then a span has a gap
    assert len(whole) >= 2 / 3 * len(measured.residues), "samples are lost"
    fifth = len(measured.delays) // 5
    first, last = measured.delays[:fifth], measured.delays[-fifth:]
    assert statistics.median(last) - statistics.median(first) < 0.03
    assert statistics.median(measured.silences) < 0.1
    assert statistics.quantiles(map(abs, measured.unlike), n=20)[-1] < DEVICE_BUFFER + 0.02
    assert abs(statistics.median(measured.behind[-3:]) - statistics.median(measured.behind[:3])) < 0.1
    assert measured.memory_kib[-1] - measured.memory_kib[1] < MOST_GROWTH_KIB
