"""Permission: which calls run, which are asked for, and which are not run (pure; no clock of its own)."""

from __future__ import annotations

from agentframework.policy.canonical import canonical_json, hash_of
from agentframework.policy.gate import Gate
from agentframework.policy.patterns import BOUNDS, compile_glob, compile_pattern
from agentframework.policy.rules import Decision, Policy, Rule
from agentframework.policy.verdicts import Ask, Attempt, Deny, Join, Replay, Run, Verdict

__all__ = [
    "BOUNDS",
    "Ask",
    "Attempt",
    "Decision",
    "Deny",
    "Gate",
    "Join",
    "Policy",
    "Replay",
    "Rule",
    "Run",
    "Verdict",
    "canonical_json",
    "compile_glob",
    "compile_pattern",
    "hash_of",
]
