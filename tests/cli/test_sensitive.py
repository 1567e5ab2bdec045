"""A value that is marked sensitive is nowhere in what `run` prints or logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_desk import Desk

CANARY = "canary-4111"
TOOLS = '''\
from typing import Annotated
from agentframework import Sensitive, hookimpl, tool

@tool
def pay(amount: int, pin: Annotated[str, Sensitive]) -> str:
    """Pay."""
    if amount == 0:
        raise RuntimeError(f"nothing to pay with {pin}")
    return "paid"

@hookimpl
def register_tools(register):
    register(pay)
'''
CALL = '[[step]]\ncall = "pay"\narguments = {{ {} }}\n[[step]]\nexpect_result = true\n'
SCRIPT = (
    '[[step]]\nsay = "Hello."\n'
    + CALL.format(f'amount = 7, pin = "{CANARY}"')
    + CALL.format(f'amount = 0, pin = "{CANARY}"')
    + CALL.format(f'amount = "much", pin = "{CANARY}"')
    + CALL.format(f'amount = 7, pim = "{CANARY}"')
    + CALL.format(f'amount = 7, pin = ["{CANARY}"]')
    + "[[step]]\nclose = 1000\n"
)


@pytest.mark.parametrize("options", [(), ("-v",), ("-vv",)], ids=str)
def test_a_marked_value_is_in_no_output_and_no_log(tmp_path: Path, options: tuple[str, ...]) -> None:
    desk = Desk(tmp_path)
    desk.install("more-tools", "more_tools", TOOLS, "[agentframework]\nmore = more_tools\n")
    desk.write("script.toml", SCRIPT)
    desk.write(
        "config.toml",
        '[agent]\nurl = "local"\nscript = "script.toml"\n[plugins]\nautoload = false\nenable = ["more"]\n',
    )
    done = desk.run("run", "config.toml", *options, "--log-file", "all.log")
    assert done.returncode == 0
    kept = (desk.folder / "all.log").read_text(encoding="utf-8")
    assert 'pay(amount=7, pin="***") -> "paid"' in done.stdout
    assert 'pay(amount=7, pim="***")' in done.stdout
    assert "a value that is not shown" in done.stdout
    assert "RuntimeError: nothing to pay with ***" in kept
    assert CANARY not in done.stdout + done.stderr + kept
