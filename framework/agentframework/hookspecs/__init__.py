"""The contract between the runtime and its plugins: the hooks, their marks, and what they are given."""

from __future__ import annotations

from agentframework.hookspecs.contribution import (
    Contribution,
    OwnedApprover,
    OwnedBackend,
    OwnedCallbacks,
    Owner,
)
from agentframework.hookspecs.markers import PROJECT, hookimpl, hookspec
from agentframework.hookspecs.registrars import (
    ApproverRegistrar,
    AudioBackendRegistrar,
    CallbacksRegistrar,
    ToolRegistrar,
)
from agentframework.hookspecs.specs import (
    register_approvers,
    register_audio_backends,
    register_callbacks,
    register_tools,
)

__all__ = [
    "PROJECT",
    "ApproverRegistrar",
    "AudioBackendRegistrar",
    "CallbacksRegistrar",
    "Contribution",
    "OwnedApprover",
    "OwnedBackend",
    "OwnedCallbacks",
    "Owner",
    "ToolRegistrar",
    "hookimpl",
    "hookspec",
    "register_approvers",
    "register_audio_backends",
    "register_callbacks",
    "register_tools",
]
