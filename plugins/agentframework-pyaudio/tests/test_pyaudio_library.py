"""Where PyAudio or PortAudio is missing two lines say so, with the command that brings it on this kind of system."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from agentframework import AudioError, AudioFormat, AudioLine
from agentframework_pyaudio import AsyncDefaultAudioInterface, DefaultAudioInterface, PyAudioBackend
from agentframework_pyaudio.library import install_command, load_pyaudio

PCM = AudioFormat("pcm", 16000)
PIP = "pip install PyAudio"


@pytest.fixture
def without_pyaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyaudio", None)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "debian"})


@pytest.mark.usefixtures("without_pyaudio")
class TestWithoutPyAudio:
    """The plugin is there all the same, and says what is missing when sound is wanted."""

    def test_it_is_said_in_two_lines(self) -> None:
        with pytest.raises(AudioError) as caught:
            PyAudioBackend().start(AudioLine(PCM, PCM))
        first, second = str(caught.value).splitlines()
        assert first.startswith("PyAudio is not installed (")
        assert second == (f"install it with: sudo apt-get install portaudio19-dev gcc python3-dev && {PIP}")

    def test_a_list_of_devices_says_it_too(self) -> None:
        with pytest.raises(AudioError, match="PyAudio is not installed"):
            PyAudioBackend().devices()

    @pytest.mark.parametrize("interface", [DefaultAudioInterface, AsyncDefaultAudioInterface])
    def test_the_interfaces_of_the_sdk_say_it_as_the_sdk_does(
        self, interface: type[DefaultAudioInterface | AsyncDefaultAudioInterface]
    ) -> None:
        with pytest.raises(ImportError, match="PyAudio is not installed"):
            interface()


@pytest.mark.parametrize(
    ("release", "build", "run"),
    [
        (
            {"ID": "ubuntu", "ID_LIKE": "debian"},
            "sudo apt-get install portaudio19-dev gcc python3-dev",
            "sudo apt-get install libportaudio2",
        ),
        (
            {"ID": "linuxmint", "ID_LIKE": "ubuntu debian"},
            "sudo apt-get install portaudio19-dev gcc python3-dev",
            "sudo apt-get install libportaudio2",
        ),
        (
            {"ID": "fedora"},
            "sudo dnf install portaudio-devel gcc python3-devel",
            "sudo dnf install portaudio",
        ),
        ({"ID": "manjaro", "ID_LIKE": "arch"}, "sudo pacman -S portaudio gcc", "sudo pacman -S portaudio"),
    ],
)
def test_each_linux_is_told_its_own_command(
    release: dict[str, str], build: str, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    assert install_command() == f"{build} && {PIP}"
    assert install_command(builds=False) == run
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert install_command(builds=False) == run.removeprefix("sudo ")


@pytest.mark.parametrize(
    ("system", "build", "run"),
    [("darwin", f"brew install portaudio && {PIP}", "brew install portaudio"), ("win32", PIP, PIP)],
)
def test_macos_and_windows_are_told_theirs(
    system: str, build: str, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert (install_command(), install_command(builds=False)) == (build, run)


def test_an_unknown_system_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable() -> dict[str, str]:
        raise OSError("no such file")

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "freedesktop_os_release", unreadable)
    assert "PortAudio with its headers" in install_command()


@pytest.mark.parametrize(
    ("extension", "problem", "command"),
    [
        ("_portaudio.so", "PyAudio cannot load PortAudio (", install_command(builds=False)),
        (
            "_portaudio.cpython-27-of-old.so",
            "PyAudio was built for another Python than this one",
            f"{PIP} --force-reinstall",
        ),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="extensions have other names")
def test_a_compiled_half_that_does_not_load_is_said_and_nothing_is_printed(
    tmp_path: Path, extension: str, problem: str, command: str
) -> None:
    """PyAudio itself would print to standard output, where `--json` lines are expected."""
    package = tmp_path / "pyaudio"
    package.mkdir()
    (package / "__init__.py").write_text(
        "print('Could not import the PyAudio C module')\nimport pyaudio._portaudio\n"
    )
    (package / extension).write_bytes(b"not a library")
    code = (
        "from agentframework import AudioError\n"
        "from agentframework_pyaudio.library import load_pyaudio\n"
        "import sys\n"
        "try:\n    load_pyaudio()\n"
        "except AudioError as error:\n    sys.stderr.write(str(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first.startswith(problem)
    assert second == f"install it with: {command}"


def test_the_plugin_loads_no_library_before_sound_is_wanted() -> None:
    code = (
        "import sys, agentframework_pyaudio.plugin\n"
        "print([name for name in ('pyaudio', 'numpy', 'samplerate') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_real_one_is_loaded() -> None:
    assert load_pyaudio().paInt16 == 8
