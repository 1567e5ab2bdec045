"""No frame ever ends a session: each becomes an event that says what is wrong, and the next ping is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.protocol.client import ClientProtocol, Received, Verdict
from agentframework.protocol.ledger import Outcome, Settlement
from agentframework.protocol.messages import MalformedFrame, UnknownMessage
from wire_examples import ACTED_ON, FRAMES, LEAST, frame_of, payload_key

PING = '{"type": "ping", "ping_event": {"event_id": 4711}}'
PONG = '{"type":"pong","event_id":4711}'
OPEN, CLOSE = "[" * 100_000, "]" * 100_000

NO_MESSAGE: dict[str, tuple[str | bytes, str]] = {
    "an empty text": ("", "an empty frame"),
    "whitespace": (" \r\n\t", "an empty frame"),
    "a lone byte order mark": ("\ufeff", "an empty frame"),
    "plain words": ("Internal Server Error", "not JSON"),
    "HTML": ("<html><body>502</body></html>", "not JSON"),
    "a truncated frame": ('{"type": "ping", "ping_event": {"event_', "not JSON"),
    "two objects in one frame": (PING + PING, "not JSON: Extra data"),
    "a trailing comma": ('{"type": "ping", "ping_event": {"event_id": 1},}', "not JSON"),
    "single quotes": ("{'type': 'ping', 'ping_event': {'event_id': 1}}", "not JSON"),
    "a key without quotes": ('{type: "ping"}', "not JSON"),
    "a comment": ('/* hi */ {"type": "ping", "ping_event": {"event_id": 1}}', "not JSON"),
    "a NUL": ("\x00", "not JSON"),
    "a lone surrogate": ("\ud800", "not JSON"),
    "an unfinished escape": ('{"type": "p\\', "not JSON"),
    "an escape that JSON has not": ('{"type": "\\x70ing"}', "not JSON"),
    "Python's words": ('{"type": None}', "not JSON"),
    "deep nesting that is never closed": (OPEN, "not JSON"),
    "objects nested without end": ('{"a":' * 100_000, "not JSON"),
    "null": ("null", "no object"),
    "true": ("true", "no object"),
    "a number": ("4711", "no object"),
    "a huge number": ("9" * 5000, "no object"),
    "NaN": ("NaN", "no object"),
    "minus infinity": ("-Infinity", "no object"),
    "a text": ('"ping"', "no object"),
    "a list of messages": (f"[{PING}]", "no object"),
    "an empty list": ("[]", "no object"),
    "deep nesting": (OPEN + CLOSE, "no object"),
    "an empty object": ("{}", "without a type"),
    "an object without a type": ('{"ping_event": {"event_id": 1}}', "without a type"),
    "a type in capitals": ('{"TYPE": "ping"}', "without a type"),
    "a type that is null": ('{"type": null}', "without a type"),
    "a type that is a number": ('{"type": 5}', "type is no text"),
    "a type that is true": ('{"type": true}', "type is no text"),
    "a type that is a list": ('{"type": ["ping"]}', "type is no text"),
    "a type that is an object": ('{"type": {"ping": 1}}', "type is no text"),
    "a type that is a deep list": (f'{{"type": {OPEN}{CLOSE}}}', "type is no text"),
    "nothing, in binary": (b"", "a binary frame"),
    "a message in binary": (PING.encode(), "a binary frame"),
    "audio in binary": (b"\x00\x01\xfe\xff" * 100, "a binary frame"),
}

UNKNOWN: dict[str, str] = {
    "a type of tomorrow": '{"type": "agent_hologram", "hologram_event": {"event_id": 1}}',
    "an empty type": '{"type": ""}',
    "a type with a space behind": '{"type": "ping ", "ping_event": {"event_id": 1}}',
    "a type in another case": '{"type": "Ping", "ping_event": {"event_id": 1}}',
    "one of our own types": '{"type": "pong", "event_id": 1}',
    "a type that is half a surrogate pair": '{"type": "\\ud800"}',
    "a key that is half a surrogate pair": '{"type": "x", "\\udfff": 1, "payload": "\ud800"}',
    "deep nesting below an unknown type": f'{{"type": "x", "a": {OPEN}{CLOSE}}}',
    "a huge number below an unknown type": '{"type": "x", "a": %s}' % ("9" * 5000),
    "a type of a megabyte": '{"type": "%s"}' % ("x" * 1_000_000),
}

WRONG_VALUES: dict[str, str] = {
    "null": "null",
    "a list": "[]",
    "an object": "{}",
    "a list in a list": f"{OPEN}{CLOSE}",
    "NaN, or true": "@",
}

BAD_BASE64 = [
    "A",
    "AA",
    "AAA",
    "AAAAA",
    "A===",
    "====",
    "!!!!",
    "AA AA",
    "AAAA\\n",
    "Pj4-Pz8_",
    "\\u00e9AAA",
    "data:,",
]


def spoilt() -> dict[str, str]:
    """Each needed field of the nine acted-on messages, missing and with each value that cannot be read."""
    found = {}
    for name in ACTED_ON:
        key, least = payload_key(name), LEAST[name]
        for what, wrong in WRONG_VALUES.items():
            value = wrong.replace("@", "true")
            found[f"{name} whose payload is {what}"] = f'{{"type": "{name}", "{key}": {value}}}'
        found[f"{name} without payload"] = f'{{"type": "{name}"}}'
        for field in least:
            others = {other: value for other, value in least.items() if other != field}
            found[f"{name} without {field}"] = json.dumps({"type": name, key: others})
            for what, wrong in WRONG_VALUES.items():
                # true is read as 1 where a number is due, so a number gets NaN instead
                value = wrong.replace("@", "NaN" if field == "event_id" else "true")
                payload = json.dumps(others | {field: "@"}).replace('"@"', value)
                found[f"{name} whose {field} is {what}"] = f'{{"type": "{name}", "{key}": {payload}}}'
    return found


SPOILT = spoilt()


def receive(frame: str | bytes) -> Received:
    """Hand `frame` to a running conversation, which must go on whatever it was."""
    protocol = ClientProtocol()
    protocol.next_frame()
    received = protocol.receive_frame(frame)
    assert protocol.counts[received.verdict] == 1
    while protocol.next_frame() is not None:
        pass
    assert protocol.receive_frame(PING).verdict is Verdict.EVENT
    assert protocol.next_frame() == PONG
    return received


def test_there_are_more_than_forty_kinds() -> None:
    assert len(NO_MESSAGE) == 40
    assert len(SPOILT) > 100


@pytest.mark.parametrize("kind", NO_MESSAGE)
def test_a_frame_that_is_no_message_is_an_event_that_says_so(kind: str) -> None:
    frame, problem = NO_MESSAGE[kind]
    received = receive(frame)
    assert received.verdict is Verdict.MALFORMED
    assert isinstance(received.message, MalformedFrame)
    assert problem in received.message.problem
    assert received.message.message_type is None
    assert len(received.message.frame) <= 2000
    received.message.frame.encode("utf-8")


@pytest.mark.parametrize("kind", UNKNOWN)
def test_a_type_that_nobody_knows_is_an_event_with_its_fields(kind: str) -> None:
    received = receive(UNKNOWN[kind])
    assert received.verdict is Verdict.UNKNOWN
    assert isinstance(received.message, UnknownMessage)
    received.message.model_dump_json()


@pytest.mark.parametrize("kind", SPOILT)
def test_a_needed_field_that_cannot_be_read_is_an_event_that_names_it(kind: str) -> None:
    message_type = kind.split(" ")[0]
    received = receive(SPOILT[kind])
    assert received.verdict is Verdict.MALFORMED
    assert isinstance(received.message, MalformedFrame)
    assert received.message.message_type == message_type
    assert received.message.problem.startswith(f"{message_type}: {payload_key(message_type)}")


@pytest.mark.parametrize("base64", BAD_BASE64)
def test_audio_that_is_no_base64_is_an_event_and_plays_nothing(base64: str) -> None:
    received = receive(frame_of("audio", f'{{"audio_base_64": "{base64}", "event_id": 1}}'))
    assert received.verdict is Verdict.MALFORMED
    assert received.audio == b""
    assert isinstance(received.message, MalformedFrame)
    assert received.message.problem == "audio: audio_event.audio_base_64: no valid base64"


def test_audio_that_is_a_number_is_an_event_even_where_its_digits_are_base64() -> None:
    received = receive(frame_of("audio", '{"audio_base_64": 1234, "event_id": 1}'))
    assert received.verdict is Verdict.MALFORMED
    assert received.audio == b""


@pytest.mark.parametrize("event_id", ['"x"', '""', "1.5", "1e400", '"1e5"', '"0x10"', "NaN"])
def test_an_event_id_that_is_no_whole_number_is_an_event(event_id: str) -> None:
    received = receive(frame_of("interruption", f'{{"event_id": {event_id}}}'))
    assert received.verdict is Verdict.MALFORMED


def test_a_huge_event_id_comes_back_digit_by_digit() -> None:
    protocol = ClientProtocol()
    protocol.next_frame()
    protocol.receive_frame('{"type": "ping", "ping_event": {"event_id": %s}}' % ("7" * 4000))
    assert protocol.next_frame() == '{"type":"pong","event_id":%s}' % ("7" * 4000)


ODD_CALLS: dict[str, str] = {
    "nothing but an id": "",
    "a name that is null": '"tool_name": null',
    "a name that is a list": '"tool_name": ["a"]',
    "a name that is half a surrogate pair": '"tool_name": "\\ud800"',
    "an empty name": '"tool_name": ""',
    "no parameters": '"tool_name": "a"',
    "parameters that are null": '"parameters": null',
    "parameters that are a list": '"parameters": [1]',
    "parameters that are a text": '"parameters": "{\\"a\\": 1}"',
    "parameters that hold NaN": '"parameters": {"a": NaN, "b": -Infinity}',
    "parameters that hold a huge number": '"parameters": {"a": %s}' % ("9" * 100_000),
    "parameters that hold a huge float": '"parameters": {"a": 1e999}',
    "parameters that hold half a surrogate pair": '"parameters": {"\\ud800": "\\udfff"}',
    "parameters that hold a raw newline": '"parameters": {"a": "x\ny\x00"}',
    "parameters nested 300 deep": '"parameters": ' + "[" * 300 + "]" * 300,
    "parameters nested 100,000 deep": f'"parameters": {OPEN}{CLOSE}',
    "parameters of a megabyte": '"parameters": {"a": "%s"}' % ("x" * 1_000_000),
    "parameters that come twice": '"parameters": {"a": 1}, "parameters": []',
    "an event id that is no number": '"event_id": {"a": 1}',
    "an event id that is null": '"event_id": null',
    "a flag that is a text": '"expects_response": "false"',
    "a flag that is a list": '"expects_response": []',
    "unknown fields nested deeply": f'"x": {OPEN}{CLOSE}',
    "half a surrogate pair that is not even escaped": f'"parameters": ["\ud800", {OPEN}{CLOSE}]',
    "all at once": '"tool_name": 1, "parameters": NaN, "event_id": [], "expects_response": {}, "x": "\\udfff"',
}


@pytest.mark.parametrize("id_first", [True, False], ids=["id first", "id last"])
@pytest.mark.parametrize("kind", ODD_CALLS)
def test_a_call_with_a_readable_id_is_answered_whatever_else_is_wrong_in_it(
    kind: str, id_first: bool
) -> None:
    parts = ['"tool_call_id": "tc_9"', *filter(None, [ODD_CALLS[kind]])]
    inside = ", ".join(parts if id_first else reversed(parts))
    protocol = ClientProtocol()
    protocol.next_frame()
    received = protocol.receive_frame(frame_of("client_tool_call", f"{{{inside}}}"))
    assert received.verdict is Verdict.CALL
    assert protocol.answer("tc_9", Outcome.BAD_ARGUMENTS, "no", is_error=True) is Settlement.ANSWERED
    assert json.loads(protocol.next_frame() or "")["tool_call_id"] == "tc_9"


@pytest.mark.parametrize("tool_call_id", ['""', "null", "true", "[]", "{}"])
def test_a_call_without_a_readable_id_cannot_be_answered_and_is_an_event(tool_call_id: str) -> None:
    received = receive(frame_of("client_tool_call", f'{{"tool_call_id": {tool_call_id}}}'))
    assert received.verdict is Verdict.MALFORMED
    assert isinstance(received.message, MalformedFrame)
    assert "client_tool_call.tool_call_id" in received.message.problem


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=10,
)


@given(st.text(st.characters()) | st.binary())
def test_no_text_and_no_bytes_make_it_raise(frame: str | bytes) -> None:
    assert receive(frame).verdict in (Verdict.MALFORMED, Verdict.UNKNOWN)


@given(JSON_VALUES, st.booleans())
def test_no_json_value_makes_it_raise(value: object, ascii_only: bool) -> None:
    receive(json.dumps(value, ensure_ascii=ascii_only))


@given(st.sampled_from(sorted(FRAMES)), JSON_VALUES, st.booleans())
def test_no_payload_makes_it_raise(message_type: str, payload: object, ascii_only: bool) -> None:
    key = payload_key(message_type)
    receive(json.dumps({"type": message_type, key: payload}, ensure_ascii=ascii_only))


@given(st.sampled_from([name for name in FRAMES if LEAST.get(name)]), st.data(), JSON_VALUES, st.booleans())
def test_no_field_makes_it_raise(
    message_type: str, data: st.DataObject, value: object, ascii_only: bool
) -> None:
    frame = json.loads(FRAMES[message_type])
    payload = frame[payload_key(message_type)]
    field = data.draw(st.sampled_from(sorted(payload)))
    payload[field] = value
    receive(json.dumps(frame, ensure_ascii=ascii_only))


@given(st.sampled_from(sorted(FRAMES.values())), st.data(), st.text(st.characters(), max_size=3))
def test_no_slip_of_the_pen_makes_it_raise(frame: str, data: st.DataObject, slip: str) -> None:
    start = data.draw(st.integers(0, len(frame)))
    end = data.draw(st.integers(start, min(len(frame), start + 5)))
    receive(frame[:start] + slip + frame[end:])


@given(JSON_VALUES, JSON_VALUES, JSON_VALUES, JSON_VALUES, st.text(min_size=1), st.booleans())
def test_any_call_with_a_readable_id_is_admitted(
    name: object, parameters: object, event_id: object, expects: object, tool_call_id: str, ascii_only: bool
) -> None:
    call = {
        "tool_name": name,
        "parameters": parameters,
        "event_id": event_id,
        "expects_response": expects,
        "tool_call_id": tool_call_id,
    }
    protocol = ClientProtocol()
    frame = json.dumps({"type": "client_tool_call", "client_tool_call": call}, ensure_ascii=ascii_only)
    assert protocol.receive_frame(frame).verdict is Verdict.CALL
    assert protocol.ledger.open_ids == (tool_call_id,)
