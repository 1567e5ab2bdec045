"""A package from outside, once installed, is found and called; neither framework nor config knows of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from doc_folder import Folder

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.timeout(120)

CONFIG = '[agent]\nurl = "local"\n'

PLAIN_FUNCTION = """\
def water_plants(litres: int) -> str:
    \"\"\"Water the plants in the garden.\"\"\"
    return f"The plants got {litres} litres."
"""

PLAIN_PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "garden"
version = "1.0"

[project.entry-points."agentframework.tools"]
water_plants = "garden:water_plants"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder(tmp_path) as folder:
        yield folder


def readme_files() -> dict[str, str]:
    """The files that the README has its reader write."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```', text, flags=re.DOTALL | re.MULTILINE))


def talk(folder: Folder, *lines: str) -> str:
    """What `agentframework run` prints when these lines are piped into it."""
    done = folder.run("agentframework run config.toml", "".join(f"{line}\n" for line in lines))
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_plugin_of_the_readme_is_found_and_called(folder: Folder) -> None:
    files = readme_files()
    assert set(files) == {"greetings.py", "pyproject.toml", "config.toml"}
    assert files["config.toml"] == CONFIG
    code = [line for line in files["greetings.py"].splitlines() if line.strip()]
    assert len(code) <= 10
    for name, text in files.items():
        folder.write(name, text)
    assert "greet_guest" not in folder.run("agentframework tools").stdout
    assert folder.run("pip install .").returncode == 0
    printed = talk(folder, "/call greet_guest name=Ann", "bye")
    assert 'greet_guest(name="Ann")' in printed
    assert "Welcome, Ann!" in printed
    assert "greetings" in folder.run("agentframework plugins").stdout


def test_a_plain_function_is_a_tool_by_its_entry_point_alone(folder: Folder) -> None:
    folder.write("garden.py", PLAIN_FUNCTION)
    folder.write("pyproject.toml", PLAIN_PROJECT)
    folder.write("config.toml", CONFIG)
    assert folder.run("pip install .").returncode == 0
    printed = talk(folder, "/call water_plants litres=3", "bye")
    assert "water_plants(litres=3)" in printed
    assert "The plants got 3 litres." in printed


def test_the_local_agent_calls_a_strangers_tool_for_what_was_said(folder: Folder) -> None:
    folder.write("garden.py", PLAIN_FUNCTION)
    folder.write("pyproject.toml", PLAIN_PROJECT)
    folder.write("config.toml", CONFIG)
    assert folder.run("pip install .").returncode == 0
    assert "The plants got 3 litres." in talk(folder, "water the plants with 3 litres", "bye")
