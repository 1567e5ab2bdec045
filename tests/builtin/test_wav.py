"""A file is heard sample for sample and one is written that others can read, in time and faster, whatever happens."""

from __future__ import annotations

import gc
import itertools
import logging
import os
import resource
import signal
import struct
import subprocess
import sys
import threading
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentframework import App, AudioError, AudioFormat, AudioLine
from agentframework.builtin.pace import Pace
from agentframework.builtin.wav_backend import WavBackend
from agentframework.builtin.wav_reader import WavReader
from agentframework.builtin.wav_writer import WavWriter
from config_files import load
from line_wire import PCM, Wire
from sound_files import read_wav, tone, wav_bytes, write_wav

LIMIT = 10.0


@pytest.fixture
def backends() -> Iterator[list[WavBackend]]:
    started: list[WavBackend] = []
    yield started
    for backend in started:
        backend.stop()


class TestReading:
    def mono(self, path: Path) -> array[int]:
        reader = WavReader(path)
        samples = array("h", b"".join(iter(lambda: reader.read(7), b"")))
        reader.close()
        return samples

    @pytest.mark.parametrize("codec", [1, 0xFFFE])
    @pytest.mark.parametrize(
        ("bits", "data", "samples"),
        [
            (8, bytes([128, 255, 0, 129]), [0, 127 << 8, -128 << 8, 1 << 8]),
            (16, array("h", [0, 1, -1, 32767]).tobytes(), [0, 1, -1, 32767]),
            (24, b"\0\0\0\xff\xff\x7f\x00\x00\x80\x80\x01\x00", [0, 32767, -32768, 1]),
            (32, array("i", [0, 1 << 16, -1 << 16, 0x7FFFFFFF]).tobytes(), [0, 1, -1, 32767]),
        ],
    )
    def test_pcm_of_any_width_is_read(
        self, tmp_path: Path, codec: int, bits: int, data: bytes, samples: list[int]
    ) -> None:
        (tmp_path / "in.wav").write_bytes(wav_bytes(data, bits=bits, codec=codec))
        assert list(self.mono(tmp_path / "in.wav")) == samples

    @given(
        st.lists(st.tuples(*[st.integers(-32768, 32767)] * 3), max_size=50),
        st.integers(1, 3),
        st.sampled_from([None, 0, 0xFFFFFFFF, 0x7FFFFFFF]),
    )
    @settings(max_examples=50, deadline=None)
    def test_channels_are_mixed_and_a_wrong_length_does_no_harm(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        frames: list[tuple[int, ...]],
        channels: int,
        size: int | None,
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "mixed.wav"
        data = array("h", itertools.chain.from_iterable(frame[:channels] for frame in frames)).tobytes()
        path.write_bytes(wav_bytes(data, channels=channels, size=size))
        assert list(self.mono(path)) == [sum(frame[:channels]) // channels for frame in frames]

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"", "is no WAV file"),
            (b"ID3\4" + bytes(100), "is no WAV file"),
            (wav_bytes(b"", codec=3, bits=32), "holds floating point"),
            (wav_bytes(b"", codec=7, bits=8), "holds u-law"),
            (wav_bytes(b"", codec=999), "holds codec 999"),
            (wav_bytes(b"", bits=12), "holds 12 bit"),
            (wav_bytes(b"", channels=0), "holds 16 bit|PCM"),
            (wav_bytes(b"")[:30], "PCM|without sound"),
            (wav_bytes(b"abcd")[:40], "without sound"),
        ],
    )
    def test_what_cannot_be_read_is_said_with_what_would_help(
        self, tmp_path: Path, content: bytes, problem: str
    ) -> None:
        (tmp_path / "in.wav").write_bytes(content)
        with pytest.raises(AudioError, match=f"in.wav .*({problem})"):
            WavReader(tmp_path / "in.wav")

    def test_a_file_that_is_not_there_or_a_folder_is_said(self, tmp_path: Path) -> None:
        for path, problem in ((tmp_path / "none.wav", "No such file"), (tmp_path, "Is a directory")):
            with pytest.raises(AudioError, match=f"cannot read .*{problem}"):
                WavReader(path)


class TestWriting:
    @pytest.mark.parametrize("use", [WavReader, lambda path: WavWriter(path, 16000)], ids=["input", "output"])
    def test_a_pipe_with_nobody_at_its_other_end_is_not_waited_for(
        self, tmp_path: Path, use: Callable[[Path], object]
    ) -> None:
        os.mkfifo(tmp_path / "pipe.wav")
        with pytest.raises(AudioError, match="it is a pipe; the audio backend pipe"):
            use(tmp_path / "pipe.wav")

    @pytest.mark.parametrize("rate_hz", [1, 4_000_000_000])
    def test_a_rate_that_nothing_has_is_no_audio(self, tmp_path: Path, rate_hz: int) -> None:
        header = struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, 1, 1, rate_hz, 0, 2, 16, b"data", 100)
        (tmp_path / "in.wav").write_bytes(b"RIFF\0\0\0\0WAVE" + header + bytes(100))
        with pytest.raises(AudioError, match=f"{rate_hz} samples a second: its header is damaged"):
            WavReader(tmp_path / "in.wav")

    def test_a_file_can_be_read_while_it_is_written_and_after_its_writer_was_killed(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "out.wav"
        program = (
            "import sys, time\nfrom pathlib import Path\n"
            "from agentframework.builtin.wav_writer import WavWriter\n"
            f"writer = WavWriter(Path({str(path)!r}), 16000)\n"
            "for n in range(110): writer.write(bytes([n, 1]) * 320)\n"
            "print('written', flush=True)\ntime.sleep(60)\n"
        )
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"written\n"
            writer.send_signal(signal.SIGKILL)
        rate_hz, pcm = read_wav(path)
        assert rate_hz == 16000
        assert len(pcm) >= 64000, "all but the last second"
        assert pcm[:64000] == b"".join(bytes([n, 1]) * 320 for n in range(110))[:64000]

    def test_what_was_written_before_is_replaced_or_continued(self, tmp_path: Path) -> None:
        path = tmp_path / "new folder" / "out.wav"
        for continues, whole in ((True, b"abcd"), (True, b"abcdabcd"), (False, b"abcd")):
            writer = WavWriter(path, 8000, continues=continues)
            writer.write(b"abcd")
            writer.close()
            writer.close()
            assert read_wav(path) == (8000, whole)

    def test_two_conversations_do_not_write_one_file(self, tmp_path: Path) -> None:
        path = tmp_path / "out.wav"
        first = WavWriter(path, 16000)
        first.write(tone(0.1))
        with pytest.raises(
            AudioError, match=r"another conversation writes it now; give each a file of its own"
        ):
            WavWriter(path, 16000)
        first.close()
        assert read_wav(path) == (16000, tone(0.1))
        WavWriter(path, 16000).close()
        assert read_wav(path) == (16000, b"")

    def test_what_is_no_file_takes_the_sound_too(self) -> None:
        writer = WavWriter(Path(os.devnull), 16000)
        writer.write(tone(0.1))
        writer.close()

    def test_a_file_that_cannot_be_written_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(AudioError, match=r"cannot write .*: Is a directory"):
            WavWriter(tmp_path, 8000)

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk by name is Linux's own")
    def test_a_disk_that_is_full_is_said_and_nothing_stays_open(self) -> None:
        with pytest.raises(AudioError, match=r"cannot write /dev/full: No space left on device"):
            WavWriter(Path("/dev/full"), 8000)
        gc.collect()  # a file that is still open warns, which is an error


class TestPace:
    @given(st.integers(4000, 400_000))
    def test_fifty_turns_have_the_samples_of_a_second(self, rate_hz: int) -> None:
        pace = Pace(threading.Event())
        frames = []
        for turn in range(50):
            pace._turn = turn
            frames.append(pace.frames(rate_hz))
        assert sum(frames) == rate_hz
        assert max(frames) - min(frames) <= 1

    def test_it_does_not_catch_up_with_what_it_has_slept_through(self) -> None:
        over = threading.Event()
        pace = Pace(over)
        pace._due -= 100
        assert pace.wait()
        over.set()
        assert not pace.wait(), "100 s of turns are not made up for"


class TestTheMicrophone:
    def test_it_hears_the_file_sample_for_sample_in_blocks_of_20_ms_and_then_silence(
        self, tmp_path: Path, backends: list[WavBackend]
    ) -> None:
        said, wire = tone(0.5)[:-100], Wire()
        backends.append(WavBackend(write_wav(tmp_path / "in.wav", said), None))
        backends[0].start(wire.line)
        assert not wire.line.has_speaker
        wire.wait(lambda: len(wire.heard) >= 32000)
        assert wire.heard.startswith(said)
        assert not wire.heard[len(said) :].strip(b"\0"), "silence follows, by which the agent hears the end"
        assert set(wire.blocks) == {640}
        assert not wire.line.has_microphone, "digital silence is no fault now"

    def test_a_file_of_another_rate_is_converted(self, tmp_path: Path, backends: list[WavBackend]) -> None:
        wire = Wire(AudioFormat("ulaw", 8000))
        backends.append(WavBackend(write_wav(tmp_path / "in.wav", tone(2.0, 44100), 44100), None))
        backends[0].start(wire.line)
        wire.wait(lambda: len(wire.heard) >= 8000)
        loud = [byte & 0x7F for byte in wire.heard[1000:8000]]
        rising = sum(1 for a, b in itertools.pairwise(wire.heard[1000:8000]) if a < 0x80 <= b)
        assert min(loud) < 0x30
        assert rising == pytest.approx(440 * 7000 / 8000, abs=3)

    def test_it_begins_anew_at_the_end_without_a_gap(
        self, tmp_path: Path, backends: list[WavBackend]
    ) -> None:
        said, wire = tone(0.05), Wire()
        backends.append(WavBackend(write_wav(tmp_path / "in.wav", said), None, repeat=True))
        backends[0].start(wire.line)
        wire.wait(lambda: len(wire.heard) >= 4 * len(said))
        assert wire.heard.startswith(4 * said)
        assert wire.line.has_microphone

    def test_an_empty_file_is_silence(self, tmp_path: Path, backends: list[WavBackend]) -> None:
        wire = Wire()
        backends.append(WavBackend(write_wav(tmp_path / "in.wav", b""), None, repeat=True))
        backends[0].start(wire.line)
        wire.wait(lambda: len(wire.heard) >= 1280)
        assert not wire.heard.strip(b"\0")

    def test_it_goes_on_where_it_was_when_it_is_started_again(
        self, tmp_path: Path, backends: list[WavBackend]
    ) -> None:
        said, wire = tone(1.0, hz=13), Wire()
        backends.append(WavBackend(write_wav(tmp_path / "in.wav", said), tmp_path / "out.wav"))
        for seconds in (0.2, 0.4):
            backends[0].start(wire.line)
            wire.wait(lambda seconds=seconds: len(wire.heard) > 32000 * seconds)  # type: ignore[misc]
            backends[0].stop()
        assert said.startswith(bytes(wire.heard))
        assert len(read_wav(tmp_path / "out.wav")[1]) == len(wire.heard)


class TestFasterThanTime:
    def test_all_of_a_long_file_is_heard_and_nothing_dropped(
        self, tmp_path: Path, backends: list[WavBackend]
    ) -> None:
        said, wire = tone(30.0, hz=13), Wire()
        backends.append(WavBackend(write_wav(tmp_path / "in.wav", said), None, realtime=False))
        backends[0].start(wire.line)
        wire.wait(lambda: len(wire.heard) >= len(said))
        assert wire.heard.startswith(said)
        assert not wire.line.counts["dropped_blocks"]

    def test_it_waits_for_a_wire_that_is_busy(self, tmp_path: Path, backends: list[WavBackend]) -> None:
        said = tone(5.0, hz=13)
        given = threading.Event()
        line = AudioLine(PCM, PCM, on_captured=lambda: given.set() if line.waiting >= 0.3 else None)
        backends.append(WavBackend(write_wav(tmp_path / "in.wav", said), None, realtime=False))
        backends[0].start(line)
        heard = b""
        while len(heard) < len(said):
            if line.has_microphone:
                assert given.wait(LIMIT)
                given.clear()
            heard += b"".join(line.take_captured())
        assert heard.startswith(said)
        assert not line.counts["dropped_blocks"]

    @pytest.mark.parametrize("output_format", [PCM, AudioFormat("pcm", 44100)])
    def test_the_output_is_all_that_was_said_and_nothing_else(
        self, tmp_path: Path, backends: list[WavBackend], output_format: AudioFormat
    ) -> None:
        wire = Wire(output_format=output_format)
        backends.append(WavBackend(None, tmp_path / "out.wav", realtime=False))
        backends[0].start(wire.line)
        answers = [tone(seconds, output_format.rate_hz) for seconds in (3.0, 0.03, 0.5)]
        for said in answers:
            for at in range(0, len(said), 5000):
                wire.line.put(said[at : at + 5000])
            deadline = threading.Event()
            while wire.line.queued:
                assert not deadline.wait(0.01)
        backends[0].stop()
        assert read_wav(tmp_path / "out.wav") == (output_format.rate_hz, b"".join(answers))

    def test_a_speaker_that_has_nothing_to_write_is_not_taken_for_dead(
        self, tmp_path: Path, backends: list[WavBackend]
    ) -> None:
        wire = Wire()
        backends.append(WavBackend(None, tmp_path / "out.wav", realtime=False))
        backends[0].start(wire.line)
        for _ in range(3):
            before = wire.line.clock()
            while (wire.line.last_playback or 0.0) <= before:
                assert wire.line.clock() - before < LIMIT
                threading.Event().wait(0.005)


class TestTheSpeaker:
    def test_the_output_is_a_timeline_with_silence_where_nobody_spoke(
        self, tmp_path: Path, backends: list[WavBackend]
    ) -> None:
        wire, said = Wire(), tone(0.3)
        backends.append(WavBackend(None, tmp_path / "out.wav"))
        backends[0].start(wire.line)
        began = wire.line.clock()
        threading.Event().wait(0.2)
        wire.line.put(said)
        while wire.line.queued:
            threading.Event().wait(0.01)
        threading.Event().wait(0.1)
        backends[0].stop()
        lasted = wire.line.clock() - began
        rate_hz, pcm = read_wav(tmp_path / "out.wav")
        assert rate_hz == 16000
        assert said in pcm
        assert pcm.index(said) / 32000 >= 0.15
        assert len(pcm) / 32000 == pytest.approx(lasted, abs=0.5)

    def test_a_disk_that_is_full_is_a_fault_and_no_hang(
        self, tmp_path: Path, backends: list[WavBackend], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING)
        wire = Wire()
        backends.append(WavBackend(None, tmp_path / "out.wav", realtime=False))
        backends[0].start(wire.line)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        try:
            wire.line.put(tone(8.0))
            wire.wait(lambda: bool(wire.faults))
            backends[0].stop()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
        assert wire.faults == [("speaker", f"its file cannot be written: {os.strerror(27)}")]


class TestSettings:
    def problems(self, folder: Path, table: str) -> str:
        text = f'[agent]\nurl = "local"\n[plugins]\nautoload = false\n[plugins.wav]\n{table}'
        return "\n".join(map(str, App.load(load(folder, text)).problems))

    @pytest.mark.parametrize(
        ("table", "problem"),
        [
            ('imput = "a.wav"', "input"),
            ("repeat = true\nrealtime = false", "repeat without realtime has no end"),
            ('input = "a.wav"\noutput = "./a.wav"', "are one file"),
        ],
    )
    def test_a_mistake_in_the_table_is_told(self, tmp_path: Path, table: str, problem: str) -> None:
        assert problem in self.problems(tmp_path, table)

    def test_neither_input_nor_output_is_an_error(self) -> None:
        with pytest.raises(AudioError, match=r"needs input or output, or both, in \[plugins.wav\]"):
            WavBackend(None, None)
