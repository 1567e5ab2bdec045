"""The line between a conversation and a device: it buffers, counts to the sample, empties at once, and is bounded."""

from __future__ import annotations

import math
import threading
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.audio.line import AudioLine
from agentframework.formats import AudioFormat

PCM = AudioFormat()
BLOCK = 320
MIB = 1024 * 1024


class Clock:
    """The seconds that a test says have passed."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def ramp(samples: int, start: int = 1) -> bytes:
    """Samples that are all different, and none of them silence."""
    return array("h", ((start + n) % 30000 + 1 for n in range(samples))).tobytes()


def make(clock: Clock | None = None, *, muted: bool = False, output: str = "pcm_16000") -> AudioLine:
    return AudioLine(PCM, AudioFormat.parse(output), muted=muted, clock=clock or Clock())


@given(
    chunks=st.lists(st.integers(0, 3000), min_size=1, max_size=6),
    reads=st.lists(st.integers(1, 1500), min_size=1, max_size=12),
)
def test_whatever_the_chunks_the_device_gets_every_sample_once_and_in_order(
    chunks: list[int], reads: list[int]
) -> None:
    clock = Clock()
    line = make(clock)
    speech = ramp(sum(chunks))
    at = 0
    for size in chunks:
        assert line.put(speech[2 * at : 2 * (at + size)]) == at
        at += size
    clock.now += 1
    got = b"".join(line.read_playback(frames) for frames in reads)
    assert len(got) == 2 * sum(reads)
    assert got == (speech + bytes(len(got)))[: len(got)]
    clock.now += 60
    assert line.heard == min(sum(chunks), sum(reads))
    assert line.received == sum(chunks)


def test_where_nothing_is_queued_the_device_gets_silence() -> None:
    line = make()
    assert line.read_playback(BLOCK) == bytes(2 * BLOCK)
    assert (line.heard, line.received, line.queued) == (0, 0, 0.0)


def test_the_position_is_that_of_the_sound_and_not_of_the_buffer() -> None:
    clock = Clock()
    line = make(clock)
    line.put(ramp(4800))
    line.read_playback(BLOCK, latency=0.1)
    assert line.heard == 0
    assert line.queued == pytest.approx(0.28)
    clock.now += 0.1
    assert line.heard == 0
    clock.now += 0.01
    assert line.heard == 160
    clock.now += 5
    assert line.heard == BLOCK


def test_an_interruption_empties_it_at_once_and_says_what_was_heard() -> None:
    clock = Clock()
    line = make(clock)
    line.put(ramp(48000))
    line.read_playback(BLOCK, latency=0.02)
    clock.now += 0.02
    line.read_playback(BLOCK, latency=0.02)
    assert line.clear() == 0
    assert line.read_playback(BLOCK) == bytes(2 * BLOCK)
    assert line.queued == 0.0
    begins = line.put(ramp(1600, start=20000))
    assert begins == 48000
    clock.now += 0.1
    assert line.read_playback(BLOCK) == ramp(1600, start=20000)[: 2 * BLOCK]
    clock.now += 1
    assert line.heard == begins + BLOCK


def test_what_was_heard_before_an_interruption_counts_to_the_sample() -> None:
    clock = Clock()
    line = make(clock)
    line.put(ramp(48000))
    line.read_playback(BLOCK, latency=0.04)
    line.read_playback(BLOCK, latency=0.06)
    clock.now += 0.065
    assert line.clear() == BLOCK + 80
    assert line.heard == 48000  # what is passed over lies behind


def test_a_short_first_chunk_waits_for_more_and_no_longer_than_60_ms() -> None:
    clock = Clock()
    line = make(clock)
    line.put(ramp(BLOCK))
    assert line.read_playback(BLOCK) == bytes(2 * BLOCK)
    clock.now += 0.06
    assert line.read_playback(BLOCK) == ramp(BLOCK)
    line.put(ramp(BLOCK))  # in time: the burst goes on
    assert line.read_playback(BLOCK) == ramp(BLOCK)


def test_a_gap_in_an_answer_is_an_underrun_and_a_pause_between_two_is_none() -> None:
    clock = Clock()
    line = make(clock)
    line.put(ramp(960))
    line.read_playback(1280)
    clock.now += 0.5
    line.put(ramp(960))
    assert line.counts["underruns"] == 1
    line.read_playback(1280)
    clock.now += 5
    line.put(ramp(960), is_final=True)
    line.read_playback(1280)
    clock.now += 0.5
    line.put(ramp(960))
    assert line.counts["underruns"] == 1


def test_of_more_than_16_mib_of_speech_the_oldest_chunks_are_dropped_and_counted() -> None:
    line = make()
    for number in range(20):
        line.put(array("h", [number + 1]).tobytes() * (MIB // 2))
    assert line.counts["dropped_chunks"] == 4
    assert line.read_playback(1) == array("h", [5]).tobytes()
    assert line.received == 20 * MIB // 2
    assert line.queued == pytest.approx((16 * MIB // 2 - 1) / 16000)


def test_half_a_sample_at_the_end_of_a_chunk_does_not_shift_what_follows() -> None:
    clock = Clock()
    line = make(clock)
    line.put(ramp(100) + b"\x01")
    line.put(ramp(100))
    clock.now += 1
    assert line.read_playback(200) == ramp(100) * 2


def test_while_the_device_is_lost_nothing_is_kept_for_later() -> None:
    clock = Clock()
    line = make(clock)
    line.put(ramp(1600))
    line.lose()
    line.put(ramp(1600))
    assert line.counts["dropped_chunks"] == 1
    line.find()
    begins = line.put(ramp(1600, start=50))
    clock.now += 1
    assert line.read_playback(1600) == ramp(1600, start=50)
    clock.now += 1
    assert line.heard == begins + 1600


def test_a_device_that_is_opened_anew_begins_with_the_rates_of_the_agent() -> None:
    line = make()
    line.use_rates(input_rate_hz=44100, output_rate_hz=48000)
    line.end_capture()
    line.end_playback()
    line.renew()
    assert (line.input_rate_hz, line.output_rate_hz) == (16000, 16000)
    assert (line.has_microphone, line.has_speaker) == (True, True)


def test_a_writer_without_a_clock_waits_until_there_is_something() -> None:
    line = AudioLine(PCM, PCM)
    assert not line.wait_for_playback(0)
    woken: list[bool] = []
    writer = threading.Thread(target=lambda: woken.append(line.wait_for_playback(10)))
    writer.start()
    line.put(ramp(BLOCK))
    writer.join(10)
    assert woken == [True]


def test_without_a_speaker_speech_passes_by_the_clock() -> None:
    clock = Clock()
    line = make(clock)
    line.end_playback()
    line.put(ramp(16000))
    clock.now += 0.25
    assert line.heard == pytest.approx(4000, abs=1)
    clock.now += 0.25
    assert line.clear() == pytest.approx(8000, abs=1)
    line.put(ramp(1600))
    clock.now += 9
    assert line.heard == line.received == 17600


@pytest.mark.parametrize("name", ["pcm_8000", "pcm_24000", "pcm_48000", "ulaw_8000"])
def test_a_device_with_a_rate_of_its_own_gets_as_many_seconds(name: str) -> None:
    clock = Clock()
    line = make(clock, output=name)
    source = AudioFormat.parse(name)
    line.use_rates(output_rate_hz=44100, input_rate_hz=44100)
    assert (line.output_rate_hz, line.input_rate_hz) == (44100, 44100)
    line.put(b"\x55" * source.size_bytes(1.0))
    clock.now += 0.1
    got = b""
    for _ in range(55):
        got += line.read_playback(882, latency=0.0)
        clock.now += 0.02
    assert len(got) == 55 * 1764
    assert len(got.rstrip(b"\0")) / 2 / 44100 == pytest.approx(1.0, abs=0.02)
    clock.now += 1
    assert line.heard == line.received == source.rate_hz


@pytest.mark.parametrize("latency", [math.nan, math.inf, -math.inf, 1e9, -3.0])
def test_what_a_device_says_of_its_latency_may_be_nonsense(latency: float) -> None:
    clock = Clock()
    line = make(clock)
    line.put(ramp(48000))
    assert line.read_playback(BLOCK, latency=latency) == ramp(BLOCK)
    line.write_capture(ramp(BLOCK), latency=latency)
    clock.now += 6
    assert line.heard == BLOCK
    assert line.clear() == BLOCK
    assert line.read_playback(BLOCK) == bytes(2 * BLOCK)


def test_a_device_that_wants_less_than_nothing_gets_nothing() -> None:
    line = make()
    line.put(ramp(4800))
    assert line.read_playback(-5) == b""
    assert line.read_playback(BLOCK) == ramp(BLOCK)


def test_a_chunk_without_a_sample_is_no_speech_and_may_still_be_the_last() -> None:
    clock = Clock()
    line = make(clock)
    line.put(ramp(960))
    line.read_playback(1280)
    clock.now += 0.3
    line.put(b"", is_final=True)
    clock.now += 0.3
    line.put(ramp(BLOCK))
    assert line.counts["underruns"] == 0
    assert line.read_playback(BLOCK) == bytes(2 * BLOCK)  # the head start is the next answer's own


class TestCapture:
    def test_blocks_come_out_in_order_and_wake_whoever_waits(self) -> None:
        woken: list[None] = []
        line = AudioLine(PCM, PCM, on_captured=lambda: woken.append(None))
        line.write_capture(ramp(BLOCK))
        line.write_capture(ramp(BLOCK, start=7))
        assert len(woken) == 2
        assert line.take_captured() == [ramp(BLOCK), ramp(BLOCK, start=7)]
        assert line.take_captured() == []

    def test_of_more_than_a_second_the_oldest_blocks_are_dropped_and_counted(self) -> None:
        line = make()
        for number in range(60):
            line.write_capture(ramp(BLOCK, start=number))
        assert line.take_captured() == [ramp(BLOCK, start=number) for number in range(10, 60)]
        assert line.counts["dropped_blocks"] == 10

    def test_a_block_of_more_than_a_second_is_not_lost(self) -> None:
        line = make()
        line.write_capture(ramp(40000))
        assert line.take_captured() == [ramp(40000)]

    def test_nothing_of_a_muted_span_comes_out_not_even_of_a_block_that_began_in_it(self) -> None:
        clock = Clock()
        line = make(clock)
        spoken = {}
        for number in range(20):  # a device that gives 20 ms every 20 ms, 30 ms late
            clock.now = 200 + number * 0.02
            if number == 5:
                line.mute()
            if number == 12:
                line.unmute()
            block = ramp(BLOCK, start=100 * number)
            spoken[block] = clock.now - 0.03 - 0.02  # when its first sample was said
            line.write_capture(block, latency=0.03)
        began = [round((spoken[block] - 200) / 0.02, 2) for block in line.take_captured()]
        assert began == [-2.5, -1.5, -0.5, 0.5, 1.5, 13.5, 14.5, 15.5, 16.5]

    def test_it_begins_muted_where_the_user_pushes_to_talk(self) -> None:
        clock = Clock()
        line = make(clock, muted=True)
        line.write_capture(ramp(BLOCK))
        assert line.muted
        assert line.take_captured() == []
        line.unmute()
        clock.now += 0.05
        line.write_capture(ramp(BLOCK))
        assert line.take_captured() == [ramp(BLOCK)]

    def test_digital_silence_is_told_from_sound(self) -> None:
        clock = Clock()
        line = make(clock)
        line.write_capture(ramp(BLOCK))
        clock.now += 5
        line.write_capture(bytes(640))
        assert (line.last_sound, line.last_capture) == (100.0, 105.0)

    def test_ulaw_is_what_the_agent_gets_who_asked_for_it(self) -> None:
        line = AudioLine(AudioFormat.parse("ulaw_8000"), PCM)
        assert line.input_rate_hz == 8000
        line.write_capture(bytes(320))
        assert line.take_captured() == [b"\xff" * 160]

    def test_an_error_within_never_reaches_the_device(self, caplog: pytest.LogCaptureFixture) -> None:
        def fail() -> None:
            raise RuntimeError("a bug")

        line = AudioLine(PCM, PCM, on_captured=fail)
        line.write_capture(ramp(BLOCK))
        line.write_capture(ramp(BLOCK))
        assert caplog.text.count("what the microphone hears is lost: RuntimeError") == 1


def test_a_fault_goes_to_whoever_holds_the_line_or_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    said: list[tuple[str, str]] = []
    AudioLine(PCM, PCM, on_fault=lambda device, problem: said.append((device, problem))).report_fault(
        "microphone", "unplugged"
    )
    assert said == [("microphone", "unplugged")]
    AudioLine(PCM, PCM).report_fault("speaker", "unplugged")
    assert "the speaker is lost: unplugged" in caplog.text
