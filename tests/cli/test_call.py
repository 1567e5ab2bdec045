"""`agentframework tools call` makes one call as the agent would, and says what came of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_desk import Desk

TOOLS = '''\
from typing import Annotated
from agentframework import Sensitive, ToolContext, hookimpl, tool

@tool
def add(numbers: list[int], times: int = 1) -> int:
    """Add numbers."""
    return sum(numbers) * times

@tool
def pay(amount: float, pin: Annotated[str, Sensitive], context: ToolContext) -> str:
    """Pay."""
    context.progress("asking the bank")
    print("paying")
    raise RuntimeError(f"no money with {pin}")

@tool(timeout=0.2)
def hang() -> None:
    """Hang."""
    import time
    time.sleep(30)

@hookimpl
def register_tools(register):
    for one in (add, pay, hang):
        register(one)
'''
CONFIG = '[agent]\nurl = "local"\n[plugins]\nautoload = false\nenable = ["desk", "more"]\n'


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.install("more-tools", "more_tools", TOOLS, "[agentframework]\nmore = more_tools\n")
    desk.write("config.toml", CONFIG)
    return desk


def rows(text: str) -> dict[str, str]:
    """Each row by its label."""
    return {line.partition(" ")[0]: line.partition(" ")[2].strip() for line in text.splitlines()}


def test_a_result_is_shown_with_what_the_agent_would_be_told(desk: Desk) -> None:
    done = desk.run("tools", "call", "world_time", "city=New York", "--config", "config.toml")
    assert (done.returncode, done.stderr) == (0, "desk_tools is imported\n")
    shown = rows(done.stdout)
    assert shown.pop("outcome").startswith("ok after ")
    assert shown == {"call": 'world_time(city="New York") of desk', "result": "14:03", "told": "the same"}


def test_values_are_read_by_their_types_and_what_is_repaired_is_said(desk: Desk) -> None:
    typed = desk.run("tools", "call", "add", "numbers=1,2", "times=3", "--config", "config.toml")
    assert rows(typed.stdout)["result"] == "9"
    assert "repaired" not in typed.stdout
    given = ("--json", '{"numbers": "[1, 2]", "times": "3"}')
    sent = desk.run("tools", "call", "add", *given, "--config", "config.toml")
    assert 'repaired  numbers: "[1, 2]" became [1, 2]\n' in sent.stdout
    assert 'repaired  times: "3" became 3\n' in sent.stdout
    assert rows(sent.stdout)["result"] == "9"
    assert sent.returncode == 0


def test_a_call_that_is_wrong_is_told_as_the_agent_would_hear_it(desk: Desk) -> None:
    done = desk.run("tools", "call", "add", "number=1", "--config", "config.toml")
    assert done.returncode == 2
    shown = rows(done.stdout)
    assert shown["outcome"].startswith("bad arguments after")
    assert "did you mean numbers?" in shown["error"]
    assert shown["told"] == "the tool failed, and what it said is hidden from the agent"
    done = desk.run("tools", "call", "ad", "--config", "config.toml")
    assert done.returncode == 2
    assert "There is one called add" in rows(done.stdout)["error"]


def test_a_tool_that_fails_shows_neither_what_is_marked_nor_its_traceback(desk: Desk) -> None:
    arguments = ("pay", "amount=5", "pin=canary-4111")
    done = desk.run("tools", "call", *arguments, "--config", "config.toml")
    assert done.returncode == 1
    assert "paying\n" in done.stderr
    shown = rows(done.stdout)
    assert shown["call"] == 'pay(amount=5, pin="***") of more'
    assert "asking the bank" in shown["context"]
    assert done.stdout.endswith(
        "run again with -v to see the traceback, or with --log-file FILE to keep it\n"
    )
    loud = desk.run("tools", "call", *arguments, "--config", "config.toml", "-vv", "--log-file", "all.log")
    kept = (desk.folder / "all.log").read_text(encoding="utf-8")
    for text in (loud.stderr, kept):
        assert "RuntimeError: no money with ***" in text
    assert "canary" not in done.stdout + done.stderr + loud.stdout + loud.stderr + kept


def test_a_tool_that_hangs_is_answered_at_its_deadline_and_holds_up_nothing(desk: Desk) -> None:
    done = desk.run("tools", "call", "hang", "--config", "config.toml")
    assert done.returncode == 1
    assert rows(done.stdout)["outcome"].startswith("timeout after")


def test_a_call_can_be_had_as_json(desk: Desk) -> None:
    given = ("--json", '{"numbers": ["1"]}', "--as-json")
    done = desk.run("tools", "call", "add", *given, "--config", "config.toml")
    report = json.loads(done.stdout)
    assert report.pop("duration_ms") >= 0
    assert report == {
        "tool": "add",
        "owner": "more",
        "arguments": {"numbers": ["1"]},
        "repairs": [{"place": "numbers[0]", "sent": "1", "became": 1}],
        "outcome": "ok",
        "result": "1",
        "is_error": False,
        "told": "1",
        "context": [],
    }


def test_a_config_that_keeps_the_answer_back_is_obeyed(desk: Desk) -> None:
    desk.write("config.toml", CONFIG + '[tools.add]\nanswer = "never"\n')
    done = desk.run("tools", "call", "add", "numbers=[1]", "--config", "config.toml")
    assert done.returncode == 0
    assert rows(done.stdout)["told"] == "nothing: no answer is sent for this tool"


def test_a_tool_that_the_config_makes_strict_gets_nothing_repaired(desk: Desk) -> None:
    desk.write("config.toml", CONFIG + "[tools.add]\nstrict = true\n")
    done = desk.run("tools", "call", "add", "--json", '{"numbers": ["1"]}', "--config", "config.toml")
    assert done.returncode == 2
    assert 'numbers[0]: expected a whole number, got the text "1"' in rows(done.stdout)["error"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["city"], "'city' is no key=value"),
        (["--json", "{"], "what follows --json is no JSON ("),
        (["--json", "[1]"], "what follows --json is no JSON object"),
        (["city=Oslo", "--json", "{}"], "arguments are given as key=value or with --json, not as both"),
    ],
)
def test_arguments_that_cannot_be_read_are_a_mistake_of_the_command_line(
    desk: Desk, arguments: list[str], said: str
) -> None:
    done = desk.run("tools", "call", "world_time", *arguments, "--config", "config.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "see agentframework tools call --help" in done.stderr
