"""`agentframework audio list` and `audio test` with the devices of a real sound server."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from sound_server import SoundServer

pytestmark = pytest.mark.sound


def command(server: SoundServer, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agentframework", "audio", *words],
        env={**os.environ, **server.environment},
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
    )


def test_the_devices_of_the_system_are_listed(sound_server: SoundServer) -> None:
    done = command(sound_server, "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    devices = {device["name"]: device for device in json.loads(done.stdout)["devices"]}
    assert {"speaker", "mic"} <= set(devices)
    assert devices["mic"]["input_channels"] > 0
    assert 16000 in devices["speaker"]["rates_hz"]
    assert any(device["is_default_output"] for device in devices.values())


def test_a_microphone_that_hears_the_speaker_is_measured(sound_server: SoundServer) -> None:
    with sound_server.acoustic_path(0.3):
        done = command(sound_server, "test", "--seconds", "3", "--json")
        if not json.loads(done.stdout)["loopback"]["heard"]:  # the machine was busy with others
            done = command(sound_server, "test", "--seconds", "3", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert found["loopback"]["heard"]
    assert found["loopback"]["level_db"] == pytest.approx(-10.5, abs=3)
    assert 30 < found["loopback"]["latency_ms"] < 500
    assert found["microphone"]["first_block_ms"] < 1000


def test_a_microphone_that_nobody_speaks_into_is_not_said_to_work(sound_server: SoundServer) -> None:
    done = command(sound_server, "test", "--seconds", "1.5", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 2
    assert "digital silence" in found["microphone"]["problem"]
    assert found["speaker"]["problem"] is None
    assert not found["loopback"]["heard"]
