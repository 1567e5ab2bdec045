"""What a config may say of permission, and what is said of mistakes in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentframework.config import PolicyConfig
from config_files import LOCAL, load, only_problem


def test_rules_are_read_with_their_patterns(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        LOCAL
        + """
        [[policy.deny]]
        tool = "read_*"
        arguments = { file = "/etc/*" }
        [[policy.deny]]
        risk = "dangerous"
        [[policy.ask]]
        tool = "pay"
        [policy.ask.arguments]
        amount = { minimum = 100 }
        """,
    )
    assert [(rule.tool, rule.risk, rule.arguments) for rule in config.policy.deny] == [
        ("read_*", None, {"file": "/etc/*"}),
        (None, "dangerous", {}),
    ]
    assert config.policy.ask[0].arguments == {"amount": {"minimum": 100}}
    assert config.policy.allow == ()


def test_a_pattern_for_an_argument_called_file_is_no_reference_to_one(tmp_path: Path) -> None:
    text = LOCAL + '[[policy.allow]]\ntool = "read"\narguments = { env = "PATH" }\n'
    assert load(tmp_path, text, {"PATH": "/bin"}).policy.allow[0].arguments == {"env": "PATH"}


def test_the_audit_log_is_beside_the_config(tmp_path: Path) -> None:
    config = load(tmp_path, LOCAL + '[policy]\naudit = "audit.jsonl"\n')
    assert config.policy.audit == tmp_path / "audit.jsonl"
    assert PolicyConfig().audit is None


@pytest.mark.parametrize(
    ("text", "line", "key", "problem", "fix"),
    [
        (
            "[[policy.deny]]\narguments = { a = 1 }",
            3,
            "policy.deny[0]",
            "does not say which tools it means",
            'add tool = "..." or risk = "..."; every tool is "*"',
        ),
        ('[[policy.deny]]\ntoll = "x"', 4, "policy.deny[0].toll", "unknown key", "did you mean 'tool'?"),
        (
            '[[policy.ask]]\ntool = "x"\n[[policy.ask]]\nrisk = "dangerus"',
            6,
            "policy.ask[1].risk",
            "expected 'read', 'write' or 'dangerous', got text",
            "did you mean 'dangerous'?",
        ),
        ("[policy]\nrepeat_limit = -1", 4, "policy.repeat_limit", "expected at least 0, got -1", ""),
        (
            "[tools.x]\ncalls_per_minute = 0",
            4,
            "tools.x.calls_per_minute",
            "expected at least 1, got 0",
            "",
        ),
        (
            '[[policy.deny]]\ntool = "x"\narguments = { day = 2026-01-01 }',
            5,
            "policy.deny[0].arguments",
            "day: JSON has no such value",
            "write it as text, in quotes",
        ),
    ],
)
def test_a_mistake_is_said_with_its_line(
    tmp_path: Path, text: str, line: int, key: str, problem: str, fix: str
) -> None:
    found = only_problem(tmp_path, LOCAL + text)
    assert (found.line, found.key, found.problem, found.fix) == (line, key, problem, fix)
