"""The package is a stranger's: found by its entry point, made of public names, and set up by its own table."""

from __future__ import annotations

import ast
from importlib.metadata import entry_points, requires
from pathlib import Path

import pytest

import agentframework
import agentframework_pyaudio
from agentframework import App, load_config
from agentframework_pyaudio import plugin
from agentframework_pyaudio.settings import Settings

SOURCES = sorted(Path(agentframework_pyaudio.__path__[0]).glob("*.py"))


def test_only_public_names_of_the_framework_are_imported() -> None:
    imported = [
        (node.module, alias.name)
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "agentframework"
        for alias in node.names
    ]
    assert {module for module, _ in imported} == {"agentframework"}
    assert {name for _, name in imported} <= set(agentframework.__all__)


def test_the_entry_point_leads_to_the_plugin() -> None:
    (found,) = entry_points(group="agentframework", name="pyaudio")
    assert found.load() is plugin


def test_the_extra_brings_it() -> None:
    assert any(
        line.startswith("agentframework-pyaudio") and "extra == 'pyaudio'" in line.replace('"', "'")
        for line in requires("agentframework") or ()
    )


@pytest.mark.parametrize(
    "table",
    [
        {"input_device": True},
        {"input_device": -1},
        {"output_device": ""},
        {"output_device": 1.5},
        {"quiet": "loud"},
        {"device": 1},
    ],
)
def test_a_wrong_setting_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Settings.model_validate(table)


def test_a_config_that_names_it_has_its_backend(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        '[agent]\nurl = "local"\n[audio]\nbackend = "pyaudio"\n[plugins.pyaudio]\ninput_device = "headset"\n'
    )
    app = App.load(load_config(config))
    backend = app.plugins.audio_backends["pyaudio"].make()
    assert isinstance(backend, agentframework_pyaudio.PyAudioBackend)


def test_a_misspelt_key_of_its_table_is_told_with_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[agent]\nurl = "local"\n\n[plugins.pyaudio]\ninput_devise = 1\n')
    App.load(load_config(config))
    (said,) = (message for message in caplog.messages if "pyaudio" in message)
    assert f"{config}:5: plugins.pyaudio.input_devise: unknown key (did you mean 'input_device'?)" in said


def test_every_setting_is_in_the_readme() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert f"| `{name}` |" in readme
