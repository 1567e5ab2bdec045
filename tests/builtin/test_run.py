"""Whole conversations without a sound card, each a process of its own that talks to the local agent."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from array import array
from pathlib import Path

import pytest
from pydantic import BaseModel

from agentframework.builtin import pipe, wav
from sound_files import read_wav, tone, write_wav

COMMAND = (sys.executable, "-m", "agentframework")
LOUD = 200
PAGE = Path(__file__).parents[2] / "docs" / "howto" / "sound-without-a-device.md"
WITHOUT_SOUND_LIBRARIES = """
import sys
from importlib.machinery import PathFinder

class Without:
    find_distributions = PathFinder.find_distributions
    invalidate_caches = PathFinder.invalidate_caches

    @staticmethod
    def find_spec(name, path=None, target=None):
        missing = {"pyaudio", "numpy", "samplerate"}
        return None if name in missing else PathFinder.find_spec(name, path, target)

sys.meta_path[:] = [Without if finder is PathFinder else finder for finder in sys.meta_path]
"""


def run(
    folder: Path, config: str, typed: str, *words: str, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    (folder / "config.toml").write_text(config, encoding="utf-8")
    return subprocess.run(
        [*COMMAND, "run", *words, "config.toml"],
        cwd=folder,
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(environ or {})},
    )


def without_sound_libraries(folder: Path) -> dict[str, str]:
    """The environment of a Python that has none of them."""
    (folder / "sitecustomize.py").write_text(WITHOUT_SOUND_LIBRARIES, encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


def loud_seconds(pcm: bytes, rate_hz: int) -> float:
    return sum(1 for sample in array("h", pcm) if abs(sample) > LOUD) / rate_hz


WAV = """
[agent]
url = "local"
[audio]
backend = "wav"
[plugins]
autoload = false
[plugins.wav]
"""


@pytest.mark.timeout(90)
def test_a_conversation_with_files_for_ears_and_mouth(tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", tone(0.5, 8000), 8000)
    done = run(tmp_path, WAV + 'input = "in.wav"\noutput = "calls/out.wav"\n', "hello\nbye\n")
    assert done.returncode == 0, done.stderr
    assert "audio" not in done.stderr, done.stderr
    assert "agent: Goodbye." in done.stdout
    rate_hz, pcm = read_wav(tmp_path / "calls" / "out.wav")
    assert rate_hz == 16000
    assert loud_seconds(pcm, rate_hz) > 0.2, "the agent speaks"


@pytest.mark.timeout(90)
def test_a_conversation_needs_no_sound_library(tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", tone(0.5))
    environ = without_sound_libraries(tmp_path)
    shown = subprocess.run(
        [*COMMAND, "--help"], env={**os.environ, **environ}, capture_output=True, text=True, timeout=60
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    done = run(tmp_path, WAV + 'input = "in.wav"\noutput = "out.wav"\n', "bye\n", environ=environ)
    assert done.returncode == 0, done.stderr
    assert "audio" not in done.stderr, done.stderr
    assert loud_seconds(read_wav(tmp_path / "out.wav")[1], 16000) > 0.2


@pytest.mark.timeout(90)
def test_what_has_to_be_converted_without_the_library_is_said_with_the_command(tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", tone(0.5, 44100), 44100)
    done = run(tmp_path, WAV + 'input = "in.wav"\n', "bye\n", environ=without_sound_libraries(tmp_path))
    assert done.returncode == 0
    assert "agent: Goodbye." in done.stdout, "the conversation goes on in writing"
    assert "pip install 'agentframework[audio]'" in done.stderr


@pytest.mark.timeout(90)
def test_a_file_that_is_missing_is_said_and_the_conversation_goes_on(tmp_path: Path) -> None:
    done = run(tmp_path, WAV + 'input = "none.wav"\n', "bye\n")
    assert done.returncode == 0
    assert "agent: Goodbye." in done.stdout
    assert "cannot read none.wav: No such file" in done.stderr


@pytest.mark.timeout(90)
def test_a_conversation_with_commands_for_ears_and_mouth(tmp_path: Path) -> None:
    (tmp_path / "in.pcm").write_bytes(tone(0.5))
    config = """
    [agent]
    url = "local"
    [audio]
    backend = "pipe"
    [plugins]
    autoload = false
    [plugins.pipe]
    capture = ["cat", "in.pcm"]
    playback = ["dd", "of=out.pcm", "bs=640", "status=none"]
    """
    done = run(tmp_path, config, "hello\nbye\n")
    assert done.returncode == 0, done.stderr
    assert "audio" not in done.stderr, done.stderr
    assert loud_seconds((tmp_path / "out.pcm").read_bytes(), 16000) > 0.2


@pytest.mark.timeout(90)
def test_commands_that_fail_leave_a_conversation_in_writing(tmp_path: Path) -> None:
    config = """
    [agent]
    url = "local"
    [audio]
    backend = "pipe"
    [plugins.pipe]
    capture = ["ls", "there is no such file"]
    playback = ["cat"]
    """
    done = run(tmp_path, config, "hello\nbye\n", "-v")
    assert done.returncode == 0
    assert "agent: Goodbye." in done.stdout
    assert "the microphone of pipe is lost: ls ended with status 2" in done.stderr
    assert "no such file" in done.stderr


def test_a_backend_that_is_not_chosen_is_not_imported(tmp_path: Path) -> None:
    program = (
        "import json, sys\nfrom pathlib import Path\nfrom agentframework import App, load_config\n"
        "App.load(load_config(Path('config.toml')))\n"
        "print(json.dumps([name for name in sys.modules if name.startswith('agentframework.builtin')]))"
    )
    (tmp_path / "config.toml").write_text('[agent]\nurl = "local"\n', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert set(json.loads(done.stdout)) == {
        "agentframework.builtin",
        "agentframework.builtin.pipe",
        "agentframework.builtin.wav",
    }


def test_a_backend_of_a_plugin_that_is_not_loaded_is_said_with_what_loads_it(tmp_path: Path) -> None:
    config = WAV.replace('"wav"', '"loudspeaker"').replace("[plugins.wav]\n", "")
    info = tmp_path / "loudspeaker-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loudspeaker\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[agentframework]\nloudspeaker = loudspeaker\n")
    done = run(tmp_path, config, "bye\n", environ={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert '[plugins] enable = ["loudspeaker"] loads the plugin of that name' in done.stderr + done.stdout


@pytest.mark.parametrize("command", [("run",), ("check",), ("audio", "test", "--config")], ids=" ".join)
def test_a_mistake_in_the_backends_own_table_is_said_and_not_that_it_is_missing(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "config.toml").write_text(WAV + 'ouput = "out.wav"\n', encoding="utf-8")
    done = subprocess.run(
        [*COMMAND, *command, "config.toml"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    said = "config.toml:9: plugins.wav.ouput: unknown key (did you mean 'output'?)\n"
    assert done.stderr + done.stdout == said


def test_a_backends_plugin_that_fails_is_said_and_not_that_it_is_missing(tmp_path: Path) -> None:
    config = WAV.replace('"wav"', '"loudspeaker"').replace("[plugins.wav]\n", 'enable = ["loudspeaker"]\n')
    info = tmp_path / "loudspeaker-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loudspeaker\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[agentframework]\nloudspeaker = loudspeaker\n")
    (tmp_path / "loudspeaker.py").write_text("1 / 0\n")
    (tmp_path / "config.toml").write_text(config, encoding="utf-8")
    done = run(tmp_path, config, "bye\n", environ={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert "no plugin brings" not in done.stderr
    assert "'loudspeaker'" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_what_is_built_in_can_be_disabled_like_any_plugin(tmp_path: Path) -> None:
    done = run(tmp_path, WAV.replace("autoload = false", 'disable = ["wav"]'), "bye\n")
    assert done.returncode == 2
    assert "no plugin brings 'wav'" in done.stderr + done.stdout


@pytest.mark.parametrize("settings", [pipe.Settings, wav.Settings], ids=["pipe", "wav"])
def test_the_page_describes_each_key(settings: type[BaseModel]) -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(settings.model_fields) <= set(rows)
    assert set(rows) == {*pipe.Settings.model_fields, *wav.Settings.model_fields}
