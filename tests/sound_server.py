"""A private PulseAudio with a virtual speaker and a virtual microphone: played and fed with real audio.

The speaker is the sink `spk`, and `spk.monitor` is what it has played; the microphone is the source `mic`, and what
is played into the sink `micfeed` is what it hears. PortAudio sees them as ALSA devices "speaker", "speakermon", "mic"
and "micfeed", with speaker and mic as its default.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lacking import require

if TYPE_CHECKING:
    from sound_recording import Recording

__all__ = ["NEEDS_SOUND", "SoundServer", "losable_sound_server", "shared_sound_server", "sound_server"]

NEEDS_SOUND = ("pulseaudio", "pactl", "libasound_module_pcm_pulse.so")
RATE_HZ = 48_000
_START_TIMEOUT = 10.0
_END_TIMEOUT = 5.0

# norewinds: without it a null sink sleeps up to two seconds before its first block
_SCRIPT = """
load-module module-null-sink sink_name=spk rate=48000 channels=2 format=s16le norewinds=1
load-module module-null-sink sink_name=micfeed rate=48000 channels=1 format=s16le norewinds=1
load-module module-remap-source source_name=mic master=micfeed.monitor
set-default-sink spk
set-default-source mic
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
"""
_ALSA = """
pcm.speaker    {{ type pulse server "{server}" device spk         hint {{ show on description "speaker" }} }}
pcm.speakermon {{ type pulse server "{server}" device spk.monitor hint {{ show on description "speaker monitor" }} }}
pcm.micfeed    {{ type pulse server "{server}" device micfeed     hint {{ show on description "mic feed" }} }}
pcm.mic        {{ type pulse server "{server}" device mic         hint {{ show on description "mic" }} }}
pcm.!default   {{ type asym playback.pcm speaker capture.pcm mic  hint {{ show on description "default" }} }}
"""


class SoundServer:
    """One server in a folder of its own, which must have a short name (a socket's path may have 107 letters)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"unix:{folder / 'pulse.sock'}"
        self.alsa_config = folder / "alsa.conf"
        self.alsa_config.write_text(_ALSA.format(server=self.address))
        self._script = folder / "server.pa"
        self._script.write_text(_SCRIPT.format(socket=folder / "pulse.sock"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to play and hear here."""
        return {
            "PULSE_SERVER": self.address,
            "PULSE_COOKIE": str(self.folder / "cookie"),
            "ALSA_CONFIG_PATH": str(self.alsa_config),
        }

    def start(self) -> None:
        """Start it, and wait until it can be used; the devices are new, and silent."""
        assert self._process is None, "it runs already"
        home = dict.fromkeys(
            ("HOME", "XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH", "PULSE_CONFIG_PATH"),
            str(self.folder),
        )
        command = ["pulseaudio", "-n", "-F", str(self._script), "--daemonize=no", "--use-pid-file=no"]
        command += ["--exit-idle-time=-1", "--realtime=yes", "--high-priority=yes"]
        command += ["--log-target=stderr", "--log-level=notice"]
        if setpriv := shutil.which("setpriv"):
            # ends with this process, also where that is killed before its fixtures can clear up
            command = [setpriv, "--pdeathsig", "TERM", *command]
        with (self.folder / "pulse.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **home},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + _START_TIMEOUT
        while self._run("pactl", "info").returncode:
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise RuntimeError(f"pulseaudio did not start:\n{(self.folder / 'pulse.log').read_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, as when a sound server crashes or all sound devices are pulled out."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_END_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        (self.folder / "pulse.sock").unlink(missing_ok=True)

    def pactl(self, *words: str) -> str:
        """Run a command of the server; what it prints."""
        done = self._run("pactl", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def record(self, source: str = "spk.monitor", *, rate_hz: int = RATE_HZ) -> Recording:
        """Record what the speaker plays, or what another source hears; a context manager, running once entered."""
        from sound_recording import Recording

        command = ["parec", "--device", source, "--raw", "--rate", str(rate_hz), "--channels=1"]
        command += ["--format=s16le", "--latency-msec=10"]
        return Recording(command, {**os.environ, **self.environment}, rate_hz)

    @contextlib.contextmanager
    def playing(
        self, pcm: bytes, rate_hz: int, *, sink: str = "micfeed"
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Play PCM into the microphone, or into another sink; leaving the block waits until all has been played."""
        path = self.folder / f"playing-{time.monotonic_ns()}.pcm"
        path.write_bytes(pcm)
        command = ["paplay", "--device", sink, "--raw", "--rate", str(rate_hz), "--channels=1"]
        command += ["--format=s16le", "--latency-msec=20", str(path)]
        player = subprocess.Popen(command, env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL)
        try:
            yield player
            assert player.wait(len(pcm) / 2 / rate_hz + _END_TIMEOUT) == 0
        finally:
            if player.poll() is None:
                player.kill()
                player.wait()
            path.unlink()

    def play(self, pcm: bytes, rate_hz: int, *, sink: str = "micfeed") -> None:
        """Play PCM into the microphone, and wait until all has been played."""
        with self.playing(pcm, rate_hz, sink=sink):
            pass

    @contextlib.contextmanager
    def acoustic_path(self, volume: float = 1.0) -> Iterator[None]:
        """Have the microphone hear the speaker, as in a room, at this part of its level, about 40 ms late."""
        module = self.pactl(
            *("load-module", "module-loopback", "source=spk.monitor", "sink=micfeed", "latency_msec=30"),
            "source_dont_move=true",
            "sink_dont_move=true",
        )
        try:
            inputs = self.pactl("list", "short", "sink-inputs").splitlines()
            (own,) = (line.split()[0] for line in inputs if "module-loopback" in line)
            # PulseAudio's per cent are the cube root of the factor
            self.pactl("set-sink-input-volume", own, f"{round(100 * volume ** (1 / 3))}%")
            yield
        finally:
            self._run("pactl", "unload-module", module)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env={**os.environ, **self.environment}, capture_output=True, text=True, check=False
        )


@contextlib.contextmanager
def _server() -> Iterator[SoundServer]:
    with tempfile.TemporaryDirectory(prefix="snd") as folder:
        server = SoundServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _use(server: SoundServer, monkeypatch: pytest.MonkeyPatch) -> SoundServer:
    for name in ("PULSE_SINK", "PULSE_SOURCE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture(scope="session")
def shared_sound_server() -> Iterator[SoundServer]:
    """The server of this run, for fixtures that outlive a test; nothing in this process knows of it."""
    with _server() as server:
        yield server


@pytest.fixture
def sound_server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SoundServer:
    """The server of this run, and this process and its children play and hear there for the length of the test.

    A test that uses it is marked `sound`; it is skipped where there is no PulseAudio, but in CI it fails.
    """
    require(request.node, *NEEDS_SOUND)
    server: SoundServer = request.getfixturevalue("shared_sound_server")
    return _use(server, monkeypatch)


@pytest.fixture
def losable_sound_server(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SoundServer]:
    """A server that the test may stop and start again."""
    require(request.node, *NEEDS_SOUND)
    with _server() as server:
        yield _use(server, monkeypatch)
