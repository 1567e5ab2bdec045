"""In the file keys and named tables stand side by side; in the models they do not."""

from __future__ import annotations

import pytest

from agentframework.config.layout import arrange, in_file, is_free_table
from agentframework.config.lines import KeyPath


def test_named_tables_move_below_a_key_of_their_own() -> None:
    table: dict[str, dict[str, object]] = {
        "tools": {"timeout": 3, "weather": {"timeout": 1}},
        "plugins": {"disable": [], "hue": {"x": 1}},
    }
    assert arrange(table) == {
        "agent": {},
        "tools": {"timeout": 3, "by_name": {"weather": {"timeout": 1}}},
        "plugins": {"disable": [], "settings": {"hue": {"x": 1}}},
    }
    assert table["tools"]["weather"] == {"timeout": 1}, "what was given is left as it was"


def test_a_section_that_is_no_table_is_left_for_the_models_to_refuse() -> None:
    assert arrange({"tools": 3})["tools"] == 3


@pytest.mark.parametrize(
    ("model_path", "file_path"),
    [
        (("tools", "by_name", "weather", "timeout"), ("tools", "weather", "timeout")),
        (("plugins", "settings", "settings"), ("plugins", "settings")),
        (("plugins", "disable", 0), ("plugins", "disable", 0)),
        (("audio", "by_name"), ("audio", "by_name")),
    ],
)
def test_the_way_back_leads_to_the_file(model_path: KeyPath, file_path: KeyPath) -> None:
    assert in_file(model_path) == file_path


@pytest.mark.parametrize(
    ("path", "is_free"),
    [
        (("agent",), True),
        (("plugins", "hue"), True),
        (("conversation", "dynamic_variables"), True),
        (("policy", "deny", 0, "arguments"), True),
        (("policy", "deny", 0, "tool"), False),
        (("plugins", "disable"), False),
        (("plugins", "hue", "pin"), False),
        (("tools", "timeout"), False),
        (("conversation", "user_id"), False),
    ],
)
def test_some_tables_are_never_references(path: KeyPath, is_free: bool) -> None:
    assert is_free_table(path) is is_free
