"""Every message of the vendor's AsyncAPI page is read by our models, and none of its fields is unknown to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from agentframework.protocol.client import ClientProtocol, Verdict
from agentframework.protocol.messages import (
    CLIENT_MESSAGES,
    SERVER_MESSAGES,
    ClientMessage,
    UserAudioChunkMessage,
    parse_server_frame,
)

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY.parent / "shared" / "protocol" / "agent.asyncapi.yaml"

if not PAGE.is_file():
    pytest.skip(
        "the vendor's AsyncAPI page (../shared/protocol/agent.asyncapi.yaml) is not there",
        allow_module_level=True,
    )

Schema = dict[str, Any]
DOCUMENT: Schema = yaml.safe_load(PAGE.read_text(encoding="utf-8"))
CHANNEL: Schema = DOCUMENT["channels"]["/v1/convai/conversation"]


def looked_up(reference: str) -> Schema:
    found = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def resolved(schema: Schema) -> Schema:
    return looked_up(schema["$ref"]) if "$ref" in schema else schema


def examples(schema: Schema, *, full: bool, depth: int = 0) -> Iterator[Any]:
    """Values that fit `schema`, one for each alternative in it; `full` fills what is optional too."""
    schema = resolved(schema)
    if "x-fern-type" in schema:
        literal = re.fullmatch(r'literal<"(.+)">', schema["x-fern-type"])
        assert literal is not None
        yield literal[1]
    elif "anyOf" in schema:
        for alternative in schema["anyOf"]:
            yield from examples(alternative, full=full, depth=depth + 1)
    elif "const" in schema:
        yield schema["const"]
    elif "enum" in schema:
        yield from schema["enum"]
    elif schema["type"] == "object":
        yield from examples_of_an_object(schema, full=full, depth=depth)
    elif schema["type"] == "array":
        # a schema that contains itself is followed a few levels down
        yield [] if depth > 12 else list(examples(schema["items"], full=full, depth=depth + 1))
    else:
        yield {"string": "text", "integer": 7, "number": 0.25, "boolean": True, "null": None}[schema["type"]]


def examples_of_an_object(schema: Schema, *, full: bool, depth: int) -> Iterator[Any]:
    free = schema.get("additionalProperties")
    if isinstance(free, dict):
        yield {
            f"key {number}": value for number, value in enumerate(examples(free, full=full, depth=depth + 1))
        }
        return
    if free:
        yield {"free": [1, {"deep": None}]}
        return
    required = schema.get("required", [])
    wanted = {
        name: list(examples(inner, full=full, depth=depth + 1))
        for name, inner in schema.get("properties", {}).items()
        if full or name in required or name == "type"
    }
    for number in range(max(map(len, wanted.values()), default=1)):
        yield {name: values[number % len(values)] for name, values in wanted.items()}


def messages_of(direction: str) -> list[str]:
    return [message["$ref"].rsplit("/", 1)[1] for message in CHANNEL[direction]["message"]["oneOf"]]


def examples_of(direction: str) -> list[Any]:
    return [
        pytest.param(value, id=f"{name}-{'full' if full else 'least'}-{number}")
        for name in messages_of(direction)
        for full in (False, True)
        for number, value in enumerate(
            islice(examples(looked_up(f"#/components/messages/{name}")["payload"], full=full), 100)
        )
    ]


def fern_examples(direction: str) -> list[Any]:
    return [
        pytest.param(message["value"], id=message["messageId"])
        for example in CHANNEL["x-fern-examples"]
        for message in example["messages"]
        if message["type"] == direction
    ]


def unknown_fields(value: object, path: str = "") -> list[str]:
    """Where in a message something has ended among the fields that our classes do not know."""
    found: list[str] = []
    if isinstance(value, BaseModel):
        found += [f"{path}.{name}" for name in value.model_extra or {}]
        for name in type(value).model_fields:
            found += unknown_fields(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            found += unknown_fields(inner, f"{path}[]")
    return found


def client_class(value: Schema) -> type[ClientMessage]:
    return CLIENT_MESSAGES[value["type"]] if "type" in value else UserAudioChunkMessage


def test_the_page_has_the_messages_that_this_test_was_written_for() -> None:
    assert (len(messages_of("publish")), len(messages_of("subscribe"))) == (10, 19)
    # each variant of mcp_tool_call, each client override, each of the seven formats
    assert len(examples_of("subscribe")) >= 2 * 19 + 3 + 6
    assert (len(fern_examples("publish")), len(fern_examples("subscribe"))) == (9, 7)


def test_every_type_of_the_page_is_one_that_we_have() -> None:
    sent = {value.values[0].get("type", "user_audio_chunk") for value in examples_of("publish")}
    received = {value.values[0]["type"] for value in examples_of("subscribe")}
    assert sent <= set(CLIENT_MESSAGES)
    assert received <= set(SERVER_MESSAGES)


@pytest.mark.parametrize("value", examples_of("subscribe") + fern_examples("subscribe"))
def test_what_the_agent_sends_is_read_whole(value: Schema) -> None:
    message = parse_server_frame(json.dumps(value))
    assert type(message) is SERVER_MESSAGES[value["type"]]
    assert isinstance(message, BaseModel)
    assert unknown_fields(message) == []
    assert message.model_dump(exclude_unset=True) == value


@pytest.mark.parametrize("value", fern_examples("subscribe"))
def test_the_vendors_own_examples_are_acted_on(value: Schema) -> None:
    verdict = ClientProtocol().receive_frame(json.dumps(value)).verdict
    acted_on = {
        "audio": Verdict.AUDIO,
        "client_tool_call": Verdict.CALL,
        "conversation_initiation_metadata": Verdict.STARTED,
    }
    assert verdict is acted_on.get(value["type"], Verdict.EVENT)


@pytest.mark.parametrize("value", examples_of("publish") + fern_examples("publish"))
def test_what_a_client_sends_can_be_said_with_our_models(value: Schema) -> None:
    message = client_class(value).model_validate_json(json.dumps(value))
    assert unknown_fields(message) == []
    # protocol 2.9: a feedback without a score is written with null
    without_score = (
        value | {"score": None} if value.get("type") == "feedback" and "score" not in value else value
    )
    assert json.loads(message.to_frame()) == without_score
