"""Saying at once what cannot work of the arguments that a conversation is made with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from agentframework.approval import Approver
from agentframework.audio.base import AudioBackend
from agentframework.audio.echo import EchoControl, EchoMode
from agentframework.callbacks import Callbacks
from agentframework.conversation.client_tools import ClientTools
from agentframework.conversation.data import ConversationInitiationData, OnPremInitiationData
from agentframework.rest import Client
from agentframework.session.reconnecting import ReconnectPolicy
from agentframework.tools.registry import ToolRegistry

__all__ = ["check_arguments"]

_INTERFACE = ("start", "stop", "output", "interrupt")


def check_arguments(arguments: Mapping[str, Any]) -> None:
    """Raises TypeError or ValueError that names the first argument which cannot work, and what would be right."""
    _check_client(arguments["client"], arguments["on_prem_config"])
    if not isinstance(arguments["agent_id"], str):
        raise _wrong("agent_id", "a text", arguments["agent_id"])
    if not arguments["agent_id"] and arguments["on_prem_config"] is None:
        raise ValueError("agent_id is empty; give the agent's id")
    for name, kind, article in (
        ("config", ConversationInitiationData, "a"),
        ("on_prem_config", OnPremInitiationData, "an"),
    ):
        if arguments[name] is not None and not isinstance(arguments[name], kind):
            raise _wrong(name, f"{article} {kind.__name__}", arguments[name])
    if not isinstance(arguments["client_tools"], ClientTools | ToolRegistry | None):
        raise _wrong("client_tools", "ClientTools or a ToolRegistry", arguments["client_tools"])
    _check_interface(arguments["audio_interface"])
    for name, value in arguments.items():
        if name.startswith("callback_") and value is not None and not callable(value):
            raise _wrong(name, "a function", value)
    _check_handlers(arguments["callbacks"])
    _check_timeout(arguments["connect_timeout"])
    if not isinstance(arguments["reconnect"], bool | ReconnectPolicy | None):
        raise _wrong("reconnect", "True, False or a ReconnectPolicy", arguments["reconnect"])
    if not isinstance(arguments["policy"], Mapping | None):
        raise _wrong("policy", "a mapping with the keys of [policy]", arguments["policy"])
    if not isinstance(arguments["approver"], Approver | None):
        raise _wrong("approver", "an Approver", arguments["approver"])
    _check_sound(arguments["echo"], arguments["muted"])


def _check_client(client: Any, on_prem: Any) -> None:
    if isinstance(client, Client) or hasattr(client, "_client_wrapper"):
        return
    if client is None and on_prem is not None:
        return  # such a server is reached without an account
    hint = "; for a key write Client(api_key=...)" if isinstance(client, str) else ""
    raise TypeError(f"client must be a Client or the ElevenLabs SDK's own, not {_kind(client)}{hint}")


def _check_interface(interface: Any) -> None:
    if interface is None or isinstance(interface, AudioBackend):
        return
    missing = [name for name in _INTERFACE if not callable(getattr(interface, name, None))]
    if missing:
        raise TypeError(
            f"audio_interface must be an AudioInterface or an AudioBackend; {_kind(interface)} "
            f"has no {', '.join(f'{name}()' for name in missing)}"
        )


def _check_sound(echo: Any, muted: Any) -> None:
    if not isinstance(echo, EchoControl | str):
        raise _wrong("echo", "a text or an EchoControl", echo)
    modes = get_args(EchoMode)
    if isinstance(echo, str) and echo not in modes:
        raise ValueError(f"echo is one of {', '.join(modes)}, or an EchoControl; not {echo!r}")
    if not isinstance(muted, bool):
        raise _wrong("muted", "True or False", muted)


def _check_handlers(callbacks: Any) -> None:
    if callbacks is None or isinstance(callbacks, Callbacks):
        return
    if not isinstance(callbacks, Sequence) or isinstance(callbacks, str | bytes):
        raise _wrong("callbacks", "a Callbacks object or a sequence of them", callbacks)
    for one in callbacks:
        if not isinstance(one, Callbacks):
            raise _wrong("callbacks", "made of Callbacks objects", one)


def _check_timeout(seconds: Any) -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise _wrong("connect_timeout", "a number of seconds", seconds)
    if not (seconds > 0 and math.isfinite(seconds)):
        raise ValueError(f"connect_timeout must be above 0 and finite, not {seconds}")


def _wrong(name: str, expected: str, value: object) -> TypeError:
    return TypeError(f"{name} must be {expected}, not {_kind(value)}")


def _kind(value: object) -> str:
    """What it is, and never what it holds: it may be a key."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
