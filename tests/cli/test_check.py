"""`agentframework check` says everything at once, or in one line that all is well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_desk import Desk

MISTAKEN = """\
[agent]
url = "local"
idd = "agent_1"

[tools]
timeout = "soon"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def broken_plugin(desk: Desk) -> None:
    desk.install(
        "broken-tools",
        "broken_tools",
        "raise SystemExit('not today')\n",
        "[agentframework]\nbroken = broken_tools\n",
    )


def test_a_good_config_is_one_line_that_says_what_was_checked(desk: Desk) -> None:
    done = desk.run("check", "config.toml")
    assert done.returncode == 0
    assert done.stdout == "config.toml: no mistakes; 1 plugin with 4 tools can be loaded\n"


def test_all_mistakes_are_told_at_once_with_their_lines(desk: Desk) -> None:
    desk.write("config.toml", MISTAKEN)
    done = desk.run("check", "config.toml")
    assert done.returncode == 2
    assert [line.split(": ")[:2] for line in done.stdout.splitlines()] == [
        ["config.toml:3", "agent.idd"],
        ["config.toml:6", "tools.timeout"],
    ]
    assert done.stderr == ""


def test_a_plugin_that_fails_is_told_with_cause_and_fix(desk: Desk) -> None:
    broken_plugin(desk)
    desk.write("config.toml", '[agent]\nurl = "local"\n[plugins]\nautoload = false\nenable = ["broken"]\n')
    done = desk.run("check", "config.toml")
    assert done.returncode == 2
    assert done.stdout.startswith("plugin 'broken' (broken-tools 1.0): it tried to end the process")
    assert "disable" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_what_is_required_and_not_there_is_told_beside_what_failed(desk: Desk) -> None:
    broken_plugin(desk)
    desk.write(
        "config.toml",
        '[agent]\nurl = "local"\n[plugins]\nautoload = false\nenable = ["broken"]\nrequired = ["chess"]\n',
    )
    done = desk.run("check", "config.toml")
    assert done.returncode == 2
    broken, chess = done.stdout.splitlines()
    assert broken.startswith("plugin 'broken'")
    assert chess.startswith("plugin 'chess'")


def test_a_missing_plugin_hides_no_other_mistake(desk: Desk) -> None:
    desk.write(
        "config.toml",
        '[agent]\nurl = "local"\n[tools]\ndisable = ["world_tim"]\n[audio]\nbackend = "tonn"\n'
        '[plugins]\nautoload = false\nenable = ["desk"]\nrequired = ["chess"]\n',
    )
    done = desk.run("check", "config.toml")
    assert done.returncode == 2
    told = done.stdout
    assert "chess" in told
    assert "config.toml:4: tools.disable" in told
    assert "config.toml:6: audio.backend" in told


def test_a_name_that_nobody_has_is_told_with_its_line(desk: Desk) -> None:
    desk.write(
        "config.toml",
        '[agent]\nurl = "local"\n[tools]\ndisable = ["world_tim"]\n'
        '[plugins]\nautoload = false\nenable = ["desk"]\n',
    )
    done = desk.run("check", "config.toml")
    assert done.returncode == 2
    assert done.stdout.startswith("config.toml:4: tools.disable")
    assert "did you mean 'world_time'?" in done.stdout


def test_all_kinds_of_mistakes_are_told_together(desk: Desk) -> None:
    desk.write(
        "config.toml",
        '[agent]\nurl = "local"\n[audio]\nbackend = "trumpet"\n[tools]\ndisable = ["world_tim"]\n'
        '[plugins]\nautoload = false\nenable = ["desk"]\nrequired = ["chess"]\n',
    )
    done = desk.run("check", "config.toml")
    assert done.returncode == 2
    assert sorted(line.partition(": ")[0] for line in done.stdout.splitlines()) == [
        "config.toml:4",
        "config.toml:6",
        "plugin 'chess'",
    ]


def test_the_settings_of_a_plugin_are_told_once(desk: Desk) -> None:
    desk.install(
        "club-tools",
        "club_tools",
        "from pydantic import BaseModel\n"
        "from agentframework import hookimpl\n"
        "class Settings(BaseModel):\n    members: int = 3\n"
        "@hookimpl\n"
        "def register_tools(register):\n    register.settings(Settings)\n",
        "[agentframework]\nclub = club_tools\n",
    )
    desk.write(
        "config.toml",
        '[agent]\nurl = "local"\n[plugins]\nautoload = false\nenable = ["club"]\n'
        '[plugins.club]\nmembers = "many"\n',
    )
    done = desk.run("check", "config.toml")
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == 1
    assert done.stdout.startswith("config.toml:7: plugins.club.members: ")


def test_what_is_wrong_can_be_had_as_json(desk: Desk) -> None:
    broken_plugin(desk)
    desk.write(
        "config.toml",
        '[agent]\nurl = "local"\n[audio]\nbackend = "trumpet"\n'
        '[plugins]\nautoload = false\nenable = ["broken"]\n',
    )
    done = desk.run("check", "config.toml", "--json")
    said = json.loads(done.stdout)
    assert done.returncode == 2
    assert said["ok"] is False
    assert [(one["file"], one["line"], one["key"]) for one in said["problems"]] == [
        ("config.toml", 4, "audio.backend")
    ]
    assert [(one["plugin"], one["distribution"]) for one in said["plugins"]] == [("broken", "broken-tools")]


def test_a_good_config_can_be_had_as_json(desk: Desk) -> None:
    done = desk.run("check", "config.toml", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"ok": True, "problems": [], "plugins": []})


def test_a_file_that_is_not_there_is_a_mistake_too(desk: Desk) -> None:
    done = desk.run("check", "nothing.toml")
    assert (done.returncode, done.stdout) == (2, "nothing.toml: there is no such file\n")
