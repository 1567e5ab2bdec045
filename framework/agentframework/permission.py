"""The policy that a config describes, and what in it fits no installed tool."""

from __future__ import annotations

from collections.abc import Collection

from agentframework.config import Config, RuleConfig
from agentframework.errors import ConfigProblem
from agentframework.policy import Decision, Policy, Rule, compile_glob
from agentframework.spelling import did_you_mean

__all__ = ["policy_of"]

_DECISIONS: tuple[Decision, ...] = ("allow", "ask", "deny")


def policy_of(config: Config, tools: Collection[str]) -> tuple[Policy, list[ConfigProblem]]:
    """The policy of `[policy]` and the limits of `[tools.NAME]`; `tools` are the names of those that are installed.

    What is wrong comes as problems. A rule with a pattern that is none is kept on the safe side: one that allows is
    left out, and one that asks or denies means all arguments.
    """
    said, problems, rules = config.policy, list[ConfigProblem](), list[Rule]()
    for decision in _DECISIONS:
        for number, rule in enumerate(getattr(said, decision)):
            problems += _unmatched(config, ("policy", decision, number, "tool"), rule, tools)
            try:
                rules.append(_rule(decision, rule, number))
            except ValueError as error:
                problems.append(config.problem(("policy", decision, number, "arguments"), str(error)))
                if decision != "allow":
                    rules.append(_rule(decision, rule.model_copy(update={"arguments": {}}), number))
    policy = Policy(
        rules=tuple(rules),
        approval_timeout=said.approval_timeout,
        calls_per_minute=said.calls_per_minute or None,
        repeat_limit=said.repeat_limit or None,
        duplicate_window=said.duplicate_window,
        tool_calls_per_minute={
            name: tool.calls_per_minute
            for name, tool in config.tools.by_name.items()
            if tool.calls_per_minute
        },
    )
    return policy, problems


def _rule(decision: Decision, said: RuleConfig, number: int) -> Rule:
    return Rule(
        decision,
        tool=said.tool or "*",
        risk=frozenset({said.risk} if said.risk else ()),
        arguments=said.arguments,
        name=f"policy.{decision}[{number}]",
    )


def _unmatched(
    config: Config, path: tuple[str | int, ...], rule: RuleConfig, tools: Collection[str]
) -> list[ConfigProblem]:
    """A glob that no installed tool fits: most likely misspelt, and then the rule protects nobody."""
    if rule.tool is None or rule.tool == "*" or any(map(compile_glob(rule.tool), tools)):
        return []
    fix = did_you_mean(rule.tool, tools) or "`agentframework tools` lists those that are installed"
    return [config.problem(path, f"no installed tool is called {rule.tool!r}", fix)]
