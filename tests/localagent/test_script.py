"""A script is read from TOML, and what is wrong with it is said in the words of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.errors import ScriptError
from agentframework.formats import AudioFormat
from agentframework.localagent.options import AgentOptions, ToolHandling
from agentframework.localagent.script import load_script, parse_script
from agentframework.localagent.steps import STEPS, CallStep, ExpectStep, SayStep, Step, TalkStep

EVERY_ACTION = """
    strict = true
    text_only = true
    conversation_id = "conv_fixed"
    output_format = "ulaw_8000"
    input_format = "pcm_48000"
    client_events = ["agent_response", "audio"]
    metadata = "late"
    queue_status = ["waiting", "admitted"]
    ping_interval = 0
    pong_timeout = 5
    idle_timeout = 60
    tool_timeout = -1
    tool_error_handling_mode = "passthrough"

    [[tool]]
    name = "get_time"
    description = "Tell the time."
    parameters = { type = "object", properties = { city = { type = "string" } } }
    expects_response = false
    response_timeout_secs = 3
    tool_error_handling_mode = "summarized"

    [[tool]]
    name = "wait"

    [[step]]
    say = "Hello"
    [[step]]
    call = "get_time"
    arguments = { city = "Oslo" }
    id = "tc_1"
    expects_response = "absent"
    timeout = 0.5
    duplicate = true
    [[step]]
    expect = "user_message"
    fields = { text = "Hi" }
    matches = { text = "^H" }
    within = 1
    [[step]]
    expect_result = "tc_1"
    text = "12:00"
    matches = "12"
    is_error = false
    [[step]]
    hear = "end"
    seconds = 0.5
    matches = "time"
    within = 5
    [[step]]
    transcript = "{heard}"
    [[step]]
    interrupt = 7
    [[step]]
    correct = "Hel"
    original = "Hello"
    event_id = 7
    [[step]]
    audio = 0.5
    event_id = 3
    [[step]]
    ping = true
    ping_ms = 48
    [[step]]
    stall = 0.1
    reads = false
    [[step]]
    send = { type = "vad_score", vad_score_event = { vad_score = 0.5 } }
    [[step]]
    send_raw = "no json"
    [[step]]
    close = 1008
    reason = "enough"
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ScriptError) as error:
        parse_script(text, file="demo.toml")
    return str(error.value).splitlines()


def options(text: str) -> AgentOptions:
    return parse_script(text).options(AgentOptions())


def test_every_action_and_every_setting_is_read() -> None:
    script = parse_script(EVERY_ACTION)

    assert {type(step) for step in script.steps} | {STEPS["drop"], STEPS["talk"]} == set(STEPS.values())
    assert script.settings.conversation_id == "conv_fixed"
    first, second = script.steps[:2]
    assert first == SayStep(say="Hello")
    assert isinstance(second, CallStep)
    assert (second.arguments, second.timeout, second.duplicate) == ({"city": "Oslo"}, 0.5, True)


def test_a_script_changes_the_agents_options() -> None:
    changed = options(EVERY_ACTION)

    assert (changed.strict, changed.text_only) == (True, True)
    assert changed.output_format == AudioFormat("ulaw", 8000)
    assert changed.input_format == AudioFormat("pcm", 48000)
    assert changed.client_events == {"agent_response", "audio"}
    assert (changed.metadata, changed.queue_status) == ("late", ("waiting", "admitted"))
    assert (changed.ping_interval, changed.pong_timeout, changed.idle_timeout) == (None, 5, 60)
    assert changed.handling_of("anything") == ToolHandling(True, None, "passthrough")


def test_a_tool_of_a_script_is_declared_with_its_handling() -> None:
    changed = options(EVERY_ACTION)

    assert [tool.name for tool in changed.tools] == ["get_time", "wait"]
    assert changed.tools[0].description == "Tell the time."
    assert changed.tools[1].parameters == {"type": "object", "properties": {}}
    assert changed.handling_of("get_time") == ToolHandling(False, 3.0, "summarized")
    assert changed.handling_of("wait") == ToolHandling(True, None, "passthrough")


@pytest.mark.parametrize(("word", "metadata"), [("true", "first"), ("false", "never")])
def test_the_metadata_can_be_left_out(word: str, metadata: str) -> None:
    assert options(f"metadata = {word}").metadata == metadata


def test_an_empty_script_changes_nothing() -> None:
    assert options("") == AgentOptions()


PROBLEMS: list[tuple[str, str]] = [
    ("strikt = true", "strikt: no such key; did you mean 'strict'?"),
    ("strict = 1", "strict: input should be a valid boolean"),
    ("steps = []", "steps: no such key; did you mean 'step'?"),
    ('output_format = "pcm_44000"', "output_format: unknown audio format 'pcm_44000'; known are pcm_8000"),
    (
        'client_events = ["audios"]',
        "client_events.0: an agent sends no message of type 'audios'; did you mean",
    ),
    ("idle_timeout = 0", "idle_timeout: input should be greater than 0"),
    ('metadata = "later"', "metadata: "),
    ('metadata = "late"', 'metadata: "late" means after the first step, and there is none'),
    ("step = 5", "step: written as tables [[step]]"),
    ('[[tool]]\nname = "x"\ndescripton = ""', "tool 1: descripton: no such key; did you mean 'description'?"),
    ('[[tool]]\nname = "two words"', "tool 1: name: string should match pattern"),
    ('[[step]]\nsya = "Hi"', "step 1: one action is needed, and it has none; did you mean 'say'?"),
    ("[[step]]\nwithin = 5", "step 1: one action is needed, and it has none; actions are say, call,"),
    ('[[step]]\nsay = "Hi"\ncall = "t"', "step 1: one action is needed, and it has say and call"),
    ("[[step]]\nsay = 5", "step 1: say: input should be a valid string"),
    ('[[step]]\ncall = "t"\nargumets = {}', "step 1: argumets: no such key; did you mean 'arguments'?"),
    (
        '[[step]]\ncall = "t"\narguments = { day = 2026-01-01 }',
        "step 1: arguments: cannot be written as JSON",
    ),
    ("[[step]]\nsend = { x = nan }", "step 1: send: cannot be written as JSON"),
    (
        '[[step]]\nexpect = "user_mesage"',
        "step 1: expect: a client sends no message of type 'user_mesage'; did you mean 'user_message'?",
    ),
    (
        '[[step]]\nexpect = "user_message"\nmatches = { text = "(" }',
        "step 1: matches.text: no regular expression",
    ),
    (
        "[[step]]\nexpect_result = false",
        "step 1: expect_result: true was expected",
    ),
    ("[[step]]\nping = 1", "step 1: ping: input should be a valid boolean"),
    ("[[step]]\nclose = 1006", "step 1: close: a close code is one of 1000-1003, 1007-1014 and 3000-4999"),
    ("[[step]]\nstall = -1", "step 1: stall: input should be greater than or equal to 0"),
    (
        "[[step]]\ndrop = true\n[[step]]\nping = true",
        "step 1: drop ends the script, but other steps come after it",
    ),
]


@pytest.mark.parametrize(("text", "problem"), PROBLEMS)
def test_a_mistake_is_named_with_its_place(text: str, problem: str) -> None:
    [said] = problems(text)

    assert said.startswith(f"demo.toml: {problem}")


def test_all_mistakes_are_said_at_once() -> None:
    said = problems('strikt = true\n[[step]]\nsay = 5\n[[step]]\nsay = "Hi"\n[[step]]\nkall = "t"')

    assert [line.split(": ")[1] for line in said] == ["strikt", "step 1", "step 3"]


def test_what_is_no_toml_is_said_with_its_line() -> None:
    [said] = problems("strict = \n")

    assert said.startswith("demo.toml: is not TOML: ")
    assert "line 1" in said


def test_a_script_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "demo.toml"
    file.write_text('[[step]]\nsay = "Grüezi"\n[[step]]\ntalk = true', encoding="utf-8")

    script = load_script(file)
    assert script.file == str(file)
    assert script.steps == (SayStep(say="Grüezi"), TalkStep(talk=True))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")

    for file, words in [(tmp_path / "none.toml", "no such file"), (tmp_path, "director"), (binary, "UTF-8")]:
        with pytest.raises(ScriptError) as error:
            load_script(str(file))
        assert str(error.value).startswith(f"{file}: ")
        assert words in str(error.value)


def test_each_action_explains_itself_by_its_key() -> None:
    for name, step in STEPS.items():
        assert step.__doc__ is not None
        assert step.__doc__.startswith(f"`{name} = ")
        assert next(iter(step.model_fields)) == name


def test_no_key_of_an_action_is_the_name_of_another() -> None:
    options = {name for step in STEPS.values() for name in list(step.model_fields)[1:]}

    assert not options & set(STEPS)


def test_steps_without_limits_have_the_usual_ones() -> None:
    [step] = parse_script('[[step]]\nexpect = "pong"').steps

    assert step == ExpectStep(expect="pong", fields={}, matches={}, within=10.0)


@given(st.text())
def test_any_text_is_a_script_or_a_script_error(text: str) -> None:
    try:
        script = parse_script(text)
    except ScriptError:
        return
    assert script.file == "script"


VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(STEPS)), VALUES)
def test_any_value_of_an_action_is_taken_or_refused(action: str, value: object) -> None:
    try:
        step = STEPS[action].model_validate({action: value})
    except ValueError:
        return
    assert isinstance(step, Step)
