"""A program for the ElevenLabs SDK finds every parameter and method that it knows, as it knows them."""

from __future__ import annotations

import inspect
import json
import subprocess
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from agentframework.compat import elevenlabs as compat
from agentframework.conversation.async_conversation import AsyncConversation
from agentframework.conversation.base import BaseConversation
from agentframework.conversation.conversation import Conversation

PROGRAM = Path(__file__).parent.parent / "clients" / "elevenlabs_signatures.py"

CLASSES = (
    *("Conversation", "AsyncConversation", "ClientTools", "ConversationInitiationData"),
    *("OnPremInitiationData", "PostCallWebhookConfig", "DisconnectionDetails", "AudioEventAlignment"),
    *("AudioInterface", "AsyncAudioInterface"),
)
# What the SDK's own conversations are made of, and no program of a user has in hand.
INNER = {
    *("UserMessageClientToOrchestratorEvent", "UserActivityClientToOrchestratorEvent"),
    *("ContextualUpdateClientToOrchestratorEvent", "MultimodalMessageClientToOrchestratorEvent"),
    "MultimodalMessageFile",
}
INNER_METHODS = {("ClientTools", "execute_tool")}


@pytest.fixture(scope="module")
def sdk(clients_python: Path) -> dict[str, Any]:
    """The SDK's classes, with signatures, as its own interpreter tells them."""
    ran = subprocess.run([clients_python, PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def signature(function: Any) -> dict[str, tuple[str, str | None]]:
    return {
        one.name: (one.kind.name, None if one.default is one.empty else repr(one.default))
        for one in inspect.signature(function).parameters.values()
    }


def differences(theirs: list[list[Any]], function: Any) -> list[str]:
    """What a call in the SDK's words would meet here; that ours asks for less is none."""
    ours, found = signature(function), []
    for position, (name, kind, default) in enumerate(theirs):
        if name not in ours:
            found.append(f"{name} is missing")
            continue
        our_kind, our_default = ours[name]
        if our_kind != kind or list(ours)[position] != name:
            found.append(
                f"{name} is {our_kind} number {list(ours).index(name)}, and not {kind} number {position}"
            )
        if default is not None and our_default != default:
            found.append(f"{name} has the default {our_default}, and not {default}")
    known = {name for name, _, _ in theirs}
    more = [
        name
        for name, (kind, _) in ours.items()
        if name not in known and kind not in ("KEYWORD_ONLY", "VAR_KEYWORD")
    ]
    return found + [f"{name} may be given by position" for name in more]


@pytest.mark.parametrize("name", CLASSES)
def test_its_constructor_takes_what_the_sdks_takes(name: str, sdk: dict[str, Any]) -> None:
    found = differences(sdk[name]["parameters"], getattr(compat, name))
    extra_fields = {"phase", "hint"} if name == "DisconnectionDetails" else set()  # nobody but us makes one
    assert [text for text in found if text.split()[0] not in extra_fields] == []


@pytest.mark.parametrize("name", CLASSES)
def test_each_method_is_there_and_takes_what_the_sdks_takes(name: str, sdk: dict[str, Any]) -> None:
    for method, theirs in sdk[name]["methods"].items():
        if (name, method) in INNER_METHODS:
            continue
        function = getattr(getattr(compat, name), method)
        assert differences(theirs["parameters"], function) == [], method
        awaitable = inspect.iscoroutinefunction(function) or "Done" in str(
            inspect.signature(function).return_annotation
        )
        assert awaitable == theirs["is_async"], method


def test_every_class_of_the_sdk_is_there_but_its_inner_ones(sdk: dict[str, Any]) -> None:
    offered = {*compat.__all__, "DefaultAudioInterface", "AsyncDefaultAudioInterface"}
    assert set(sdk) - INNER <= offered


@pytest.mark.parametrize("name", ["AgentChatResponsePartType", "ClientToOrchestratorEvent"])
def test_enumerations_have_the_sdks_members(name: str, sdk: dict[str, Any]) -> None:
    kind = getattr(compat, name)
    assert issubclass(kind, Enum)
    assert issubclass(kind, str)
    ours = {member.name: member.value for member in kind}
    assert sdk[name]["values"].items() <= ours.items()


def test_both_doors_have_the_same_methods_with_the_same_parameters() -> None:
    def methods(door: type[BaseConversation]) -> dict[str, Any]:
        functions = inspect.getmembers(door, inspect.isfunction)
        return {name: signature(function) for name, function in functions if not name.startswith("_")}

    assert methods(Conversation) == methods(AsyncConversation)
