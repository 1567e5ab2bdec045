"""The policy of a config: its rules, its limits, and what in it fits no installed tool."""

from __future__ import annotations

from typing import Any

import pytest

from agentframework.config import Config
from agentframework.permission import policy_of
from agentframework.policy import Policy

TOOLS = ("pay", "unlock_door", "look")


def read(**policy: Any) -> tuple[Policy, list[str]]:
    config = Config.from_mapping({"agent": {"url": "local"}, "policy": policy})
    found, problems = policy_of(config, TOOLS)
    return found, [f"{problem.key}: {problem.problem}. {problem.fix}" for problem in problems]


def test_without_a_word_a_config_allows_what_is_not_dangerous_and_stops_runaways() -> None:
    policy, problems = read()
    assert problems == []
    assert policy == Policy(calls_per_minute=300, repeat_limit=30)


def test_rules_are_named_by_their_place() -> None:
    policy, _ = read(
        allow=[{"tool": "unlock_*"}],
        ask=[{"risk": "write"}],
        deny=[{"tool": "*"}, {"tool": "pay", "risk": "read"}],
    )
    assert [(rule.name, rule.decision, rule.tool, rule.risk) for rule in policy.rules] == [
        ("policy.allow[0]", "allow", "unlock_*", frozenset()),
        ("policy.ask[0]", "ask", "*", frozenset({"write"})),
        ("policy.deny[0]", "deny", "*", frozenset()),
        ("policy.deny[1]", "deny", "pay", frozenset({"read"})),
    ]


def test_limits_are_taken_over_and_zero_is_none() -> None:
    config = Config.from_mapping(
        {
            "agent": {"url": "local"},
            "policy": {"calls_per_minute": 0, "repeat_limit": 0, "approval_timeout": 3},
            "tools": {"pay": {"calls_per_minute": 2}, "look": {"timeout": 1}},
        }
    )
    policy, _ = policy_of(config, TOOLS)
    assert policy == Policy(approval_timeout=3.0, tool_calls_per_minute={"pay": 2})


@pytest.mark.parametrize("decision", ["allow", "ask", "deny"])
def test_a_glob_that_fits_no_tool_is_a_problem(decision: str) -> None:
    _, problems = read(**{decision: [{"tool": "*"}, {"tool": "unlock_dor"}]})
    assert problems == [
        f"policy.{decision}[1].tool: no installed tool is called 'unlock_dor'. did you mean 'unlock_door'?"
    ]


def test_a_pattern_that_is_none_is_a_problem_and_leaves_the_rule_on_the_safe_side() -> None:
    wrong = {"tool": "pay", "arguments": {"amount": {"above": 3}}}
    policy, problems = read(allow=[wrong], ask=[wrong], deny=[wrong])
    assert [problem.partition(":")[0] for problem in problems] == [
        f"policy.{decision}[0].arguments" for decision in ("allow", "ask", "deny")
    ]
    assert "amount: a pattern is text" in problems[0]
    assert [(rule.decision, rule.arguments) for rule in policy.rules] == [("ask", {}), ("deny", {})]
