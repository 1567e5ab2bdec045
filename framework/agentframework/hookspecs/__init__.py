"""The contract between the runtime and its plugins: the hooks, their marks, and what they are given."""

from __future__ import annotations

from agentframework.hookspecs.contribution import Contribution, OwnedBackend, OwnedCallbacks, Owner
from agentframework.hookspecs.markers import PROJECT, hookimpl, hookspec
from agentframework.hookspecs.registrars import AudioBackendRegistrar, CallbacksRegistrar, ToolRegistrar
from agentframework.hookspecs.specs import register_audio_backends, register_callbacks, register_tools

__all__ = [
    "PROJECT",
    "AudioBackendRegistrar",
    "CallbacksRegistrar",
    "Contribution",
    "OwnedBackend",
    "OwnedCallbacks",
    "Owner",
    "ToolRegistrar",
    "hookimpl",
    "hookspec",
    "register_audio_backends",
    "register_callbacks",
    "register_tools",
]
