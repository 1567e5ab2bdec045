"""`agentframework plugins` and `agentframework tools` say what is there, by whom, and what failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cli_desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def with_broken_plugins(desk: Desk) -> None:
    """One that cannot be imported, one whose tool's name is taken, one that is required and not there."""
    desk.install(
        "broken-tools",
        "broken_tools",
        "import nothing_like_it\n",
        "[agentframework]\nbroken = broken_tools\n",
    )
    desk.install(
        "second-clock",
        "second_clock",
        "from agentframework import hookimpl, tool\n"
        '@tool\ndef world_time(city: str) -> str:\n    """The time."""\n    return "noon"\n'
        "@hookimpl\ndef register_tools(register):\n    register(world_time)\n",
        "[agentframework]\nsecond = second_clock\n",
    )
    desk.write(
        "config.toml",
        '[agent]\nurl = "local"\n[plugins]\nautoload = false\n'
        'enable = ["desk", "broken", "second"]\nrequired = ["chess"]\n',
    )


def rows(text: str) -> dict[str, str]:
    """The rows of a list by their first word, up to the first blank line."""
    return {line.split()[0]: line for line in text.partition("\n\n")[0].splitlines()}


def test_plugins_are_rows_with_owner_state_and_what_they_bring(desk: Desk) -> None:
    done = desk.run("plugins", "--config", "config.toml")
    assert (done.returncode, done.stderr) == (0, "desk_tools is imported\n")
    listed = rows(done.stdout)
    assert listed["NAME"].split() == ["NAME", "DISTRIBUTION", "STATE", "BRINGS", "IMPORT"]
    assert "desk-tools 1.0" in listed["desk"]
    assert "loaded" in listed["desk"]
    assert "4 tools: divide, recite, wait, world_time" in listed["desk"]


def test_what_failed_is_explained_below_with_a_fix(desk: Desk) -> None:
    with_broken_plugins(desk)
    done = desk.run("plugins", "--config", "config.toml")
    assert (done.returncode, done.stderr) == (0, "desk_tools is imported\n")
    listed = rows(done.stdout)
    assert "failed" in listed["broken"]
    assert "failed" in listed["second"]
    assert "missing" in listed["chess"]
    explanations = done.stdout.partition("\n\n")[2]
    assert "broken: it cannot be imported: No module named 'nothing_like_it'" in explanations
    assert "second: its tool 'world_time' is already there, from plugin 'desk'" in explanations
    assert "chess: the config requires it and it is not installed" in explanations
    assert explanations.count("disable") >= 2


def test_plugins_can_be_had_as_json(desk: Desk) -> None:
    with_broken_plugins(desk)
    done = desk.run("plugins", "--config", "config.toml", "--json")
    by_name: dict[str, dict[str, Any]] = {one["name"]: one for one in json.loads(done.stdout)}
    assert by_name["desk"]["tools"] == ["divide", "recite", "wait", "world_time"]
    assert by_name["desk"]["entry_point"] == "desk_tools"
    assert by_name["desk"]["cause"] is None
    assert by_name["broken"]["state"] == "failed"
    assert by_name["broken"]["version"] == "1.0"
    assert by_name["chess"]["state"] == "missing"
    assert len({tuple(one) for one in by_name.values()}) == 1, "every row has the same keys"


def test_without_a_config_everything_that_is_installed_is_listed(desk: Desk) -> None:
    done = desk.run("plugins")
    assert done.returncode == 0
    assert "desk-tools 1.0" in done.stdout


def test_tools_are_rows_with_owner_parameters_and_description(desk: Desk) -> None:
    done = desk.run("tools", "--config", "config.toml")
    assert (done.returncode, done.stderr) == (0, "desk_tools is imported\n")
    listed = rows(done.stdout)
    assert list(listed) == ["TOOL", "divide", "recite", "wait", "world_time"]
    assert listed["divide"].split()[:4] == ["divide", "desk", "dividend,", "divisor"]
    assert listed["divide"].endswith("Divide one number by another.")


def test_tools_as_json_are_what_the_platform_wants(desk: Desk) -> None:
    done = desk.run("tools", "--config", "config.toml", "--json")
    declared = json.loads(done.stdout)
    assert [one["name"] for one in declared] == ["divide", "recite", "wait", "world_time"]
    for one in declared:
        assert set(one) == {"name", "description", "parameters"}
        assert one["parameters"]["type"] == "object"
        Draft202012Validator.check_schema(one["parameters"])


def test_the_config_chooses_among_the_tools(desk: Desk) -> None:
    desk.write(
        "config.toml",
        '[agent]\nurl = "local"\n[tools]\nenable = ["w*"]\n[plugins]\nautoload = false\nenable = ["desk"]\n',
    )
    done = desk.run("tools", "--config", "config.toml", "--json")
    assert [one["name"] for one in json.loads(done.stdout)] == ["wait", "world_time"]


def test_no_tools_and_no_plugins_are_said_in_a_sentence(desk: Desk) -> None:
    desk.write("config.toml", '[agent]\nurl = "local"\n[plugins]\nautoload = false\n')
    done = desk.run("tools", "--config", "config.toml")
    assert (done.returncode, done.stdout) == (
        0,
        "no tools are hosted; `agentframework plugins` says what is installed\n",
    )


def test_a_failed_plugin_is_a_warning_beside_the_tools(desk: Desk) -> None:
    with_broken_plugins(desk)
    config = desk.folder / "config.toml"
    config.write_text(config.read_text().replace('required = ["chess"]\n', ""))
    done = desk.run("tools", "--config", "config.toml")
    assert done.returncode == 0
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 2
    assert warnings[0].startswith("warning: plugin 'broken' (broken-tools 1.0) is left out: ")
    assert warnings[0].endswith("; see `agentframework plugins`")


def test_what_is_required_and_missing_stops_the_list_of_tools(desk: Desk) -> None:
    with_broken_plugins(desk)
    done = desk.run("tools", "--config", "config.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: plugin 'chess'" in done.stderr


def test_formats_that_nobody_checks_are_told(desk: Desk) -> None:
    desk.install(
        "phone-tools",
        "phone_tools",
        "from agentframework import Tool, hookimpl\n"
        "SCHEMA = {'type': 'object', 'properties': {'number': {'type': 'string', 'format': 'phone'}}}\n"
        "@hookimpl\n"
        "def register_tools(register):\n"
        "    register(Tool('dial', lambda number='': number, parameters=SCHEMA))\n",
        "[agentframework]\nphone = phone_tools\n",
    )
    desk.write("config.toml", '[agent]\nurl = "local"\n[plugins]\nautoload = false\nenable = ["phone"]\n')
    done = desk.run("tools", "--config", "config.toml")
    assert done.returncode == 0
    assert "tool 'dial' of phone: cannot be checked here: the format phone" in done.stderr
