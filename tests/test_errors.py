"""Errors carry data, say their sentence, stand in one tree, and survive being copied into another process."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from agentframework import errors
from agentframework.errors import (
    AgentFrameworkError,
    ArgumentProblem,
    ArgumentsError,
    AudioError,
    AuthError,
    ConfigError,
    ConfigProblem,
    DriftError,
    DuplicateToolError,
    EngineDown,
    FormatError,
    NotFoundError,
    PluginError,
    RateLimitError,
    RestError,
    RestTimeoutError,
    ResultError,
    ScriptError,
    ServerError,
    SessionEndedError,
    SessionError,
    StartError,
    ToolCrashed,
    ToolDefinitionError,
    ToolError,
    ToolFailed,
    ToolTimeout,
)

SAID: list[tuple[AgentFrameworkError, str]] = [
    (AgentFrameworkError("something"), "something"),
    (
        ConfigError(
            [
                ConfigProblem("config.toml", 3, "agent.ur", "no such key", "did you mean url?"),
                ConfigProblem("config.toml", None, "", "not TOML"),
                ConfigProblem("config.toml", 9, "", "cut off", "close the bracket"),
            ]
        ),
        (
            "config.toml:3: agent.ur: no such key (did you mean url?)\n"
            "config.toml: not TOML\n"
            "config.toml:9: cut off (close the bracket)"
        ),
    ),
    (
        PluginError("clock", "agent-clock", "1.2", "ImportError: no module named 'x'", "Install x."),
        "plugin 'clock' (agent-clock 1.2): ImportError: no module named 'x'. Install x.",
    ),
    (
        PluginError("clock", "agent-clock", "1.2", "SystemExit: 1", ""),
        "plugin 'clock' (agent-clock 1.2): SystemExit: 1",
    ),
    (ToolDefinitionError("get_time", "has no name"), "tool 'get_time': has no name"),
    (
        ToolDefinitionError("get time", "a space in the name", owner="clock", fix="call it get_time"),
        "tool 'get time' of clock: a space in the name; call it get_time",
    ),
    (
        DuplicateToolError("get_time", owner="watch", first_owner="clock"),
        (
            "tool 'get_time' of watch: the name is taken by clock; disable one of the two, for instance with "
            '[tools] disable = ["get_time"] or [plugins] disable'
        ),
    ),
    (
        DuplicateToolError("get_time", owner="", first_owner=""),
        (
            "tool 'get_time': the name is taken by another tool; disable one of the two, for instance with "
            '[tools] disable = ["get_time"] or [plugins] disable'
        ),
    ),
    (ToolError("The oven is too hot."), "The oven is too hot."),
    (ResultError("too long"), "too long"),
    (ToolTimeout("bake"), "tool 'bake' had not ended by its deadline"),
    (ToolCrashed("bake", 3), "the process of tool 'bake' ended with exit code 3"),
    (ToolCrashed("bake", None), "the process of tool 'bake' died"),
    (ToolCrashed("bake", -11), "the process of tool 'bake' was killed by SIGSEGV"),
    (ToolCrashed("bake", -200), "the process of tool 'bake' was killed by signal 200"),
    (
        ToolCrashed("bake", -9),
        "the process of tool 'bake' was killed by SIGKILL, as the system does where it has no memory left",
    ),
    (
        ToolCrashed("bake", None, out_of_memory=True),
        "the process of tool 'bake' was ended, because it wanted more memory than its group may have",
    ),
    (ToolCrashed("bake", None, problem="said nonsense"), "the process of tool 'bake' said nonsense"),
    (ToolFailed("bake", "ValueError", "too hot"), "tool 'bake' raised ValueError: too hot"),
    (ToolFailed("bake", "ValueError", "", "Traceback"), "tool 'bake' raised ValueError\nTraceback"),
    (EngineDown("the ovens are cold"), "the ovens are cold"),
    (
        ArgumentsError(
            "bake", [ArgumentProblem("minutes", "an integer", '"x"'), ArgumentProblem("a.b", "c", "d")]
        ),
        (
            'The arguments of bake do not fit. minutes: expected an integer, got "x"; a.b: expected c, got d. '
            "Call bake again with this corrected."
        ),
    ),
    (AudioError("no backend named tone"), "no backend named tone"),
    (
        FormatError("mp3", ["pcm_8000", "ulaw_8000"]),
        "unknown audio format 'mp3'; known are pcm_8000, ulaw_8000",
    ),
    (ScriptError("script.toml: step 3"), "script.toml: step 3"),
    (RestError("no answer within 5 s"), "no answer within 5 s"),
    (RestError("no answer", hint="check the URL"), "no answer; check the URL"),
    (AuthError("the key was refused", status=401, hint="check it"), "the key was refused; check it"),
    (NotFoundError("no such agent", status=404), "no such agent"),
    (RateLimitError("too many", status=429, hint="wait", retry_after=2.5), "too many; wait"),
    (ServerError("the server answered 503", status=503), "the server answered 503"),
    (RestTimeoutError("no answer within 4 s"), "no answer within 4 s"),
    (
        DriftError("agent_1", ["tool 'a': gone", "tool 'b': new"]),
        (
            "the tools of the agent 'agent_1' differ from those hosted here:\n- tool 'a': gone\n- tool 'b': new\n"
            "`agentframework tools push` brings them into line; [tools] on_drift decides what a difference means"
        ),
    ),
    (SessionError("broken"), "broken"),
    (StartError("refused", phase="connect"), "refused"),
    (
        StartError("closed", phase="start", close_code=1008, close_reason="no", hint="allow the override"),
        "closed; allow the override",
    ),
    (SessionEndedError("a message", "has ended"), "cannot send a message: the conversation has ended"),
]

TREE = {
    "AgentFrameworkError": "Exception",
    "ConfigError": "AgentFrameworkError",
    "PluginError": "AgentFrameworkError",
    "ToolDefinitionError": "AgentFrameworkError",
    "DuplicateToolError": "ToolDefinitionError",
    "ToolError": "AgentFrameworkError",
    "ResultError": "ToolError",
    "ToolTimeout": "AgentFrameworkError",
    "ToolCrashed": "AgentFrameworkError",
    "ToolFailed": "AgentFrameworkError",
    "EngineDown": "AgentFrameworkError",
    "ArgumentsError": "AgentFrameworkError",
    "DriftError": "AgentFrameworkError",
    "AudioError": "AgentFrameworkError",
    "FormatError": "AgentFrameworkError",
    "ScriptError": "AgentFrameworkError",
    "RestError": "AgentFrameworkError",
    "AuthError": "RestError",
    "NotFoundError": "RestError",
    "RateLimitError": "RestError",
    "ServerError": "RestError",
    "RestTimeoutError": "RestError",
    "SessionError": "AgentFrameworkError",
    "StartError": "SessionError",
    "SessionEndedError": "SessionError",
}


def error_classes() -> dict[str, type[BaseException]]:
    return {
        name: found
        for name, found in vars(errors).items()
        if inspect.isclass(found) and issubclass(found, BaseException)
    }


@pytest.mark.parametrize(("error", "sentence"), SAID, ids=lambda value: type(value).__name__)
def test_an_error_says_its_sentence(error: AgentFrameworkError, sentence: str) -> None:
    assert str(error) == sentence


def test_every_error_is_said_here_and_stands_in_the_tree() -> None:
    classes = error_classes()
    assert {type(error).__name__ for error, _ in SAID} == set(classes)
    assert {name: found.__bases__[0].__name__ for name, found in classes.items()} == TREE


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn: dict[str, str] = {}
    parents = {-4: "Exception"}
    for line in (errors.__doc__ or "").splitlines()[2:]:
        depth = len(line) - len(line.lstrip("│├└─ "))
        name = line[depth:].split(" ")[0]
        drawn[name] = parents[depth - 4]
        parents[depth] = name
    assert drawn == TREE


def test_every_public_name_is_exported() -> None:
    assert sorted([*error_classes(), "ArgumentProblem", "ConfigProblem"]) == errors.__all__


@pytest.mark.parametrize("error", [error for error, _ in SAID], ids=lambda value: type(value).__name__)
def test_an_error_survives_the_way_through_a_pipe_with_all_its_data(error: AgentFrameworkError) -> None:
    error.add_note("seen on the way")
    for arrived in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(arrived) is type(error)
        assert str(arrived) == str(error)
        assert vars(arrived) == vars(error)
        assert arrived.args == error.args


def test_an_error_of_a_users_own_kind_survives_it_too() -> None:
    arrived = pickle.loads(pickle.dumps(OvenError("hot", 300)))
    assert isinstance(arrived, OvenError)
    assert (str(arrived), arrived.degrees) == ("hot", 300)


class OvenError(ToolError):
    """As a tool's author may write one: the constructor takes more than the text."""

    def __init__(self, text: str, degrees: int) -> None:
        super().__init__(text)
        self.degrees = degrees


def test_a_plugin_that_is_not_installed_is_named_alone() -> None:
    error = PluginError("missing", "", "", "it is not installed", "pip install it")
    assert str(error) == "plugin 'missing': it is not installed. pip install it"
