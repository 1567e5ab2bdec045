"""`agentframework audio list` and `audio test`, with backends whose devices are threads: real processes."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from cli_desk import Desk
from cli_screens import Terminal

DEVICES = '''\
import threading
from array import array
from collections import deque
from agentframework import AudioBackend, AudioDevice, AudioError, hookimpl


class Loop(AudioBackend):
    """Its microphone hears its speaker 100 ms later, at a tenth, and a hum."""

    hum, gain, hears, takes = 40, 0.1, True, True

    def start(self, line):
        self._over = threading.Event()
        line.note_devices("Desk Microphone", "Desk Speaker", hear_each_other=True)
        self._device = threading.Thread(target=self._run, args=(line,))
        self._device.start()

    def _run(self, line):
        air = deque([bytes(640)] * 5)
        number = 0
        while not self._over.wait(0.02):
            number += 1
            if self.takes:
                air.append(line.read_playback(320, latency=0.02))
            if self.hears:
                samples = array("h", air.popleft() if self.takes else bytes(640))
                heard = [int(self.gain * sample) + self.noise(n + number) for n, sample in enumerate(samples)]
                line.write_capture(array("h", heard).tobytes())

    def noise(self, n):
        return self.hum * (-1) ** (n // 7)

    def stop(self):
        self._over.set()
        self._device.join()

    def devices(self):
        return [
            AudioDevice(0, "Desk Microphone", "ALSA", 1, 0, 48000, (16000, 48000), is_default_input=True),
            AudioDevice(1, "Desk Speaker", "ALSA", 0, 2, 44100, (44100,), is_default_output=True),
        ]


class Dead(Loop):
    hears = False


class Mute(Loop):
    hum = gain = 0


class Deaf(Loop):
    takes = False


class Loud(Loop):
    hum = 32767


class Faint(Loop):
    hum, gain = 1, 0


class Nothing(AudioBackend):
    def start(self, line):
        line.end_capture()
        line.end_playback()

    def stop(self):
        pass

    def devices(self):
        return ()


class Missing(AudioBackend):
    def start(self, line):
        raise AudioError("the library is missing\\nInstall it: apt install library")

    def stop(self):
        pass

    def devices(self):
        raise AudioError("the library is missing\\nInstall it: apt install library")


class Faulty(Loop):
    def start(self, line):
        raise KeyError("no such port")

    def devices(self):
        raise KeyError("no such port")


class Vague(Loop):
    def stop(self):
        super().stop()
        raise KeyError("no such port")

    def devices(self):
        return ["Desk Microphone"]


class Gaudy(Loop):
    def start(self, line):
        super().start(line)
        line.note_devices("Red\\x1b[31m\\nMicrophone", "Speaker\\x07 of " + "long " * 30, hear_each_other=True)

    def devices(self):
        raise AudioError("no \\x1b[31mred\\x07 here\\nInstall it: apt install red")


@hookimpl
def register_audio_backends(register):
    for one in (Gaudy, Loop, Dead, Mute, Deaf, Loud, Faint, Nothing, Missing, Faulty, Vague):
        register(one.__name__.lower(), one)
'''


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.install("desk-sound", "desk_sound", DEVICES, "[agentframework]\nsound = desk_sound\n")
    config = (
        '[agent]\nurl = "local"\n[audio]\nbackend = "{}"\n[plugins]\nautoload = false\nenable = ["sound"]\n'
    )
    for name in ("loop", "missing"):
        desk.write(f"{name}.toml", config.format(name))
    return desk


def heard(desk: Desk, backend: str, *options: str, code: int = 0) -> dict[str, Any]:
    done = desk.run("audio", "test", "--config", "loop.toml", "--backend", backend, "--json", *options)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_devices_are_a_line_each(desk: Desk) -> None:
    done = desk.run("audio", "list", "--config", "loop.toml")
    assert (done.returncode, done.stderr) == (0, "")
    heading, microphone, speaker = done.stdout.splitlines()
    assert heading.split("  ")[0] == "DEVICE"
    assert [cell.strip() for cell in microphone.split("  ") if cell.strip()] == [
        *("Desk Microphone", "0", "default microphone (1 channel)", "16000 and 48000, default 48000"),
        "loop, ALSA",
    ]
    assert "default speaker (2 channels)    44100" in speaker


def test_the_devices_are_listed_for_programs_too(desk: Desk) -> None:
    done = desk.run("audio", "list", "--config", "loop.toml", "--json")
    microphone, _ = json.loads(done.stdout)["devices"]
    assert microphone == {
        "backend": "loop",
        "index": 0,
        "name": "Desk Microphone",
        "host": "ALSA",
        "input_channels": 1,
        "output_channels": 0,
        "default_rate_hz": 48000,
        "rates_hz": [16000, 48000],
        "is_default_input": True,
        "is_default_output": False,
    }


def test_what_is_missing_is_said_with_what_would_help(desk: Desk) -> None:
    done = desk.run("audio", "list", "--config", "missing.toml")
    assert done.returncode == 2
    assert done.stdout.splitlines() == ["missing: the library is missing", "Install it: apt install library"]
    done = desk.run("audio", "test", "--config", "missing.toml")
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["error: the library is missing", "Install it: apt install library"]


def test_where_there_is_no_device_it_is_said_what_to_look_for(desk: Desk) -> None:
    done = desk.run("audio", "list", "--config", "loop.toml", "--backend", "nothing")
    assert done.returncode == 0
    assert done.stdout.startswith("the audio backend 'nothing' finds no device: is something plugged in")


def test_a_backend_without_devices_to_choose_from_says_so(desk: Desk) -> None:
    desk.write(
        "pipe.toml", '[agent]\nurl = "local"\n[audio]\nbackend = "pipe"\n[plugins.pipe]\npreset = "pulse"\n'
    )
    done = desk.run("audio", "list", "--config", "pipe.toml")
    said = "pipe: it has no devices to choose from; see [plugins.pipe]\n"
    assert (done.returncode, done.stdout) == (2, said)


def test_a_fault_of_one_backend_is_a_line_and_the_others_are_listed(desk: Desk) -> None:
    desk.write("any.toml", '[agent]\nurl = "local"\n[plugins]\nautoload = false\nenable = ["sound"]\n')
    done = desk.run("audio", "list", "--config", "any.toml")
    assert done.returncode == 0, done.stderr
    assert "Desk Microphone" in done.stdout
    assert "faulty: it cannot list its devices: KeyError: 'no such port'" in done.stdout
    assert "vague: it lists what is no AudioDevice" in done.stdout


def test_a_fault_of_a_backend_that_is_tried_is_a_line(desk: Desk) -> None:
    done = desk.run("audio", "test", "--config", "loop.toml", "--backend", "faulty")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: the audio backend 'faulty' cannot be opened: KeyError: 'no such port'\n"
    done = desk.run("audio", "test", "--config", "loop.toml", "--backend", "vague", "--seconds", "1")
    assert "microphone (Desk Microphone): " in done.stdout
    assert done.stderr == "error: the audio backend 'vague' does not close: KeyError\n"


def test_a_backend_that_is_not_installed_is_said_with_those_that_are(desk: Desk) -> None:
    done = desk.run("audio", "list", "--config", "loop.toml", "--backend", "lop")
    assert done.returncode == 2
    assert done.stderr.startswith("error: no plugin brings the audio backend 'lop'\nthere are: ")
    assert "did you mean 'loop'?" in done.stderr


def test_a_microphone_that_hears_the_speaker_is_measured(desk: Desk) -> None:
    found = heard(desk, "loop", "--seconds", "3")
    assert found["ok"]
    assert found["microphone"]["name"] == "Desk Microphone"
    assert found["microphone"]["rms_dbfs"] == pytest.approx(-48, abs=5)
    assert found["loopback"]["heard"]
    assert found["loopback"]["latency_ms"] == pytest.approx(130, abs=60)
    assert found["loopback"]["level_db"] == pytest.approx(-20, abs=3)
    assert any('echo = "half_duplex"' in sentence for sentence in found["advice"])


def test_without_the_beeps_there_is_no_loop_back(desk: Desk) -> None:
    found = heard(desk, "loop", "--seconds", "1", "--no-tone")
    assert found["loopback"] == {"played": False, "heard": False, "latency_ms": None, "level_db": None}


@pytest.mark.parametrize(
    ("backend", "device", "problem"),
    [
        ("dead", "microphone", "no sound came from it for 2 s"),
        ("mute", "microphone", "digital silence"),
        ("deaf", "speaker", "it took no sound for 2 s"),
    ],
)
def test_a_dead_device_is_said_and_not_guessed(desk: Desk, backend: str, device: str, problem: str) -> None:
    found = heard(desk, backend, "--seconds", "2.5", code=2)
    assert not found["ok"]
    assert problem in found[device]["problem"]
    other = "speaker" if device == "microphone" else "microphone"
    assert found[other]["problem"] is None


@pytest.mark.parametrize(("backend", "device"), [("dead", "microphone"), ("deaf", "speaker")])
def test_a_device_that_has_given_no_sign_yet_is_not_said_to_work(
    desk: Desk, backend: str, device: str
) -> None:
    found = heard(desk, backend, "--seconds", "1", code=2)
    assert "listen for 2 s at least" in found[device]["problem"]


def test_a_backend_without_any_device_is_not_said_to_work(desk: Desk) -> None:
    found = heard(desk, "nothing", "--seconds", "1", code=2)
    assert found["speaker"]["problem"] == "there is none, and no microphone either"
    assert (found["microphone"]["there"], found["speaker"]["there"]) == (False, False)


@pytest.mark.parametrize(("backend", "advice"), [("loud", "clips"), ("faint", "next to nothing")])
def test_a_level_that_is_wrong_is_told_with_what_helps(desk: Desk, backend: str, advice: str) -> None:
    found = heard(desk, backend, "--seconds", "1.5")
    assert found["ok"]
    assert any(advice in sentence for sentence in found["advice"])


def test_in_a_pipe_there_is_a_line_a_second_and_then_what_was_found(desk: Desk) -> None:
    done = desk.run("audio", "test", "--config", "loop.toml", "--seconds", "2.2")
    assert (done.returncode, done.stderr) == (0, "")
    first, second, backend, microphone, speaker, loopback, hint = done.stdout.splitlines()
    assert first.startswith("1 s: -")
    assert second.startswith("2 s: -")
    assert backend.startswith("backend: loop, opened in ")
    assert microphone.startswith("microphone (Desk Microphone): -")
    assert speaker == "speaker (Desk Speaker): it takes sound"
    assert loopback.startswith("loop-back: the microphone heard the beeps after ")
    assert hint.startswith("hint: the microphone hears the speaker")


def test_what_a_device_calls_itself_steers_no_terminal(desk: Desk) -> None:
    done = desk.run("audio", "test", "--config", "loop.toml", "--backend", "gaudy", "--seconds", "1")
    lines = done.stdout.splitlines()
    assert any(line.startswith("microphone (Red Microphone): -") for line in lines)
    assert any(line.startswith("speaker (Speaker of long long") for line in lines)
    listed = desk.run("audio", "list", "--config", "loop.toml", "--backend", "gaudy")
    assert listed.stdout.splitlines() == ["gaudy: no red here", "Install it: apt install red"]
    assert not set(done.stdout + listed.stdout) & {"\x1b", "\x07"}


@pytest.mark.parametrize("width", [30, 60, 120])
def test_on_a_terminal_the_bar_stays_in_its_line(desk: Desk, width: int) -> None:
    terminal = Terminal(desk, width, "audio", "test", "--config", "loop.toml", "--seconds", "1")
    try:
        moving, _, after = terminal.read_until(r"backend: loop").partition("\x1b[?25h")
        assert moving.count("microphone ") > 2
        assert "\x1b[1A" not in moving
        assert "backend: loop" in after
    finally:
        terminal.close()


def test_ctrl_c_ends_it_early_with_what_was_found(desk: Desk) -> None:
    process = desk.start("audio", "test", "--config", "loop.toml", "--seconds", "600")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("1 s: ")
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "backend: loop" in out
    assert errors == ""


def test_without_a_word_about_the_backend_it_asks_for_one(desk: Desk) -> None:
    desk.write("none.toml", '[agent]\nurl = "local"\n[plugins]\nautoload = false\nenable = ["sound"]\n')
    done = desk.run("audio", "test", "--config", "none.toml")
    assert done.returncode == 2
    assert "which audio backend? there are: " in done.stderr


def test_audio_alone_says_what_there_is(desk: Desk) -> None:
    done = desk.run("audio")
    assert "list" in done.stdout
    assert "test" in done.stdout
