"""What ALSA, JACK and PortAudio write to standard error is in the log instead; each test is a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ALSA is Linux's")

PROGRAM = """
import logging, sys
from agentframework import AudioError, AudioFormat, AudioLine
from agentframework_pyaudio import PyAudioBackend
from agentframework_pyaudio.settings import Settings
logging.basicConfig(level=sys.argv[1], stream=sys.stdout, format="%(name)s %(levelname)s %(message)s")
backend = PyAudioBackend(Settings(quiet=sys.argv[2] == "quiet"))
try:
    backend.start(AudioLine(AudioFormat("pcm", 16000), AudioFormat("pcm", 16000)))
except AudioError as error:
    print("error:", error)
print(len(backend.devices()), "devices")
backend.stop()
"""
# a configuration with devices that do not exist: ALSA complains of each of them, and of every default
ALSA = """
</usr/share/alsa/alsa.conf>
pcm.nowhere { type hw card 17 hint { show on description "a card that is not there" } }
pcm.!default { type hw card 17 hint { show on description "neither is this" } }
"""


def run(folder: Path, level: str, wish: str) -> subprocess.CompletedProcess[str]:
    config = folder / "alsa.conf"
    config.write_text(ALSA)
    hidden = {"PULSE_SERVER": f"unix:{folder / 'nobody'}", "ALSA_CONFIG_PATH": str(config)}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, level, wish],
        env={**os.environ, **hidden},
        capture_output=True,
        text=True,
        check=True,
    )


def test_nothing_comes_to_standard_error_and_all_of_it_to_the_log(tmp_path: Path) -> None:
    done = run(tmp_path, "DEBUG", "quiet")
    assert done.stderr == ""
    assert "agentframework.audio DEBUG ALSA: " in done.stdout
    assert done.stdout.splitlines()[-1].endswith("devices")


def test_the_log_is_quiet_too_unless_it_is_asked(tmp_path: Path) -> None:
    done = run(tmp_path, "INFO", "quiet")
    assert done.stderr == ""
    assert "ALSA:" not in done.stdout


def test_who_wants_the_noise_has_it(tmp_path: Path) -> None:
    assert "ALSA lib" in run(tmp_path, "INFO", "loud").stderr


def test_what_others_write_meanwhile_is_not_lost(tmp_path: Path) -> None:
    code = (
        "import os, logging, sys\n"
        "from agentframework_pyaudio.quiet import portaudio_diverted\n"
        "logging.basicConfig(level='DEBUG', stream=sys.stdout)\n"
        "with portaudio_diverted():\n"
        "    os.write(2, b\"Expression 'ret' failed in 'pa.c', line: 1\\nsomebody else's\\n\")\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "somebody else's\n"
    assert done.stdout == "DEBUG:agentframework.audio:PortAudio: Expression 'ret' failed in 'pa.c', line: 1\n"


def test_a_program_that_is_started_meanwhile_is_heard_as_long_as_it_lives() -> None:
    code = (
        "import subprocess, sys\n"
        "from agentframework_pyaudio.quiet import portaudio_diverted\n"
        "with portaudio_diverted():\n"
        "    child = subprocess.Popen(['sh', '-c', 'echo begun >&2; read word; echo $word >&2'], stdin=-1)\n"
        "print('after', file=sys.stderr, flush=True)\n"
        "child.communicate(b'ended\\n')\n"
        "import threading\n"
        "[thread.join() for thread in threading.enumerate() if thread.name == 'portaudio-noise']\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(done.stderr.split()) == ["after", "begun", "ended"]


@pytest.mark.parametrize(
    "loss",
    [
        "os.close(2)",
        "os.close(0); os.close(2)",
        "read, write = os.pipe(); os.dup2(write, 2); os.close(write); os.close(read)",
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))",
    ],
    ids=["closed", "closed with standard input", "its reader has gone", "no more files may be opened"],
)
def test_a_standard_error_that_cannot_be_diverted_is_no_fault_and_nothing_stays_open(loss: str) -> None:
    code = (
        "import os\n"
        "from agentframework_pyaudio.quiet import portaudio_diverted\n"
        f"{loss}\n"
        "is_open = lambda number: os.path.exists(f'/proc/self/fd/{number}')\n"
        "before = [number for number in range(64) if is_open(number)]\n"
        "for _ in range(3):\n"
        "    with portaudio_diverted():\n"
        "        print('inside')\n"
        "        if 2 in before:\n"
        "            os.write(2, b'somebody else\\n')\n"
        "assert [number for number in range(64) if is_open(number)] == before\n"
        "print('after')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "inside\n" * 3 + "after\n")
