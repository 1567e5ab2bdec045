"""Every command, every option and every exit code stands in the reference, and nothing else does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from agentframework.cli import failures, interrupts
from agentframework.cli.program import program

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
COMMON = "Options of all commands"
EVERYWHERE = {"--help", "-h", "--verbose", "-v", "--log-file"}


def options() -> Iterator[tuple[str, str]]:
    """Each command with each word of it: options in every spelling, arguments by their names."""
    group = typer.main.get_command(program)
    for parameter in group.params:
        yield from ((COMMON, option) for option in parameter.opts)
    yield from options_below(group, "")


def options_below(group: Any, prefix: str) -> Iterator[tuple[str, str]]:
    """The words of a group's commands, and of the commands below those."""
    for name, command in getattr(group, "commands", {}).items():
        for parameter in command.params:
            if parameter.param_type_name == "argument":
                yield prefix + name, str(parameter.metavar)
            else:
                yield from (
                    (prefix + name, option) for option in [*parameter.opts, *parameter.secondary_opts]
                )
        yield from options_below(command, f"{prefix}{name} ")


def section(title: str) -> str:
    """What stands under a heading of the second level."""
    heading = title if title == COMMON else f"`agentframework {title}`"
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"nothing is said of {title}"
    return found[1]


def described(title: str) -> set[str]:
    """The first words of the rows of a section's tables, in all their spellings."""
    rows = re.findall(r"^\| (`[^|]*) \|", section(title), re.MULTILINE)
    return {said.split()[0] for row in rows for said in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize(("command", "option"), list(options()))
def test_an_option_is_described_under_its_command(command: str, option: str) -> None:
    assert option in described(COMMON if option in EVERYWHERE else command)


@pytest.mark.parametrize("command", sorted({command for command, _ in options()}))
def test_no_option_is_described_that_is_not_there(command: str) -> None:
    there = {option for name, option in options() if name == command}
    assert described(command) <= there | EVERYWHERE


def test_every_command_is_in_the_list_of_commands() -> None:
    listed = {said.strip() for said in re.findall(r"^\| \[`([a-z -]+)", PAGE, re.MULTILINE)}
    assert listed == {command for command, _ in options()} - {COMMON}


def test_every_exit_code_is_described() -> None:
    codes = {
        failures.FINE,
        failures.CONVERSATION_FAILED,
        failures.TO_BE_CORRECTED,
        failures.INTERNAL_ERROR,
        interrupts.LEFT_AT_ONCE,
        interrupts.TERMINATED_AT_ONCE,
    }
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == codes


def test_every_farewell_is_described() -> None:
    from agentframework.cli.talk import FAREWELLS

    assert all(f"`{word}`" in section("run") for word in FAREWELLS)
