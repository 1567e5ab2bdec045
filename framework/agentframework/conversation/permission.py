"""The policy that a program gives its conversation, in the words of the config."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentframework.policy import Policy

if TYPE_CHECKING:
    from agentframework.audit import AuditLog

__all__ = ["Permission", "permission_of"]

_log = logging.getLogger("agentframework.conversation")


@dataclass(frozen=True, slots=True)
class Permission:
    """What it comes to."""

    policy: Policy
    audit: AuditLog | None


def permission_of(said: Mapping[str, Any] | None, tools: Collection[str]) -> Permission:
    """The policy and the audit log of a table with the keys of `[policy]`; without one no rules and no limits.

    A rule that means none of `tools` is warned of. Raises `ConfigError` with all that is wrong in it, ValueError for
    `approver`, which is a parameter of its own, and OSError for an audit log that cannot be written.
    """
    if said is None:
        return Permission(Policy(), None)
    if "approver" in said:
        raise ValueError("policy names an approver: give the Approver itself as approver=")
    # here, because the config's models are a sixth of the import, and most programs use none
    from agentframework.audit import AuditLog
    from agentframework.config import Config
    from agentframework.errors import ConfigError
    from agentframework.permission import policy_of

    config = Config.from_mapping({"agent": {"url": "local"}, "policy": dict(said)})
    policy, problems = policy_of(config, tools)
    wrong = [problem for problem in problems if not problem.key.endswith(".tool")]
    if wrong:
        raise ConfigError(wrong)
    for problem in problems:  # a tool that may be registered later
        _log.warning("%s", problem)
    audit = None if config.policy.audit is None else AuditLog(config.policy.audit)
    if audit is not None:
        audit.check()
    return Permission(policy, audit)
