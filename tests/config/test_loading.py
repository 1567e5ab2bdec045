"""A config file is read whole, and everything wrong with it is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.config import load_config
from agentframework.errors import ConfigError
from config_files import LOCAL, load, only_problem, problems_of


def test_the_shortest_config_talks_to_the_local_agent(tmp_path: Path) -> None:
    config = load(tmp_path, LOCAL)
    assert config.agent.is_local
    assert config.audio.backend == "none"
    assert config.tools.enable == ("*",)
    assert config.plugins.autoload


def test_a_config_that_says_everything_is_read(tmp_path: Path) -> None:
    (tmp_path / "talk.toml").touch()
    config = load(
        tmp_path,
        """
        [agent]
        url = "local"
        id = "agent_1"
        connect_timeout = 3
        script = "talk.toml"
        tool_error_handling_mode = "passthrough"
        voice = ["say", "-o", "{file}", "{text}"]
        transcribe = ["listen"]

        [conversation]
        user_id = "ann"
        text_only = true
        dynamic_variables = { name = "Ann", n = 3, vip = true, list = ["a", 1] }
        custom_llm_extra_body = { temperature = 0.5 }
        overrides.agent.first_message = "Hi"

        [audio]
        backend = "tone"

        [tools]
        enable = ["a*"]
        disable = ["ab"]
        timeout = 12.5
        error_text = "result"
        weather = { timeout = 3, answer = "always" }

        [workers]
        threads = 4
        max_calls = 100

        [plugins]
        autoload = false
        enable = ["hue"]
        required = ["tone"]
        disable = ["old"]

        [plugins.hue]
        since = 2020-01-01
        lamps = [{ name = "hall" }]
        """,
    )
    assert config.agent.script == tmp_path / "talk.toml"
    assert config.agent.voice == ("say", "-o", "{file}", "{text}")
    assert config.agent.transcribe == ("listen",)
    assert config.conversation.dynamic_variables == {"name": "Ann", "n": 3, "vip": True, "list": ["a", 1]}
    assert config.conversation.overrides == {"agent": {"first_message": "Hi"}}
    assert config.tools.by_name["weather"].timeout == 3
    assert config.tools.by_name["weather"].answer == "always"
    assert config.plugins.settings["hue"]["lamps"] == [{"name": "hall"}]
    assert config.plugins.settings["hue"]["since"].year == 2020


def test_all_problems_are_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        """\
        [agent]
        url = "prodution"
        apikey = 1

        [conversation]
        user_id = { env = "NOBODY" }

        [workers]
        threads = 5000

        [plugin]
        """,
    )
    path = tmp_path / "config.toml"
    assert [str(problem) for problem in problems] == [
        (
            f'{path}:2: agent.url: is neither a URL nor one of "local", "production", "us", "eu", "in", "sg" '
            "(did you mean 'production'?)"
        ),
        f"{path}:3: agent.apikey: unknown key (did you mean 'api_key'?)",
        f"{path}:6: conversation.user_id: the variable NOBODY is not set (set it: export NOBODY=...)",
        f"{path}:9: workers.threads: expected at most 1024, got 5000",
        f"{path}:11: plugin: unknown key (did you mean 'plugins'?)",
    ]


def test_a_file_that_is_not_there_is_one_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file"):
        load_config(tmp_path / "nowhere.toml", {})


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is a folder, not a file \(name the file in it, for instance "):
        load_config(tmp_path, {})


def test_a_file_that_is_no_utf_8_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(LOCAL, encoding="utf-16")
    with pytest.raises(ConfigError, match="is no UTF-8 text"):
        load_config(tmp_path / "config.toml", {})


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path, newline: str) -> None:
    text = ("\ufeff" + LOCAL + 'x = """a\nb"""\nthreads = 1\n').replace("\n", newline)
    (tmp_path / "config.toml").write_bytes(text.encode())
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "config.toml", {})
    assert [problem.line for problem in caught.value.problems] == [3, 5]


@pytest.mark.parametrize(
    ("text", "line", "problem", "fix"),
    [
        ("[agent]\nurl = local\n", 2, "is no TOML: Invalid value at column 7", 'quotes: key = "value"'),
        ("[agent]\n[agent]\n", 2, "is no TOML: Cannot declare", "twice"),
        ("[tools]\ntimeout = 3\n[tools.timeout]\n", 3, "is no TOML: Cannot", "twice"),
        ("[agent]\nurl", None, "is no TOML: Expected '=' after a key", "key = value"),
        ('[agent]\nurl = "C:\\windows"', 2, "is no TOML: Unescaped", "single quotes"),
        ('[agent]\nurl = "x', None, "at the end of the file", ""),
    ],
)
def test_what_is_no_toml_is_said_with_its_place(
    tmp_path: Path, text: str, line: int | None, problem: str, fix: str
) -> None:
    found = only_problem(tmp_path, text)
    assert found.line == line
    assert problem in found.problem
    assert fix in found.fix


def test_lists_nested_a_thousand_deep_are_one_problem_and_no_crash(tmp_path: Path) -> None:
    assert (
        only_problem(tmp_path, "x = " + "[" * 2000 + "]" * 2000).problem
        == "tables or lists are nested too deeply"
    )


def test_a_missing_key_is_missed_where_its_table_begins(tmp_path: Path) -> None:
    found = only_problem(tmp_path, "# no agent is named\n[agent]\nconnect_timeout = 3\n")
    assert (found.line, found.key, found.problem) == (2, "agent.id", "is missing")
    assert only_problem(tmp_path, "").key == "agent.id"


class TestSecrets:
    CANARY = 'sk_"canary"\\'

    def test_what_comes_from_the_environment_is_known_as_secret_and_not_in_the_repr(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "pin").write_text("canary_pin\n", encoding="utf-8")
        config = load(
            tmp_path,
            """
            [agent]
            id = "a"
            requires_auth = true
            api_key = { env = "KEY" }
            [conversation]
            user_id = "${USER_ID}"
            dynamic_variables = { secret__token = "Bearer ${TOKEN}" }
            [plugins.hue]
            lamps = [{ pin = { file = "pin" } }]
            """,
            {"KEY": "sk_canary", "TOKEN": "canary_token", "USER_ID": "canary_user"},
        )
        assert config.agent.api_key is not None
        assert config.agent.api_key.get_secret_value() == "sk_canary"
        assert config.secrets == {
            "sk_canary",
            "canary_token",
            "Bearer canary_token",
            "canary_pin",
            "canary_user",
        }
        assert "canary" not in f"{config!r}{config}{config.source!r}{config.conversation}{config.plugins}"

    def test_words_that_say_how_to_run_are_no_secrets(self, tmp_path: Path) -> None:
        config = load(
            tmp_path,
            '[agent]\nurl = "${WHERE}"\n[audio]\nbackend = { env = "SOUND" }\n[plugins]\nrequired = ["${P}"]',
            {"WHERE": "local", "SOUND": "tone", "P": "hue"},
        )
        assert config.secrets == frozenset()

    def test_no_problem_shows_a_value_that_came_from_elsewhere(self, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text(self.CANARY, encoding="utf-8")
        problems = problems_of(
            tmp_path,
            """
            [agent]
            url = { env = "KEY" }
            connect_timeout = { env = "KEY" }
            requires_auth = "${KEY}"
            script = { file = "secret" }
            tool_error_handling_mode = { file = "secret" }
            [tools]
            enable = { env = "KEY" }
            error_text = "x${KEY}"
            [workers]
            threads = { env = "KEY" }
            """,
            {"KEY": self.CANARY},
        )
        assert len(problems) == 8
        assert "canary" not in "".join(map(str, problems))
        assert problems[-1].problem == "expected a whole number, got something else from the variable KEY"

    def test_a_key_in_plain_sight_is_refused_and_not_repeated(self, tmp_path: Path) -> None:
        found = only_problem(tmp_path, '[agent]\nid = "a"\napi_key = "sk_canary"\n')
        assert (found.line, found.key) == (3, "agent.api_key")
        assert found.fix == 'take it from the environment: api_key = { env = "ELEVENLABS_API_KEY" }'
        assert "canary" not in str(found)

    def test_a_key_in_plain_sight_is_no_better_as_a_default(self, tmp_path: Path) -> None:
        found = only_problem(tmp_path, '[agent]\nid = "a"\napi_key = "${KEY:-sk_canary}"\n')
        assert found.problem == "a key does not stand in the file"

    @pytest.mark.parametrize("text", ['api_key.env = "KEY"', '[agent.api_key]\nenv = "KEY"'])
    def test_the_key_may_be_referred_to_in_each_form_that_toml_has(self, tmp_path: Path, text: str) -> None:
        config = load(tmp_path, f'[agent]\nid = "a"\n{text}\n', {"KEY": "sk_canary"})
        assert config.secrets == {"sk_canary"}


@given(value=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_value_of_a_variable_arrives_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, value: str
) -> None:
    """A quote, a backslash, a newline, or what looks like a reference itself changes nothing."""
    folder = tmp_path_factory.mktemp("config")
    config = load(folder, LOCAL + '[plugins.x]\na = { env = "V" }\nb = [["<${V}>"]]\n', {"V": value})
    assert config.plugins.settings["x"] == {"a": value, "b": [[f"<{value}>"]]}


def test_a_variable_in_a_comment_is_a_comment(tmp_path: Path) -> None:
    load(tmp_path, LOCAL + '# ${NOT_SET} and { env = "NOT_SET" }\n')


def test_a_script_that_is_not_there_is_a_problem_of_its_line(tmp_path: Path) -> None:
    found = only_problem(tmp_path, LOCAL + 'script = "talk.toml"\n')
    assert (found.line, found.problem) == (3, "there is no such file")


def test_the_environment_of_the_process_is_used_where_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_OF_THIS_TEST", "agent_7")
    (tmp_path / "config.toml").write_text('[agent]\nid = "${AGENT_OF_THIS_TEST}"\n', encoding="utf-8")
    assert load_config(str(tmp_path / "config.toml")).agent.id == "agent_7"
