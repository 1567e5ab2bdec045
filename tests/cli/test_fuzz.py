"""`agentframework tools fuzz` finds arguments that a tool cannot cope with, and says how to make the call again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from cli_desk import COMMAND, Desk

TOOLS = '''\
import pathlib
from typing import Literal
from agentframework import ToolError, hookimpl, tool

@tool(risk="read")
def look_up(word: str, language: Literal["en", "no"] = "en") -> str:
    """Look a word up."""
    if not word:
        raise ToolError("say a word")
    return word

@tool(risk="read")
def share(cake: float, guests: int) -> float:
    """Share a cake."""
    return cake / guests

@tool
def write(word: str) -> None:
    """Write a word down."""
    pathlib.Path("written.txt").write_text("done")

@tool(risk="dangerous")
def explode(word: str) -> None:
    """Explode."""

@hookimpl
def register_tools(register):
    for one in (look_up, share, write, explode):
        register(one)
'''
CONFIG = '[agent]\nurl = "local"\n[plugins]\nautoload = false\nenable = ["more"]\n'


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.install("more-tools", "more_tools", TOOLS, "[agentframework]\nmore = more_tools\n")
    desk.write("config.toml", CONFIG)
    return desk


def test_a_sound_tool_is_said_to_be_sound(desk: Desk) -> None:
    done = desk.run("tools", "fuzz", "look_up", "--config", "config.toml", "--examples", "30")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("look_up: nothing found in 30 calls (")
    assert " ok" in done.stdout


def test_a_crash_is_shown_with_the_call_that_makes_it_again(desk: Desk) -> None:
    done = desk.run("tools", "fuzz", "share", "--config", "config.toml")
    assert (done.returncode, done.stderr) == (1, "")
    found, arguments, again, calls = (line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert found[1].startswith("exception: share failed because of an internal error")
    assert json.loads(arguments[1])["guests"] == 0
    assert "with --seed " in calls[1]
    command = shlex.split(again[1])
    assert command[0] == "agentframework"
    assert COMMAND[-1] == "agentframework"
    repeated = desk.run(*command[1:], "--config", "config.toml")
    assert repeated.returncode == 1
    assert "ZeroDivisionError" in repeated.stderr


def test_what_was_found_can_be_had_as_json(desk: Desk) -> None:
    done = desk.run("tools", "fuzz", "share", "--config", "config.toml", "--json", "--seed", "3")
    report = json.loads(done.stdout)
    assert (report["tool"], report["seed"], report["fault"]["outcome"]) == ("share", 3, "exception")
    assert report["fault"]["arguments"]["guests"] == 0
    assert report["outcomes"]["exception"] > 0


def test_a_tool_that_may_change_things_is_called_only_where_that_is_meant(desk: Desk) -> None:
    arguments = ("tools", "fuzz", "write", "--config", "config.toml", "--examples", "3")
    refused = desk.run(*arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "write may change things (its risk is 'write')" in refused.stderr
    assert "--yes" in refused.stderr
    assert not (desk.folder / "written.txt").exists()
    meant = desk.run(*arguments, "--yes")
    assert meant.returncode == 0
    assert (desk.folder / "written.txt").exists()


def test_a_tool_that_is_not_there_is_named_with_the_nearest(desk: Desk) -> None:
    done = desk.run("tools", "fuzz", "lookup", "--config", "config.toml")
    assert done.returncode == 2
    assert "there is no tool 'lookup' (did you mean 'look_up'?)" in done.stderr


def test_without_hypothesis_it_is_said_how_to_get_it(desk: Desk) -> None:
    (desk.site / "hypothesis.py").write_text(
        'raise ModuleNotFoundError("No module named \'hypothesis\'", name="hypothesis")\n'
    )
    done = desk.run("tools", "fuzz", "look_up", "--config", "config.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'error: this command needs Hypothesis: pip install "agentframework[fuzz]"\n'
