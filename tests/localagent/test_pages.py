"""The pages about the local agent name everything that its users meet, and their scripts are scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agentframework.localagent.script import ScriptSettings, ScriptTool, parse_script
from agentframework.localagent.steps import STEPS
from agentframework.protocol.inspection import RemarkKind

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def section(page: str, title: str) -> str:
    text = (REFERENCE / page).read_text(encoding="utf-8")
    _, _, rest = text.partition(f"\n## {title}\n")
    assert rest, f"{page} has no section {title}"
    return rest.partition("\n## ")[0]


def first_cells(page: str, title: str) -> set[str]:
    return set(re.findall(r"^\| `([^`]+)`", section(page, title), re.MULTILINE))


def test_every_setting_of_a_script_is_described() -> None:
    assert first_cells("scripts.md", "Settings") == set(ScriptSettings.model_fields)


def test_every_key_of_a_tool_is_described() -> None:
    assert first_cells("scripts.md", "Tools") == set(ScriptTool.model_fields)


def test_every_action_is_described() -> None:
    actions = {cell.partition(" = ")[0] for cell in first_cells("scripts.md", "Steps")}

    assert actions == set(STEPS)


@pytest.mark.parametrize("action", STEPS)
def test_the_further_keys_of_an_action_are_described(action: str) -> None:
    row = next(
        row for row in section("scripts.md", "Steps").splitlines() if row.startswith(f"| `{action} = ")
    )
    cell = row.split("|")[3]
    _, *keys = STEPS[action].model_fields
    assert re.findall(r"`([a-z_]+)(?: = [a-z]+)?`", cell) == keys


def test_every_remark_is_described() -> None:
    described = first_cells("local-agent.md", "What it warns of")

    assert described == {kind.value for kind in RemarkKind}


def test_the_scripts_of_the_page_are_scripts() -> None:
    text = (REFERENCE / "scripts.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)

    assert len(blocks) == 5
    assert all(parse_script(block).steps for block in blocks)
