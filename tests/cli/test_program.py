"""The command line says what it can do at once, and what is wrong with it in two lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentframework import __version__
from agentframework.cli.program import run_program

PACKAGES = str(Path(__file__).parents[2] / "framework")
NEVER_IMPORTED = ("pydantic", "jsonschema", "websockets", "pluggy", "rich", "prompt_toolkit", "asyncio")
SHOW_MODULES = """
import json, sys
from agentframework.cli import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def installed_sleeper(site: Path) -> None:
    """A distribution with an entry point of each of our groups, whose module takes five seconds to import."""
    (site / "sleeper.py").write_text("import time\ntime.sleep(5)\ndef nap() -> None: ...\n")
    info = site / "sleeper-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sleeper\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[agentframework]\nsleeper = sleeper\n[agentframework.tools]\nnap = sleeper:nap\n"
    )


def modules_after(*arguments: str, site: Path) -> set[str]:
    """What a process has imported when it ends, with `site` on its path."""
    path = os.pathsep.join([PACKAGES, str(site)])
    done = subprocess.run(
        [sys.executable, "-c", SHOW_MODULES, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]], ids=" ".join)
def test_help_imports_no_plugin_and_no_heavy_library(arguments: list[str], tmp_path: Path) -> None:
    installed_sleeper(tmp_path)
    modules = modules_after(*arguments, site=tmp_path)
    assert "sleeper" not in modules
    assert not modules.intersection(NEVER_IMPORTED)
    assert "importlib.metadata" not in modules, "nobody may look for entry points"


@pytest.mark.parametrize(
    "command",
    ["run", "check", "plugins", "tools", "tools export", "tools push", "tools check", "local-agent"],
)
def test_the_help_of_a_command_imports_no_plugin_either(command: str, tmp_path: Path) -> None:
    installed_sleeper(tmp_path)
    modules = modules_after(*command.split(), "--help", site=tmp_path)
    assert not modules.intersection({"sleeper", "jsonschema", "websockets", "pluggy"})


def test_importing_the_command_line_imports_no_library() -> None:
    code = "import sys, agentframework.cli; assert 'typer' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": PACKAGES}, check=True)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["--version"]) == 0
    assert capsys.readouterr().out == f"agentframework {__version__}\n"


def test_no_command_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program([]) == 2
    assert "Commands:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rum"], "error: No such command 'rum'. Did you mean 'run'?\nsee agentframework --help\n"),
        (["run"], "error: Missing argument 'CONFIG'.\nsee agentframework run --help\n"),
        (["run", "a.toml", "--quiet"], "error: No such option: --quiet\nsee agentframework run --help\n"),
    ],
    ids=["a command", "an argument", "an option"],
)
def test_a_wrong_command_line_is_told_in_two_lines(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err == said
    assert captured.out == ""


def test_a_port_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["local-agent", "--port", "99999"]) == 2
    assert "--port" in capsys.readouterr().err
