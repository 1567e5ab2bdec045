"""Echo: what the microphone hears of the agent is not sent, what a user says over it is, and a canceller gets all."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from agentframework import AudioFormat, AudioLine, EchoControl
from agentframework.audio.echo import Duck, EchoMode, HalfDuplex, echo_control
from sound_recording import Samples, level_db, pcm, samples

RATE_HZ = 16_000
BLOCK = 320
AUDIBLE = -60.0
BOTH: tuple[EchoMode, ...] = ("half_duplex", "duck")


def speech(seconds: float, *, seed: int = 1, level: float = 0.12, rate_hz: int = RATE_HZ) -> Samples:
    """Noise with the rhythm of speech: syllables, and pauses of up to 200 ms, that begin loud."""
    noise = np.random.default_rng(seed)
    parts: list[Samples] = []
    lasts = 0.0
    while lasts < seconds:
        syllable, pause = noise.uniform(0.08, 0.25), noise.uniform(0.0, 0.2)
        count = round(syllable * rate_hz)
        colour = np.convolve(noise.standard_normal(count), np.ones(4) / 2, "same")
        swell = np.sin(np.pi * (np.arange(count) + 1) / (count + 1)) ** 0.3
        parts += [noise.uniform(0.4, 1.0) * level * swell * colour, np.zeros(round(pause * rate_hz))]
        lasts += syllable + pause
    return np.concatenate(parts)[: round(seconds * rate_hz)]


def heard_in_a_room(played: Samples, *, level_db: float = -10.0, delay: float = 0.12) -> Samples:
    """What a microphone hears of what is played: later, softer, and with a little noise of its own."""
    count = round(delay * RATE_HZ)
    echo = np.concatenate([np.zeros(count), played])[: len(played)] * 10 ** (level_db / 20)
    return echo + np.random.default_rng(9).standard_normal(len(echo)) * 10 ** (-70 / 20)


def through(
    echo: EchoControl, played: Samples, microphone: Samples, *, block: int = BLOCK
) -> tuple[Samples, list[float]]:
    """What is sent of what the microphone hears, and the gain that each played block would have had."""
    echo.start(RATE_HZ, RATE_HZ)
    sent, gains = [], []
    for at in range(0, min(len(played), len(microphone)), block):
        gains.append(echo.playback_gain)
        echo.played(pcm(played[at : at + block] * echo.playback_gain), 0.0)
        heard = pcm(microphone[at : at + block])
        sent.append(echo.captured(heard, 0.0))
        assert len(sent[-1]) == len(heard)
    return samples(b"".join(sent)), gains


def in_a_room(
    echo: EchoControl, played: Samples, user: Samples, *, level_db: float = -10.0, late: int = 6
) -> tuple[Samples, Samples, list[float]]:
    """The same where a lowered playback gives a lower echo; also what the microphone heard. `late` is in blocks."""
    echo.start(RATE_HZ, RATE_HZ)
    air = [np.zeros(BLOCK)] * late
    sent, heard, gains = [], [], []
    for speaker, voice in zip(blocks(played), blocks(user), strict=True):
        gains.append(echo.playback_gain)
        air.append(speaker * echo.playback_gain)
        echo.played(pcm(air[-1]), 0.0)
        heard.append(pcm(air[-1 - late] * 10 ** (level_db / 20) + voice))
        sent.append(echo.captured(heard[-1], 0.0))
    return samples(b"".join(sent)), samples(b"".join(heard)), gains


def blocks(values: Samples) -> Iterator[Samples]:
    return (values[at : at + BLOCK] for at in range(0, len(values) - BLOCK + 1, BLOCK))


@pytest.fixture(params=BOTH)
def gate(request: pytest.FixtureRequest) -> EchoControl:
    made = echo_control(request.param)
    assert made is not None
    return made


def test_the_word_of_the_config_says_which_one() -> None:
    assert echo_control("off") is None
    assert isinstance(echo_control("half_duplex"), HalfDuplex)
    assert isinstance(echo_control("duck"), Duck)
    own = HalfDuplex()
    assert echo_control(own) is own


@pytest.mark.parametrize("level", [-30.0, -20.0, -10.0, -6.0])
@pytest.mark.parametrize("delay", [0.02, 0.12, 0.24])
def test_c7_of_a_long_speech_no_block_is_sent_in_half_duplex(level: float, delay: float) -> None:
    played = speech(30)
    sent, gains = through(HalfDuplex(), played, heard_in_a_room(played, level_db=level, delay=delay))
    begun = round(0.02 * RATE_HZ)  # the ramp down, before any echo can be there
    assert not np.any(sent[begun:])
    assert set(gains) == {1.0}


@pytest.mark.parametrize("block", [37, 160, 960, 4000])
def test_the_length_of_a_device_s_blocks_does_not_matter(block: int) -> None:
    played = speech(15)
    sent, _ = through(HalfDuplex(), played, heard_in_a_room(played), block=block)
    assert not np.any(sent[4000:])


def test_in_duck_the_echo_is_20_db_lower() -> None:
    played = speech(20)
    microphone = heard_in_a_room(played)
    sent, gains = through(Duck(), played, microphone)
    assert level_db(sent) == pytest.approx(level_db(microphone) - 20, abs=0.3)
    assert set(gains) == {1.0}


def test_a_user_who_is_louder_is_sent_at_once_and_whole(gate: EchoControl) -> None:
    played, user = speech(8), np.zeros(8 * RATE_HZ)
    begins = 4 * RATE_HZ
    says = speech(0.6, seed=5, level=0.5)
    user[begins : begins + len(says)] = says
    sent, heard, gains = in_a_room(gate, played, user)
    said = slice(begins, begins + len(says))
    assert np.array_equal(sent[said], heard[said])
    closed = slice(begins + len(says) + round(0.45 * RATE_HZ), None)
    assert level_db(sent[closed]) < level_db(heard[closed]) - 19
    first, last = begins // BLOCK, (begins + len(says)) // BLOCK
    assert set(gains[: first + 1]) == {1.0}
    assert set(gains[first + 1 : last]) == {0.25 if isinstance(gate, Duck) else 1.0}
    assert set(gains[last + 25 :]) == {1.0}


def test_the_gate_stays_open_in_the_pauses_of_a_user(gate: EchoControl) -> None:
    played = speech(8)
    microphone = heard_in_a_room(played, level_db=-30)
    for at in (4.0, 4.4, 4.8):
        begins = round(at * RATE_HZ)
        microphone[begins : begins + RATE_HZ // 10] += speech(0.1, seed=6, level=0.4)
    sent, _ = through(gate, played, microphone)
    said = slice(4 * RATE_HZ, round(4.9 * RATE_HZ))
    assert np.array_equal(sent[said], samples(pcm(microphone[said])))


def test_where_the_microphone_hardly_hears_the_agent_a_normal_voice_gets_through(gate: EchoControl) -> None:
    played = speech(8)
    says = speech(1.0, seed=7, level=0.06)  # softer than the agent
    microphone = heard_in_a_room(played, level_db=-35)
    microphone[4 * RATE_HZ : 5 * RATE_HZ] += says
    sent, _ = through(gate, played, microphone)
    assert level_db(sent[4 * RATE_HZ : 5 * RATE_HZ]) == pytest.approx(level_db(says), abs=1.0)


@pytest.mark.parametrize("swells", [0.02, 0.1, 0.2])
def test_a_voice_that_swells_is_no_echo(gate: EchoControl, swells: float) -> None:
    """While it is softer than what opens the gate it must not raise what that takes."""
    played = 0.35 * np.sqrt(2) * np.sin(np.arange(3 * RATE_HZ) * 2 * np.pi * 440 / RATE_HZ)
    user = np.zeros(3 * RATE_HZ)
    at = np.arange(RATE_HZ) / RATE_HZ
    user[RATE_HZ // 2 : 3 * RATE_HZ // 2] = 0.7 * np.minimum(1.0, at / swells) * np.sin(2 * np.pi * 1200 * at)
    sent, heard, _ = in_a_room(gate, played, user, level_db=-12)
    said = slice(round((0.5 + swells) * RATE_HZ), 3 * RATE_HZ // 2)
    assert np.array_equal(sent[said], heard[said])


def test_an_echo_that_has_grown_is_not_taken_for_a_user_for_long() -> None:
    played = speech(20)
    microphone = np.concatenate(
        [
            heard_in_a_room(played[: 8 * RATE_HZ], level_db=-30),
            heard_in_a_room(played[8 * RATE_HZ :], level_db=-14),
        ]
    )
    sent, _ = through(HalfDuplex(), played, microphone)
    assert np.any(sent[8 * RATE_HZ : 10 * RATE_HZ])  # there is no telling yet
    assert not np.any(sent[14 * RATE_HZ :])


def test_a_quiet_user_is_sent_untouched_while_the_agent_is_silent(gate: EchoControl) -> None:
    whisper = speech(2, level=0.002)
    sent, _ = through(gate, np.zeros(len(whisper)), whisper)
    assert np.array_equal(sent, samples(pcm(whisper)))


def test_the_microphone_is_open_again_soon_after_the_agent_has_stopped(gate: EchoControl) -> None:
    played = np.concatenate([speech(2), np.zeros(RATE_HZ)])
    whisper = speech(3, seed=8, level=0.003)
    sent, _ = through(gate, played, whisper)
    ends = np.flatnonzero(played)[-1]
    opens = ends + round(0.32 * RATE_HZ)
    assert np.array_equal(sent[opens:], samples(pcm(whisper))[opens:])
    closed = slice(ends, ends + round(0.2 * RATE_HZ))
    assert level_db(sent[closed]) < level_db(whisper[closed]) - 15


def test_a_device_that_sounds_late_is_waited_for() -> None:
    played = np.concatenate([speech(3), np.zeros(2 * RATE_HZ)])
    microphone = heard_in_a_room(played, delay=0.6)
    echo = HalfDuplex()
    echo.start(RATE_HZ, RATE_HZ)
    sent = []
    for heard, block in zip(blocks(microphone), blocks(played), strict=True):
        echo.played(pcm(block), 0.55)
        sent.append(echo.captured(pcm(heard), 0.02))
    audible = [level_db(samples(block)) for block in sent[1:]]
    assert max(audible) < AUDIBLE


def test_the_rates_may_differ_and_a_second_start_forgets_the_first() -> None:
    echo = HalfDuplex()
    echo.start(8_000, 8_000)
    echo.played(pcm(speech(1, rate_hz=8_000)), 0.0)
    echo.captured(pcm(speech(1, rate_hz=8_000)), 0.0)
    echo.start(48_000, 22_050)
    whisper = pcm(np.full(960, 0.001))
    assert echo.captured(whisper, 0.0) == whisper
    loud = speech(3, rate_hz=22_050)
    heard = [whisper]
    for at in range(0, len(loud), 441):
        echo.played(pcm(loud[at : at + 441]), 0.0)
        heard.append(echo.captured(whisper, 0.0))
    assert not any(b"".join(heard[2:]))


@pytest.mark.parametrize("latency", [-1.0, 1e12])
def test_a_latency_beyond_reason_does_not_close_the_microphone_for_good(latency: float) -> None:
    echo = HalfDuplex()
    echo.start(RATE_HZ, RATE_HZ)
    echo.played(pcm(speech(0.02)), latency)
    whisper = pcm(np.full(BLOCK, 0.001))
    heard = [echo.captured(whisper, latency) for _ in range(150)]
    assert heard[-1] == whisper


def test_speaker_and_microphone_may_be_two_threads(gate: EchoControl) -> None:
    played, microphone = speech(20), speech(20, seed=3, level=0.01)
    gate.start(RATE_HZ, RATE_HZ)
    failures: list[BaseException] = []

    def drive(work: Callable[[bytes], object], values: Samples) -> None:
        try:
            for block in blocks(values):
                work(pcm(block))
        except BaseException as error:  # noqa: BLE001 - the test shows it
            failures.append(error)

    threads = [
        threading.Thread(target=drive, args=(lambda block: gate.played(block, 0.0), played)),
        threading.Thread(target=drive, args=(lambda block: gate.captured(block, 0.0), microphone)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures


class Clock:
    """The seconds that a test says have passed."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Canceller(EchoControl):
    """An adaptive filter (block NLMS in the frequency domain) as somebody would bring it."""

    TAPS = 2048

    def __init__(self) -> None:
        self.reference = b""
        self.rates = (0, 0)
        self._weights = np.zeros(self.TAPS + 1, dtype=np.complex128)
        self._history = np.zeros(2 * self.TAPS)
        self._power = np.full(self.TAPS + 1, 1e-3)
        self._waiting: list[Samples] = []

    def start(self, input_rate_hz: int, output_rate_hz: int) -> None:
        self.rates = (input_rate_hz, output_rate_hz)

    def played(self, pcm: bytes, latency: float) -> None:
        self.reference += pcm
        self._waiting.append(samples(pcm))

    def captured(self, pcm: bytes, latency: float) -> bytes:
        heard = samples(pcm)
        played = np.concatenate([*self._waiting, np.zeros(0)])
        self._waiting.clear()
        assert len(played) == len(heard)
        self._history = np.concatenate([self._history, played])[-2 * self.TAPS :]
        spectrum = np.fft.rfft(self._history)
        echo = np.fft.irfft(spectrum * self._weights)[-len(heard) :]
        rest = heard - echo
        padded = np.concatenate([np.zeros(2 * self.TAPS - len(rest)), rest])
        self._power += 0.1 * (np.abs(spectrum) ** 2 - self._power)
        step = np.fft.irfft(np.conj(spectrum) * np.fft.rfft(padded) / (self._power + 1e-2))
        step[self.TAPS :] = 0
        self._weights += 0.5 * np.fft.rfft(step)
        return np.clip(np.rint(rest * 32768), -32768, 32767).astype("<i2").tobytes()


def test_a_canceller_gets_what_is_played_sample_for_sample_and_takes_the_echo_away() -> None:
    clock, canceller = Clock(), Canceller()
    line = AudioLine(AudioFormat(), AudioFormat(), echo=canceller, clock=clock)
    assert canceller.rates == (RATE_HZ, RATE_HZ)
    line.put(pcm(speech(12)))
    clock.now += 0.1
    speaker, sounding = b"", np.zeros(BLOCK * 4)
    heard: list[Samples] = []
    for _ in range(600):
        block = line.read_playback(BLOCK)
        speaker += block
        sounding = np.concatenate([sounding, samples(block)])[-BLOCK * 4 :]
        echo = 0.3 * sounding[-BLOCK - 400 : -400] + 0.1 * sounding[-BLOCK - 620 : -620]
        heard.append(echo)
        line.write_capture(pcm(echo))
        clock.now += 0.02
        heard_by_agent = line.take_captured()
        assert [len(one) for one in heard_by_agent] == [2 * BLOCK]
        heard[-1] = np.concatenate([echo, samples(heard_by_agent[0])])
    assert canceller.reference == speaker
    echo_then = np.concatenate([both[:BLOCK] for both in heard[400:]])
    rest_then = np.concatenate([both[BLOCK:] for both in heard[400:]])
    assert level_db(rest_then) < level_db(echo_then) - 15


class TestOnTheLine:
    def test_while_a_loud_user_talks_what_is_played_is_lowered_and_nothing_clicks(self) -> None:
        clock = Clock()
        line = AudioLine(AudioFormat(), AudioFormat(), echo=Duck(), clock=clock)
        at = np.arange(RATE_HZ * 4) / RATE_HZ
        line.put(pcm(0.2 * np.sin(2 * np.pi * 200 * at)))
        clock.now += 0.1
        speaker = b""
        for number in range(150):
            speaker += line.read_playback(BLOCK)
            is_loud = 50 <= number < 75
            line.write_capture(pcm(np.full(BLOCK, 0.5 if is_loud else 0.001)))
            clock.now += 0.02
        played = samples(speaker)
        levels = [level_db(block) for block in blocks(played)]
        assert levels[40] == pytest.approx(level_db(played[:BLOCK]), abs=0.1)
        assert levels[60] == pytest.approx(levels[40] - 12.04, abs=0.1)
        assert levels[110] == pytest.approx(levels[40], abs=0.1)
        steepest = 0.2 * 2 * math.pi * 200 / RATE_HZ
        assert np.max(np.abs(np.diff(played))) < 1.2 * steepest

    def test_an_odd_number_of_bytes_does_not_shift_the_samples(self) -> None:
        said = pcm(speech(1.0))
        line = AudioLine(AudioFormat(), AudioFormat(), echo=Duck())
        for at in range(0, len(said), 333):
            line.write_capture(said[at : at + 333])
        assert b"".join(line.take_captured()) == said

    def test_ulaw_that_a_source_brings_itself_is_gated_too(self) -> None:
        ulaw = AudioFormat.parse("ulaw_8000")
        clock = Clock()
        line = AudioLine(ulaw, ulaw, echo=HalfDuplex(), clock=clock)
        line.put(b"\x20" * 8000)
        clock.now += 0.1
        for _ in range(10):
            line.read_playback(160)
            line.write_encoded(b"\x60" * 160)
        *_, last = line.take_captured()
        assert last == b"\xff" * 160

    def test_where_nobody_reads_the_clock_says_what_is_played(self) -> None:
        clock = Clock()
        line = AudioLine(AudioFormat(), AudioFormat(), echo=HalfDuplex(), clock=clock)
        line.end_playback()
        line.put(pcm(speech(1.0)))
        for _ in range(40):
            clock.now += 0.02
            line.write_capture(pcm(np.full(BLOCK, 0.002)))
        blocks_then = line.take_captured()
        assert not any(b"".join(blocks_then[2:]))
        for _ in range(40):
            clock.now += 0.02
            line.write_capture(pcm(np.full(BLOCK, 0.002)))
        assert line.take_captured()[-1] == pcm(np.full(BLOCK, 0.002))

    def test_echo_control_that_fails_is_said_once_and_never_reaches_the_device(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Broken(HalfDuplex):
            def played(self, pcm: bytes, latency: float) -> None:
                raise RuntimeError("a bug")

        line = AudioLine(AudioFormat(), AudioFormat(), echo=Broken())
        for _ in range(3):
            assert line.read_playback(BLOCK) == bytes(2 * BLOCK)
        assert caplog.text.count("echo control fails: RuntimeError") == 1
