"""The backends that are built in do what every audio backend has to do, with files and processes that are real."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agentframework import AudioBackend
from agentframework.builtin.pipe_backend import PipeBackend
from agentframework.builtin.wav_backend import WavBackend
from agentframework.testing import AudioBackendCase, audio_backend_cases
from sound_files import tone, write_wav

_HEADER_BYTES = 44
# stand for a sound card: 20 ms every 20 ms, and what is played is kept
PLAYER = """
import os, sys, time
size, out = int(sys.argv[2]) // 25, open(sys.argv[1], "ab", 0)
while block := os.read(0, size):
    out.write(block)
    time.sleep(0.019 * len(block) / size)
"""
RECORDER = """
import os, sys, time
while True:
    os.write(1, bytes(int(sys.argv[1]) // 25))
    time.sleep(0.02)
"""


class Sounded:
    """Where the backend of the moment keeps what it has played."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "none"
        self.made = 0

    def new(self, suffix: str) -> Path:
        self.made += 1
        self.path = self.folder / f"out{self.made}{suffix}"
        return self.path

    def wav(self, _: AudioBackend) -> bytes:
        return self.path.read_bytes()[_HEADER_BYTES:] if self.path.exists() else b""

    def raw(self, _: AudioBackend) -> bytes:
        return self.path.read_bytes() if self.path.exists() else b""


@pytest.fixture
def sounded(tmp_path: Path) -> Sounded:
    return Sounded(tmp_path)


WAV = Sounded(Path("of each test"))
"""Only named here: each test fills it with its own folder."""


@pytest.mark.parametrize(
    "case",
    audio_backend_cases(
        sounded=WAV.wav, make_broken=lambda: WavBackend(Path("no such folder/none.wav"), None)
    ),
    ids=str,
)
def test_wav(case: AudioBackendCase, tmp_path: Path) -> None:
    WAV.folder = tmp_path
    source = write_wav(tmp_path / "in.wav", tone(1.0))
    case.run(lambda: WavBackend(source, WAV.new(".wav")))


@pytest.mark.parametrize(("hears", "speaks"), [(True, False), (False, True)])
def test_wav_with_one_file_alone(hears: bool, speaks: bool, tmp_path: Path) -> None:
    source = write_wav(tmp_path / "in.wav", tone(1.0)) if hears else None
    for case in audio_backend_cases(hears=hears, speaks=speaks):
        if case.needs or case.name == "it_works_on_threads_of_its_own":
            case.run(lambda: WavBackend(source, tmp_path / "out.wav" if speaks else None))


PIPE = Sounded(Path("of each test"))
"""As above."""


def make_pipe() -> AudioBackend:
    python = [sys.executable, "-c"]
    return PipeBackend([*python, RECORDER, "{rate}"], [*python, PLAYER, str(PIPE.new(".pcm")), "{rate}"])


@pytest.mark.parametrize(
    "case",
    audio_backend_cases(sounded=PIPE.raw, make_broken=lambda: PipeBackend(["no-such-program"], [])),
    ids=str,
)
def test_pipe(case: AudioBackendCase, tmp_path: Path) -> None:
    PIPE.folder = tmp_path
    case.run(make_pipe)


@pytest.mark.parametrize(
    "made", [lambda: PipeBackend([], ["no-such-program"]), lambda: PipeBackend(["/"], [])]
)
def test_a_command_that_cannot_be_run_is_an_audio_error(made: Callable[[], AudioBackend]) -> None:
    (case,) = (case for case in audio_backend_cases(make_broken=made) if case.needs == "broken")
    case.run(made)
