"""The virtual sound server plays and hears faithfully, and leaves nothing behind."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sound_recording import Samples, frequency, level_db, looked_at_again, phase_residue, tone
from sound_server import RATE_HZ as RECORDED_HZ
from sound_server import SoundServer

pytestmark = pytest.mark.sound
RATE_HZ = 16_000
TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(("sink", "source"), [("micfeed", "mic"), ("spk", "spk.monitor")])
def test_what_is_played_is_what_is_recorded(sound_server: SoundServer, sink: str, source: str) -> None:
    def look() -> tuple[float, Samples]:
        with sound_server.record(source) as recording:
            begun = time.monotonic()
            sound_server.play(tone(1_000, 0.6, RATE_HZ), RATE_HZ, sink=sink)
            recording.wait_for_silence(0.2)
        first, *others = recording.sounds(after=begun - 0.1)
        assert -0.02 < first.begins - begun < 1.0
        ends = others[-1].ends if others else first.ends
        return ends - first.begins, recording.samples(first.begins + 0.05, ends - 0.05)

    length, inner = looked_at_again(look, lambda seen: phase_residue(seen[1], RECORDED_HZ) < 0.02)
    assert length == pytest.approx(0.6, abs=0.01)
    assert frequency(inner, RECORDED_HZ) == pytest.approx(1_000, abs=1)
    assert level_db(inner) == pytest.approx(-9, abs=1)
    assert phase_residue(inner, RECORDED_HZ) < 0.02


def test_the_microphone_hears_the_speaker_over_an_acoustic_path(sound_server: SoundServer) -> None:
    with sound_server.acoustic_path(0.25), sound_server.record("mic") as recording:
        sound_server.play(tone(700, 0.5, 16_000), 16_000, sink="spk")
        recording.wait_for_silence(0.3)
    (sound,) = recording.sounds()
    inner = recording.samples(sound.begins + 0.1, sound.ends - 0.1)
    assert frequency(inner, recording.rate_hz) == pytest.approx(700, abs=1)
    assert level_db(inner) == pytest.approx(-9 - 12, abs=1.5)


def test_only_a_test_that_asks_for_it_knows_of_it(shared_sound_server: SoundServer) -> None:
    assert not set(shared_sound_server.environment) & set(os.environ)


def test_a_server_can_be_lost_and_found(losable_sound_server: SoundServer) -> None:
    losable_sound_server.stop()
    assert subprocess.run(["pactl", "info"], capture_output=True, check=False).returncode != 0
    losable_sound_server.start()
    assert "spk" in losable_sound_server.pactl("list", "short", "sinks")


def test_it_ends_with_a_test_run_that_is_killed(sound_server: SoundServer) -> None:
    code = "import sound_server, signal\nwith sound_server._server() as server:\n"
    code += "    print(server._process.pid, server.folder, flush=True)\n    signal.pause()"
    paths = os.pathsep.join(map(str, (TESTS, TESTS.parent / "scripts")))
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        server, folder = program.stdout.readline().split()
        end = os.pidfd_open(int(server))
        os.kill(program.pid, signal.SIGKILL)
    try:
        assert select.select([end], [], [], 10)[0], "it runs on"
    finally:
        os.close(end)
        shutil.rmtree(folder)
