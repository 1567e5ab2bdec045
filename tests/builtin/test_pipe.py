"""Commands are microphone and speaker: real processes that hear, play, write rubbish, hang, die, or are not there."""

from __future__ import annotations

import io
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentframework import App, AudioError, AudioFormat
from agentframework.builtin.pipe_backend import PipeBackend
from agentframework.builtin.pipe_presets import preset_commands
from agentframework.builtin.pipe_process import Process, end_all
from agentframework.testing.workers import is_gone
from config_files import load
from line_wire import PCM, Wire
from sound_files import read_wav, tone

LIMIT = 10.0
CAT = ["cat"]


def python(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", f"import os, signal, sys, time\n{program}", *arguments]


def until(holds: Callable[[], object], problem: str = "it does not come about") -> None:
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end, problem
        time.sleep(0.01)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def backends() -> Iterator[list[PipeBackend]]:
    started: list[PipeBackend] = []
    yield started
    for backend in started:
        backend.stop()


@pytest.fixture
def open_pipe(backends: list[PipeBackend]) -> Callable[..., Wire]:
    def open_pipe(
        capture: list[str],
        playback: list[str],
        *,
        formats: tuple[AudioFormat, AudioFormat] = (PCM, PCM),
        rate_hz: int | None = None,
        restart: bool = True,
    ) -> Wire:
        wire = Wire(*formats)
        backends.append(PipeBackend(capture, playback, rate_hz=rate_hz, restart=restart))
        backends[-1].start(wire.line)
        return wire

    return open_pipe


Open = Callable[..., Wire]


class TestTheMicrophone:
    def test_a_file_that_comes_all_at_once_is_heard_whole_in_time_and_then_silence(
        self, tmp_path: Path, open_pipe: Open
    ) -> None:
        said = tone(1.5, hz=13)
        (tmp_path / "in.pcm").write_bytes(said)
        wire = open_pipe(["cat", str(tmp_path / "in.pcm")], [])
        began = time.monotonic()
        wire.wait(lambda: len(wire.heard) > len(said) + 6400)
        assert time.monotonic() - began > 1.0, "it does not come faster than it was said"
        assert wire.heard.startswith(said)
        assert not wire.heard[len(said) :].strip(b"\0")
        assert not wire.line.counts["dropped_blocks"]
        assert not wire.line.has_microphone, "it is over, and that is no fault"
        assert not wire.line.has_speaker
        assert wire.faults == []

    def test_odd_pieces_become_whole_samples(self, open_pipe: Open) -> None:
        said = tone(0.2, hz=13)
        program = (
            f"data = bytes.fromhex({said.hex()!r}) + b'x'\n"
            "for at in range(0, len(data), 77): os.write(1, data[at:at + 77]); time.sleep(0.0005)"
        )
        wire = open_pipe(python(program), [])
        wire.wait(lambda: len(wire.heard) > len(said))
        assert wire.heard.startswith(said)
        assert all(size % 2 == 0 for size in wire.blocks)

    def test_rubbish_without_end_is_noise_and_nothing_worse(self, open_pipe: Open) -> None:
        wire = open_pipe(["cat", "/dev/urandom"], [])
        wire.wait(lambda: len(wire.heard) > 32000)
        assert wire.faults == []
        assert max(wire.blocks) <= 3200

    def test_a_command_that_fails_is_a_fault_that_says_what_it_said(self, open_pipe: Open) -> None:
        wire = open_pipe(python("os.write(2, b'one\\ntwo\\n\\x1b[31mno such device'); sys.exit(3)"), [])
        wire.wait(lambda: bool(wire.faults))
        name = Path(sys.executable).name
        assert wire.faults == [("microphone", f"{name} ended with status 3: one; two;  [31mno such device")]

    def test_a_command_that_is_killed_is_a_fault(self, open_pipe: Open) -> None:
        wire = open_pipe(python("os.write(1, bytes(640)); os.kill(os.getpid(), 9)"), [])
        wire.wait(lambda: bool(wire.faults))
        assert wire.faults[0][1].endswith("was ended by signal 9")

    def test_a_command_that_closes_its_output_and_lives_on_is_a_fault(self, open_pipe: Open) -> None:
        wire = open_pipe(python("os.close(1); time.sleep(100)"), [])
        wire.wait(lambda: bool(wire.faults))
        assert wire.faults[0][1].endswith("has closed its pipe")

    def test_what_it_says_goes_to_the_log(self, open_pipe: Open, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        wire = open_pipe(
            python("print('overrun!', file=sys.stderr, flush=True)\nwhile True: os.write(1, bytes(640))"), []
        )
        wire.wait(lambda: len(wire.heard) > 3200)
        assert any(record.getMessage().endswith(": overrun!") for record in caplog.records)

    def test_a_flood_of_complaints_holds_nobody_up(self, open_pipe: Open) -> None:
        wire = open_pipe(python("while True: os.write(2, b'x' * 60000); os.write(1, bytes(640))"), [])
        wire.wait(lambda: len(wire.heard) > 6400)

    def test_the_words_are_told_rate_and_format_and_another_rate_is_converted(self, open_pipe: Open) -> None:
        program = "os.write(2, ' '.join(sys.argv[1:]).encode()); sys.exit(1)"
        wire = open_pipe(python(program, "{rate}/{format}", "{other}"), [], rate_hz=44100)
        wire.wait(lambda: bool(wire.faults))
        assert wire.faults[0][1].endswith(": 44100/s16le {other}")
        assert wire.line.input_rate_hz == wire.line.output_rate_hz == 44100


class TestTheSpeaker:
    def test_all_that_is_said_reaches_the_player_in_order(self, tmp_path: Path, open_pipe: Open) -> None:
        out, said = tmp_path / "out.pcm", tone(0.7, hz=13)
        wire = open_pipe([], ["dd", f"of={out}", "bs=100", "status=none"])
        assert not wire.line.has_microphone
        wire.line.put(said)
        until(lambda: out.exists() and said in out.read_bytes())
        assert wire.faults == []

    def test_little_is_ahead_of_a_player_that_takes_all_it_gets(
        self, tmp_path: Path, open_pipe: Open
    ) -> None:
        out = tmp_path / "out.pcm"
        began = time.monotonic()
        wire = open_pipe([], ["dd", f"of={out}", "bs=100", "status=none"])
        wire.line.put(tone(60.0))
        until(lambda: wire.line.heard > 16000)
        taken = 60.0 - wire.line.queued
        assert taken < time.monotonic() - began + 0.1

    def test_a_player_that_is_slower_than_the_clock_sets_the_pace(self, open_pipe: Open) -> None:
        wire = open_pipe([], python("while os.read(0, 320): time.sleep(0.02)"))
        wire.line.put(tone(20.0))
        began = time.monotonic()
        until(lambda: 20.0 - wire.line.queued > 1.0)
        assert time.monotonic() - began > 1.5, "10 ms of sound are taken every 20 ms"

    def test_a_player_that_hangs_takes_nothing_more_as_a_dead_device_does(self, open_pipe: Open) -> None:
        wire = open_pipe([], python("time.sleep(100)"))
        wire.line.put(tone(20.0))
        until(lambda: wire.line.last_playback)
        until(lambda: wire.line.clock() - (wire.line.last_playback or 0.0) > 0.5)
        assert 20.0 - wire.line.queued < 0.2
        assert wire.faults == [], "the runtime sees that itself"

    @pytest.mark.parametrize("last", ["sys.exit(2)", "os.close(0); time.sleep(100)", "sys.exit(0)"])
    def test_a_player_that_ends_is_a_fault_told_once(self, open_pipe: Open, last: str) -> None:
        wire = open_pipe([], python(f"os.read(0, 3200); os.write(2, b'the card is gone'); {last}"))
        wire.wait(lambda: bool(wire.faults))
        time.sleep(0.1)
        (fault,) = wire.faults
        assert fault[0] == "speaker"
        assert fault[1].endswith(": the card is gone")

    def test_an_interruption_ends_the_player_with_all_that_it_holds_and_starts_another(
        self, tmp_path: Path, backends: list[PipeBackend], open_pipe: Open
    ) -> None:
        program = "open(sys.argv[1], 'a').write(f'{os.getpid()}\\n')\nwhile os.read(0, 640): pass\n"
        pids = tmp_path / "pids"
        wire = open_pipe([], python(program, str(pids)))
        until(lambda: pids.exists() and pids.read_text().count("\n") == 1)
        wire.line.put(tone(5.0))
        until(lambda: wire.line.heard > 1600)
        wire.line.clear()
        began = time.monotonic()
        backends[0].flush()
        took = time.monotonic() - began
        first = int(pids.read_text())
        until(lambda: is_gone(first))
        until(lambda: pids.read_text().count("\n") == 2)
        wire.line.put(tone(0.2))
        until(lambda: not wire.line.queued)
        backends[0].flush()
        assert wire.faults == []
        assert took < 1.0

    def test_an_interruption_in_silence_leaves_the_player_alone(
        self, tmp_path: Path, backends: list[PipeBackend], open_pipe: Open
    ) -> None:
        program = "open(sys.argv[1], 'a').write('started\\n')\nwhile os.read(0, 640): pass\n"
        wire = open_pipe([], python(program, str(tmp_path / "starts")))
        until(lambda: (tmp_path / "starts").exists())
        backends[0].flush()
        wire.line.put(tone(0.2))
        until(lambda: not wire.line.queued)
        assert (tmp_path / "starts").read_text() == "started\n"

    def test_a_command_that_must_live_on_is_not_restarted(
        self, tmp_path: Path, backends: list[PipeBackend], open_pipe: Open
    ) -> None:
        program = "open(sys.argv[1], 'a').write('started\\n')\nwhile os.read(0, 640): pass\n"
        wire = open_pipe([], python(program, str(tmp_path / "starts")), restart=False)
        wire.line.put(tone(2.0))
        until(lambda: wire.line.heard > 1600)
        backends[0].flush()
        time.sleep(0.1)
        assert (tmp_path / "starts").read_text() == "started\n"

    def test_a_command_that_writes_a_file_can_end_it_properly(
        self, tmp_path: Path, open_pipe: Open, backends: list[PipeBackend]
    ) -> None:
        out, said = tmp_path / "out.wav", tone(0.5)
        program = (
            "import wave\nfile = wave.open(sys.argv[1], 'wb')\nfile.setparams((1, 2, 16000, 0, 'NONE', ''))\n"
            "while data := os.read(0, 640): file.writeframesraw(data)\nfile.close()"
        )
        wire = open_pipe([], python(program, str(out)), restart=False)
        wire.line.put(said)
        until(lambda: not wire.line.queued)
        time.sleep(0.2)
        backends[0].stop()
        rate_hz, pcm = read_wav(out)
        assert rate_hz == 16000
        assert said in pcm


class TestTheEnd:
    def test_all_that_a_command_has_started_ends_with_it_even_where_it_does_not_want_to(
        self, tmp_path: Path, backends: list[PipeBackend], open_pipe: Open
    ) -> None:
        program = (
            "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGPIPE, signal.SIG_IGN)\n"
            "child = os.fork()\n"
            "open(sys.argv[1], 'a').write(f'{os.getpid()}\\n')\n"
            "while True: time.sleep(1)\n"
        )
        pids = tmp_path / "pids"
        open_pipe(python(program, str(pids)), python(program, str(pids)))
        until(lambda: pids.exists() and pids.read_text().count("\n") == 4)
        began = time.monotonic()
        backends[0].stop()
        assert time.monotonic() - began < 2.0
        for pid in map(int, pids.read_text().split()):
            until(lambda pid=pid: is_gone(pid), "a process lives on")  # type: ignore[misc]

    def test_descriptors_and_threads_do_not_grow(self, backends: list[PipeBackend], open_pipe: Open) -> None:
        recorder = python("while True: os.write(1, bytes(640)); time.sleep(0.02)")
        wire = open_pipe(recorder, CAT)
        backends[0].stop()
        descriptors, threads = open_descriptors(), threading.active_count()
        for _ in range(5):
            backends[0].start(wire.line)
            wire.line.put(tone(0.1))
            before = len(wire.heard)
            wire.wait(lambda before=before: len(wire.heard) > before + 640)  # type: ignore[misc]
            backends[0].flush()
            backends[0].stop()
        assert open_descriptors() <= descriptors
        assert threading.active_count() <= threads

    def test_a_thread_that_a_stop_could_not_wait_for_ends_in_silence(
        self, backends: list[PipeBackend]
    ) -> None:
        reads, closed = threading.Event(), threading.Event()

        class Busy(io.FileIO):
            def read(self, size: int | None = -1) -> bytes:
                reads.set()
                assert closed.wait(LIMIT)
                return super().read(size) or b""

        backends.append(PipeBackend(python("while True: os.write(1, bytes(640)); time.sleep(0.02)"), []))
        backends[0].start(Wire().line)
        (thread,) = (thread for thread in threading.enumerate() if thread.name == "pipe-microphone")
        process = backends[0]._microphone
        assert process is not None
        process.pipe, pipe = Busy(process.pipe.fileno(), closefd=False), process.pipe
        assert reads.wait(LIMIT)
        backends[0].stop()
        closed.set()
        thread.join(LIMIT)
        assert not thread.is_alive()
        pipe.close()

    def test_a_second_command_that_cannot_be_run_takes_the_first_along(self, tmp_path: Path) -> None:
        program = "open(sys.argv[1], 'w').write(str(os.getpid()))\nwhile True: time.sleep(1)"
        backend = PipeBackend(python(program, str(tmp_path / "pid")), ["no-such-program"])
        with pytest.raises(AudioError, match="the speaker's command 'no-such-program' cannot be run"):
            backend.start(Wire().line)
        if (tmp_path / "pid").exists() and (pid := (tmp_path / "pid").read_text()):
            assert is_gone(int(pid))

    def test_none_is_none(self) -> None:
        end_all([])


class TestSettings:
    @pytest.mark.parametrize(
        ("program", "package"), [("parec", "pulseaudio-utils"), ("aplay", "alsa-utils"), ("sox", "sox")]
    )
    def test_a_program_that_is_missing_is_named_with_its_package(
        self, program: str, package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(
            AudioError, match=f"'{program}' cannot be run: there is no such program .*{package}"
        ):
            Process([program], "microphone")

    @pytest.mark.parametrize("preset", ["pulse", "alsa", "sox"])
    def test_a_preset_has_both_commands_with_the_rate(self, preset: str) -> None:
        for words in preset_commands(preset):
            assert any("{rate}" in word for word in words)

    def test_no_command_at_all_is_an_error(self) -> None:
        with pytest.raises(AudioError, match=r"needs a preset, or .* in \[plugins.pipe\]"):
            PipeBackend([], [])

    def test_windows_is_told_apart(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "win32")
        with pytest.raises(AudioError, match="this is Windows"):
            PipeBackend(CAT, CAT)

    @pytest.mark.parametrize(
        ("table", "problem"),
        [
            ('preset = "pulsaudio"', "pulse"),
            ('capture = "arecord -q"', "capture"),
            ('playback = [""]', "playback"),
            ("rate_hz = 5", "rate_hz"),
        ],
    )
    def test_a_mistake_in_the_table_is_told(self, tmp_path: Path, table: str, problem: str) -> None:
        text = f'[agent]\nurl = "local"\n[plugins]\nautoload = false\n[plugins.pipe]\n{table}'
        assert problem in "\n".join(map(str, App.load(load(tmp_path, text)).problems))

    def test_a_command_counts_instead_of_the_presets(self, tmp_path: Path) -> None:
        table = 'preset = "sox"\ncapture = []\nplayback = ["cat"]'
        text = f'[agent]\nurl = "local"\n[audio]\nbackend = "pipe"\n[plugins.pipe]\n{table}'
        app = App.load(load(tmp_path, text))
        backend = app.plugins.audio_backends["pipe"].make()
        assert isinstance(backend, PipeBackend)
        assert (backend._capture, backend._playback) == ((), ("cat",))
