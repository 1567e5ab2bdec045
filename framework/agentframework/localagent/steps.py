"""The steps of a script for the local agent: one class for each action."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agentframework.localagent.speech import CHUNK
from agentframework.protocol.messages import CLIENT_MESSAGES
from agentframework.spelling import did_you_mean

__all__ = [
    "ENDINGS",
    "STEPS",
    "AudioStep",
    "CallStep",
    "CloseStep",
    "CorrectStep",
    "DropStep",
    "ExpectResultStep",
    "ExpectStep",
    "HearStep",
    "InterruptStep",
    "PingStep",
    "SayStep",
    "SendRawStep",
    "SendStep",
    "StallStep",
    "Step",
    "TalkStep",
    "TranscriptStep",
]

_CLOSE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})


def _check_close_code(code: int) -> int:
    if code not in _CLOSE_CODES:
        raise ValueError("a close code is one of 1000-1003, 1007-1014 and 3000-4999")
    return code


def _check_true(value: bool) -> bool:
    if not value:
        raise ValueError("true was expected; leave the step out where it is not meant")
    return value


def _check_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from None
    return text


def _check_json(value: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"cannot be written as JSON: {error}") from None
    return value


def _check_client_type(name: str) -> str:
    if name not in CLIENT_MESSAGES:
        raise ValueError(
            f"a client sends no message of type {name!r}{did_you_mean(name, CLIENT_MESSAGES, after='; ')}"
        )
    return name


# not Literal[True], which takes 1 for true
Yes = Annotated[bool, AfterValidator(_check_true)]
Pattern = Annotated[str, AfterValidator(_check_pattern)]
Object = Annotated[dict[str, Any], AfterValidator(_check_json)]
Seconds = Annotated[float, Field(ge=0)]


class Step(BaseModel):
    """One table `[[step]]`: the key of its action, and what else that action takes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SayStep(Step):
    """`say = "..."`: an answer of the agent; in voice aloud, unless `aloud = false`.

    The script goes on when all of it is sent, or was interrupted, which is before it has sounded.

    `{result}` becomes the last tool result that was expected, `{heard}` the last text of the user that was.
    """

    say: str
    aloud: bool = True


class CallStep(Step):
    """`call = "tool"`: call a tool of the client, and go on at once (protocol 4.5).

    `arguments` is its table of arguments; `id` the tool_call_id; `expects_response` true, false, or "absent" as
    with old servers; `timeout` its response time-out in seconds, -1 for none; `duplicate = true` sends it twice.
    """

    call: str
    arguments: Object = {}
    id: str | None = Field(default=None, min_length=1)
    expects_response: bool | Literal["absent"] | None = None
    timeout: float | None = Field(default=None, ge=-1)
    duplicate: bool = False


class ExpectStep(Step):
    """`expect = "user_message"`: wait for the client's next message of that type (protocol 2).

    `fields` says what must stand in it, `matches` which regular expression must be found in a text of it; both
    take dotted names. It must come within `within` seconds. Messages of other types are left for later steps.
    """

    expect: Annotated[str, AfterValidator(_check_client_type)]
    fields: Object = {}
    matches: dict[str, Pattern] = {}
    within: Seconds = 10.0


class ExpectResultStep(Step):
    """`expect_result = true`, or a tool_call_id: wait for the next tool result, or the one of that call.

    `text` is the whole result, `matches` a regular expression to be found in it, `is_error` its flag.
    """

    expect_result: Yes | str
    text: str | None = None
    matches: Pattern | None = None
    is_error: bool | None = None
    within: Seconds = 10.0


class HearStep(Step):
    """`hear = "begin"`: wait until the user begins to speak; `hear = "end"`: until they have spoken.

    It must come within `within` seconds. With `"end"`, what had less than `seconds` of speech is passed over, and the
    words become `{heard}`; `matches` is a regular expression to be found in them, which needs a command that
    transcribes.
    """

    hear: Literal["begin", "end"]
    seconds: Seconds = 0.0
    matches: Pattern | None = None
    within: Seconds = 10.0


class TranscriptStep(Step):
    """`transcript = "..."`: say what the user was understood to have said; `{heard}` as in `say`."""

    transcript: str


class InterruptStep(Step):
    """`interrupt = true`, or an event id: audio up to the last event id, or that one, is void (protocol 4.1)."""

    interrupt: Yes | int


class CorrectStep(Step):
    """`correct = "..."`: what of the last answer, or of `original`, was really spoken (protocol 4.2)."""

    correct: str
    original: str | None = None
    event_id: int | None = None


class AudioStep(Step):
    """`audio = 0.5`: so many seconds of the tone, in chunks of `chunk` seconds (protocol 4.6: of any length).

    All have the event id `event_id` where it is given.
    """

    audio: Seconds
    event_id: int | None = None
    chunk: float = Field(default=CHUNK, ge=0.001, le=120)


class PingStep(Step):
    """`ping = true`: a ping, with the latency that was measured or with `ping_ms` (protocol 4.4)."""

    ping: Yes
    ping_ms: int | None = None


class StallStep(Step):
    """`stall = 2.0`: do nothing for so many seconds; with `reads = false` not even read what the client sends."""

    stall: Seconds
    reads: bool = True


class SendStep(Step):
    """`send = { type = "..." }`: any JSON object, message or not."""

    send: Object


class SendRawStep(Step):
    """`send_raw = "..."`: any text as a frame."""

    send_raw: str


class DropStep(Step):
    """`drop = true`: the connection is gone, without a close frame. Only at the end."""

    drop: Yes


class CloseStep(Step):
    """`close = 1008`: close with this code and `reason` (protocol 1.8). Only at the end."""

    close: Annotated[int, AfterValidator(_check_close_code)]
    reason: str = ""


class TalkStep(Step):
    """`talk = true`: from here on the talker answers. Only at the end."""

    talk: Yes


STEPS: dict[str, type[Step]] = {
    "say": SayStep,
    "call": CallStep,
    "expect": ExpectStep,
    "expect_result": ExpectResultStep,
    "hear": HearStep,
    "transcript": TranscriptStep,
    "interrupt": InterruptStep,
    "correct": CorrectStep,
    "audio": AudioStep,
    "ping": PingStep,
    "stall": StallStep,
    "send": SendStep,
    "send_raw": SendRawStep,
    "drop": DropStep,
    "close": CloseStep,
    "talk": TalkStep,
}
"""The class of each action, by the key that names it."""

ENDINGS = (DropStep, CloseStep, TalkStep)
"""The actions after which no other step can come."""
