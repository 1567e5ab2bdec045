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


def readme_files() -> dict[str, str]:
    """The files that the README has its reader write."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```', text, flags=re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """A folder where the README's plugin and a package with a plain function are installed, and a config."""
    with Folder(tmp_path_factory.mktemp("strangers")) as folder:
        before = folder.run("agentframework tools").stdout
        assert "greet_guest" not in before
        assert "water_plants" not in before
        projects = {
            "greetings": readme_files(),
            "garden": {"garden.py": PLAIN_FUNCTION, "pyproject.toml": PLAIN_PROJECT},
        }
        for project, files in projects.items():
            for name, text in files.items():
                folder.write(f"{project}/{name}", text)
            installed = folder.run(f"pip install ./{project}")
            assert installed.returncode == 0, installed.stdout
        folder.write("config.toml", CONFIG)
        yield folder


def talk(folder: Folder, *lines: str) -> str:
    """What `agentframework run` prints when these lines are piped into it."""
    done = folder.run("agentframework run config.toml", "".join(f"{line}\n" for line in lines))
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_plugin_of_the_readme_has_ten_lines_and_a_config_of_two() -> None:
    files = readme_files()
    assert set(files) == {"greetings.py", "pyproject.toml", "config.toml"}
    assert files["config.toml"] == CONFIG
    assert len([line for line in files["greetings.py"].splitlines() if line.strip()]) <= 10


def test_a_strangers_plugin_and_a_strangers_function_are_found_and_called(strangers: Folder) -> None:
    printed = talk(strangers, "greet the guest Ann", "water the plants with 3 litres", "bye")
    assert 'tool: greet_guest(name="Ann") -> "Welcome, Ann!"' in printed
    assert 'tool: water_plants(litres=3) -> "The plants got 3 litres."' in printed


def test_both_are_called_exactly(strangers: Folder) -> None:
    printed = talk(strangers, "/call greet_guest name=Bob", "/call water_plants litres=4", "bye")
    assert "Welcome, Bob!" in printed
    assert "The plants got 4 litres." in printed


def test_both_are_listed_with_who_brings_them(strangers: Folder) -> None:
    plugins = strangers.run("agentframework plugins").stdout
    assert re.search(r"greetings +greetings 1\.0 +loaded .*greet_guest", plugins)
    assert re.search(r"water_plants +garden 1\.0 +loaded", plugins)
    tools = strangers.run("agentframework tools").stdout
    assert re.search(r"greet_guest +greetings ", tools)
    assert re.search(r"water_plants +garden ", tools)
