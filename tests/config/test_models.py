"""What may stand in a config, and what is said of anything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from agentframework.config import (
    PLUGINS_KEYS,
    AgentConfig,
    Config,
    PluginsConfig,
    RuleConfig,
    ToolConfig,
    ToolsConfig,
    config_keys,
)
from agentframework.config.workers import WorkerGroupConfig
from agentframework.errors import ConfigError
from config_files import LOCAL, load, only_problem


@pytest.mark.parametrize(
    ("text", "key", "problem", "fix"),
    [
        # wrong types, with what would be right
        ('connect_timeout = "10"', "agent.connect_timeout", "expected a number, got text", "without quotes"),
        ('requires_auth = "true"', "agent.requires_auth", "expected true or false, got text", "without quotes"),
        ("requires_auth = 1", "agent.requires_auth", "expected true or false, got 1", ""),
        ("id = 7", "agent.id", "expected text, got 7", ""),
        ('id = ""', "agent.id", "expected text that is not empty", ""),
        ("connect_timeout = 0", "agent.connect_timeout", "expected more than 0, got 0", ""),
        ("connect_timeout = inf", "agent.connect_timeout", "expected a finite number, got inf", ""),
        ("connect_timeout = 1e9", "agent.connect_timeout", "expected at most 3600, got 1000000000.0", ""),
        ("connect_timeout = true", "agent.connect_timeout", "expected a number, got true", ""),
        (
            'tool_error_handling_mode = "pass"',
            "agent.tool_error_handling_mode",
            "expected 'auto', 'summarized', 'passthrough' or 'hide', got text",
            "",
        ),
        ('[tools]\nenable = "*"', "tools.enable", "expected a list, got text", 'write a list: ["...", "..."]'),
        ("[tools]\nenable = [1]", "tools.enable[0]", "expected text, got 1", ""),
        ("[workers]\nthreads = 2.5", "workers.threads", "expected a whole number, got 2.5", ""),
        ("[workers]\nthreads = 0", "workers.threads", "expected at least 1, got 0", ""),
        ("[workers]\nprocesses = 0", "workers.processes", "expected at least 1, got 0", ""),
        (
            "[workers.groups.big]\nmemory_mb = 2",
            "workers.groups.big.memory_mb",
            "expected at least 16, got 2",
            "",
        ),
        (
            "[workers.groups.big]\nmemory = 200",
            "workers.groups.big.memory",
            "unknown key",
            "did you mean 'memory_mb'?",
        ),
        ("[tools]\ntimeout = []", "tools.timeout", "expected a number, got a list", ""),
        ('[conversation]\ndynamic_variables = "x"', "conversation.dynamic_variables", "expected a table", ""),
        # words that nearly are
        (
            '[tools]\nerror_text = "results"',
            "tools.error_text",
            "expected 'error' or 'result', got text",
            "did you mean 'result'?",
        ),
        ('voice = "tones"', "agent.voice", 'neither one of "auto", "tone", "none" nor', "did you mean 'tone'?"),
        ('voice = "/bin/say"', "agent.voice", "nor a list of words", "a command is a list of words"),
        ("voice = []", "agent.voice", "is no command", "write it as a list of words"),
        ('voice = [""]', "agent.voice", "names no program", "the first word"),
        ("transcribe = [1]", "agent.transcribe", "is no command", "write it as a list of words"),
        ('transcribe = "whisper"', "agent.transcribe", "is no command", "write it as a list of words"),
        ("[tools]\nenabled = []", "tools.enabled", "unknown key", "did you mean 'enable'?"),
        ("[tools.weather]\ntime_out = 3", "tools.weather.time_out", "unknown key", "did you mean 'timeout'?"),
        ("[worker]\nthreads = 3", "worker", "unknown key", "did you mean 'workers'?"),
        # keys that stand in the wrong table
        ("threads = 3", "agent.threads", "unknown key", "it belongs to [workers]"),
        ("[audio]\nplugins = {}", "audio.plugins", "unknown key", "it is a table of its own: [plugins]"),
        ("[audio]\nvolume = 3", "audio.volume", "unknown key", "known are backend"),
        ("[plugins]\nhue = 3", "plugins.hue", "unknown key", ""),
        # tables that a user names
        ("[tools]\nby_name = 3", "tools.by_name", "unknown key", ""),
        ("[plugins]\nsettings = 3", "plugins.settings", "unknown key", ""),
        ('[tools."get*"]', 'tools."get*"', "no tool can have this name", "no glob"),
        ("[plugins.disable]", "plugins.disable", "expected a list, got a table", ""),
        # what the platform would refuse
        (
            "[conversation]\ndynamic_variables.system__time = 1",
            "conversation.dynamic_variables",
            "system__time: names that begin with system__ are the platform's own",
            "give it another name",
        ),
        ("[conversation]\ndynamic_variables.a.b = 1", "conversation.dynamic_variables", "a: a variable is text", ""),
        (
            "[conversation]\noverrides.agent.since = 2020-01-01",
            "conversation.overrides",
            "agent.since: JSON has no such value",
            "write it as text, in quotes",
        ),
        ("[conversation]\noverrides.a = [nan]", "conversation.overrides", "a: JSON has no such value", ""),
        # plugins: what contradicts itself
        (
            '[plugins]\nenable = ["x"]',
            "plugins.enable",
            "without autoload = false every installed plugin is loaded anyway",
            "add autoload = false to load these alone, or leave enable out",
        ),
        (
            '[plugins]\ndisable = ["a", "b"]\nrequired = ["b"]',
            "plugins.disable",
            "'b' is also in required",
            "take it out of one of the two",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_key_and_fix(
    tmp_path: Path, text: str, key: str, problem: str, fix: str
) -> None:
    found = only_problem(tmp_path, f"{LOCAL}{text}\n")
    assert found.key == key
    assert problem in found.problem
    assert fix in found.fix


@pytest.mark.parametrize(
    ("url", "needs_id", "websocket_url"),
    [
        ("local", False, None),
        ("production", True, None),
        ("eu", True, None),
        ("https://api.example.org/base", True, None),
        ("http://127.0.0.1:8000", True, None),
        ("ws://127.0.0.1:8765", False, None),
        ("ws://127.0.0.1:8765/", False, None),
        ("ws://host:8000/sagemaker/convai/conversation", False, "ws://host:8000/sagemaker/convai/conversation"),
        ("wss://host/?agent_id=a&x=%20", False, "wss://host/?agent_id=a&x=%20"),
        ("WSS://host/p", False, "wss://host/p"),
    ],
)  # fmt: skip
def test_where_the_agent_is(tmp_path: Path, url: str, needs_id: bool, websocket_url: str | None) -> None:
    assert load(tmp_path, f'[agent]\nurl = "{url}"\nid = "a"\n').agent.websocket_url == websocket_url
    if needs_id:
        found = only_problem(tmp_path, f'[agent]\nurl = "{url}"\n')
        assert (found.key, found.problem) == ("agent.id", "is missing")
        assert 'id = "agent_..."' in found.fix
    else:
        assert load(tmp_path, f'[agent]\nurl = "{url}"\n').agent.id is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("locale", "is neither a URL nor one of"),
        ("api.elevenlabs.io", "is neither a URL nor one of"),
        ("localhost:8765", "is neither a URL nor one of"),
        ("ftp://host", "is no URL to connect to"),
        ("wss://", "is no complete URL"),
        ("wss://host:port/", "is no complete URL"),
        ("wss://[::1/", "is no complete URL"),
        ("wss://host/p#fragment", "has no part after #"),
        ("https://host?x=1", "a base URL has no query"),
    ],
)
def test_what_is_no_url_is_refused_and_not_repeated(tmp_path: Path, url: str, problem: str) -> None:
    found = only_problem(tmp_path, f'[agent]\nurl = "{url}"\n')
    assert problem in found.problem
    assert url not in f"{found.problem}"


def test_the_vendors_agent_is_the_default(tmp_path: Path) -> None:
    assert load(tmp_path, '[agent]\nid = "agent_1"\n').agent.url == "production"


class TestAuth:
    def test_a_private_agent_needs_a_key(self, tmp_path: Path) -> None:
        found = only_problem(tmp_path, '[agent]\nid = "a"\nrequires_auth = true\n')
        assert (found.line, found.key) == (1, "agent.api_key")
        assert "is missing" in found.problem
        assert '{ env = "ELEVENLABS_API_KEY" }' in found.fix

    def test_the_local_agent_needs_none(self, tmp_path: Path) -> None:
        assert load(tmp_path, LOCAL + "requires_auth = true\n").agent.requires_auth

    def test_a_private_agents_address_comes_from_the_platform(self, tmp_path: Path) -> None:
        text = '[agent]\nurl = "wss://host/p"\nrequires_auth = true\napi_key = { env = "K" }\n'
        assert only_problem(tmp_path, text, {"K": "sk"}).key == "agent.requires_auth"

    @pytest.mark.parametrize("key", ["", "sk 1", "sk_1\n", "sk_é"])
    def test_a_key_that_can_be_none_is_refused_and_not_repeated(self, tmp_path: Path, key: str) -> None:
        found = only_problem(tmp_path, '[agent]\nid = "a"\napi_key = { env = "K" }\n', {"K": key})
        assert found.key == "agent.api_key"
        assert "sk" not in found.problem


@pytest.mark.parametrize(
    "text", ['script = "x"', 'tool_error_handling_mode = "hide"', 'voice = "tone"', 'transcribe = ["x"]']
)
def test_what_only_the_local_agent_knows_is_refused_for_others(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").touch()
    found = only_problem(tmp_path, f'[agent]\nid = "a"\n{text}\n')
    assert found.problem == "is for the local agent alone"
    assert found.line == 3


class TestNamesThatAreKeysToo:
    @pytest.mark.parametrize("name", ["enable", "disable", "timeout", "error_text", "by_name", "NAME"])
    def test_a_tool_may_be_called_like_a_key(self, tmp_path: Path, name: str) -> None:
        config = load(tmp_path, f"{LOCAL}[tools.{name}]\ntimeout = 3\n")
        assert config.tools.by_name == {name: ToolConfig(timeout=3)}
        found = only_problem(tmp_path, f"{LOCAL}[tools.{name}]\ntimeot = 3\n")
        assert (found.line, found.key) == (4, f"tools.{name}.timeot")

    def test_a_plugin_may_be_called_like_a_key_of_the_models(self, tmp_path: Path) -> None:
        assert load(tmp_path, f"{LOCAL}[plugins.settings]\nx = 1\n").plugins.settings == {
            "settings": {"x": 1}
        }

    def test_the_names_that_no_plugin_can_have_are_the_keys_of_its_table(self) -> None:
        assert set(PluginsConfig.model_fields) - {"settings"} == PLUGINS_KEYS


class TestInCode:
    def test_a_config_is_built_of_its_sections(self) -> None:
        config = Config(
            agent=AgentConfig(url="local", api_key=SecretStr("sk_canary")),
            tools=ToolsConfig(by_name={"weather": ToolConfig(answer="never")}),
        )
        assert config.workers.threads == 32
        assert config.workers.processes == 2
        assert config.workers.groups == {}
        assert config.secrets == {"sk_canary"}
        assert "canary" not in repr(config)
        assert str(config.problem(("audio", "backend"), "no such backend")) == (
            "config: audio.backend: no such backend"
        )

    def test_a_parsed_document_becomes_a_config_as_it_is(self) -> None:
        config = Config.from_mapping({"agent": {"id": "${X}"}, "tools": {"a": {"timeout": 1}}})
        assert config.agent.id == "${X}"
        assert config.tools.by_name["a"].timeout == 1

    def test_its_mistakes_are_said_as_those_of_a_file(self) -> None:
        with pytest.raises(
            ConfigError, match=r"^config: tools\.a\.timeot: unknown key \(did you mean 'timeout'\?\)$"
        ):
            Config.from_mapping({"agent": {"url": "local"}, "tools": {"a": {"timeot": 1}}})
        with pytest.raises(ConfigError, match="expected a table, got text"):
            Config.from_mapping({"agent": "local"})

    def test_a_mistake_in_a_section_is_said_by_pydantic(self) -> None:
        with pytest.raises(ValidationError, match="is neither a URL nor one of"):
            AgentConfig(url="nowhere")

    def test_nothing_is_changed_afterwards(self) -> None:
        config = Config(agent=AgentConfig(url="local"))
        with pytest.raises(ValidationError):
            config.agent.url = "production"  # type: ignore[misc]

    def test_the_repr_of_a_url_keeps_its_secrets(self) -> None:
        agent = AgentConfig(url="wss://user:canary@host/p?conversation_signature=canary")
        assert "canary" not in repr(agent)
        assert "wss://host/p" in repr(agent)


class TestKeys:
    def test_every_key_is_listed_once(self) -> None:
        assert {"agent.url", "tools.NAME", "tools.NAME.answer", "plugins.NAME", "plugins.disable"} <= set(
            config_keys()
        )
        assert not {"tools.by_name", "plugins.settings"} & set(config_keys())
        sections = [field.annotation for field in Config.model_fields.values()]
        models = [
            model
            for model in [*sections, ToolConfig, RuleConfig, WorkerGroupConfig]
            if isinstance(model, type) and issubclass(model, BaseModel)
        ]
        assert len(config_keys()) == sum(len(model.model_fields) for model in models)

    @pytest.mark.parametrize("key", config_keys())
    def test_every_key_is_described(self, key: str) -> None:
        assert config_keys()[key].endswith(".")
