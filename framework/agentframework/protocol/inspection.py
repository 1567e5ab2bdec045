"""Reads a client's frame as strictly as the platform does: a message with remarks, or a refusal that says why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any

import pybase64
from pydantic import ValidationError

from agentframework.protocol.messages import (
    CLIENT_MESSAGES,
    ClientMessage,
    ConversationInitiationClientDataMessage,
    EnclaveSetupConfigMessage,
    MultimodalMessage,
    UserAudioChunkMessage,
)
from agentframework.protocol.messages.base import Payload
from agentframework.protocol.messages.misfit import describe, kind_of
from agentframework.protocol.overrides import check_override
from agentframework.spelling import did_you_mean

__all__ = ["Inspected", "Refused", "Remark", "RemarkKind", "inspect_client_frame"]

_NUMERIC = re.compile(r"[0-9]{1,18}", re.ASCII)
_SECRET_LENGTH = 16
_MOST_REMARKS = 20
_MOST_FILES = 5
_MOST_SOURCE_VERSION = 50


class RemarkKind(Enum):
    """What is odd about a frame that is accepted all the same (design 7)."""

    EXTRA_FIELD = "extra field"
    UNKNOWN_OVERRIDE = "unknown override"
    ODD_VALUE = "odd value"
    NUMERIC_STRING = "number as text"
    OUT_OF_ORDER = "out of order"
    EARLY_AUDIO = "audio before the metadata"
    LATE_RESULT = "late result"
    DUPLICATE_RESULT = "duplicate result"
    UNEXPECTED_RESULT = "unexpected result"
    UNEXPECTED_PONG = "unexpected pong"


@dataclass(frozen=True, slots=True)
class Remark:
    """One oddity, in a sentence that names fields and kinds but never holds what was said."""

    kind: RemarkKind
    text: str


@dataclass(frozen=True, slots=True)
class Inspected:
    """A frame that is a message; `audio` is decoded, in the user's input format, where it carries any."""

    message: ClientMessage
    remarks: tuple[Remark, ...] = ()
    audio: bytes = b""


@dataclass(frozen=True, slots=True)
class Refused:
    """A frame that the platform would close the conversation for; `problem` names no value that came."""

    problem: str
    message_type: str | None = None


def inspect_client_frame(frame: str | bytes) -> Inspected | Refused:
    """The client's message that `frame` holds (protocol 2), or why it is none. Never raises, whatever came."""
    value = _read_object(frame)
    if isinstance(value, Refused):
        return value
    message_type = value.get("type", "user_audio_chunk" if "user_audio_chunk" in value else None)
    if message_type is None:
        return Refused("an object without a type")
    if not isinstance(message_type, str):
        return Refused(f"type: expected a text, got {kind_of(message_type)}")
    if message_type not in CLIENT_MESSAGES:
        return Refused(
            f"no message has this type{did_you_mean(message_type, CLIENT_MESSAGES, after='; ')}",
            message_type[:64],
        )
    value, remarks = _read_numeric_event_id(message_type, value)
    if message_type == "user_audio_chunk" and "type" in value:
        remarks.append(Remark(RemarkKind.EXTRA_FIELD, "user_audio_chunk: type: audio carries no type"))
    try:
        message = CLIENT_MESSAGES[message_type].model_validate(value)
    except ValidationError as error:
        return Refused(describe(message_type, error), message_type)
    remarks.extend(islice(_extra_fields(message, message_type), _MOST_REMARKS))
    return _check_further(message, remarks)


def _check_further(message: ClientMessage, remarks: list[Remark]) -> Inspected | Refused:
    audio = b""
    match message:
        case UserAudioChunkMessage():
            try:
                audio = pybase64.b64decode(message.user_audio_chunk, validate=True)
            except ValueError:
                return Refused("user_audio_chunk: no standard base64", "user_audio_chunk")
        case EnclaveSetupConfigMessage():
            problem = _check_webhooks(message)
            if problem is not None:
                return Refused(f"enclave_setup_config: {problem}", message.type)
        case ConversationInitiationClientDataMessage():
            remarks.extend(islice(_odd_initiation(message), _MOST_REMARKS))
        case MultimodalMessage():
            if len(message.files or ()) > _MOST_FILES:
                remarks.append(
                    Remark(RemarkKind.ODD_VALUE, f"{message.type}: files: more than {_MOST_FILES}")
                )
    return Inspected(message, tuple(remarks), audio)


def _read_object(frame: str | bytes) -> dict[str, Any] | Refused:
    if isinstance(frame, bytes):
        return Refused("a binary frame; the wire has text frames only")
    try:
        value = json.loads(frame, parse_constant=_refuse_constant)
    except RecursionError:
        return Refused("nested too deeply to read")
    except ValueError:
        return Refused("not JSON")
    return value if isinstance(value, dict) else Refused(f"expected an object, got {kind_of(value)}")


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _read_numeric_event_id(message_type: str, value: dict[str, Any]) -> tuple[dict[str, Any], list[Remark]]:
    event_id = value.get("event_id")
    takes_one = "event_id" in CLIENT_MESSAGES[message_type].model_fields
    if takes_one and isinstance(event_id, str) and _NUMERIC.fullmatch(event_id):
        text = f"{message_type}: event_id: a number was expected, the same number as a text came"
        return {**value, "event_id": int(event_id)}, [Remark(RemarkKind.NUMERIC_STRING, text)]
    return value, []


def _extra_fields(part: Payload, place: str) -> Iterator[Remark]:
    known = type(part).model_fields
    for name in part.model_extra or {}:
        hint = did_you_mean(name, known, after="; ")
        yield Remark(RemarkKind.EXTRA_FIELD, f"{place}: {name[:64]}: no such field is known{hint}")
    for name in known:
        value = getattr(part, name)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, Payload):
                yield from _extra_fields(inner, f"{place}.{name}")


def _odd_initiation(message: ConversationInitiationClientDataMessage) -> Iterator[Remark]:
    place = "conversation_config_override"
    for problem in check_override(message.conversation_config_override or {}):
        kind = RemarkKind.UNKNOWN_OVERRIDE if problem.unknown else RemarkKind.ODD_VALUE
        yield Remark(kind, f"{place}.{problem.path}: {problem.text}")
    for name, value in (message.dynamic_variables or {}).items():
        if isinstance(value, dict):
            text = f"dynamic_variables.{name[:64]}: a text, number, true, false, null or list was expected"
            yield Remark(RemarkKind.ODD_VALUE, text)
        elif name.startswith("system__"):
            yield Remark(RemarkKind.ODD_VALUE, f"dynamic_variables.{name[:64]}: system__ is reserved")
    version = message.source_info.version if message.source_info is not None else None
    if version is not None and len(version) > _MOST_SOURCE_VERSION:
        text = f"source_info.version: more than {_MOST_SOURCE_VERSION} characters"
        yield Remark(RemarkKind.ODD_VALUE, text)
    if len(message.start_procedure_ids or ()) > _MOST_FILES:
        yield Remark(RemarkKind.ODD_VALUE, f"start_procedure_ids: more than {_MOST_FILES}")


def _check_webhooks(message: EnclaveSetupConfigMessage) -> str | None:
    """Why an on-prem server would reject the set-up, or None (protocol 1.7)."""
    for name in ("post_call_transcription_webhook", "post_call_audio_webhook"):
        webhook = getattr(message, name)
        if webhook is None:
            continue
        if getattr(message, f"{name}_url"):
            return f"{name} and {name}_url exclude each other"
        if webhook.hmac_secret is not None and len(webhook.hmac_secret) < _SECRET_LENGTH:
            return f"{name}.hmac_secret: shorter than {_SECRET_LENGTH} characters"
    return None
