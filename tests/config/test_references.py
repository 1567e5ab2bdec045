"""What a config takes from the environment and from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config_files import LOCAL, load, only_problem

ENVIRON = {"X": "value", "EMPTY": "", "N": "7", "ELEVENLABS_API_KEY": "sk"}


def table(folder: Path, text: str) -> Any:
    return load(folder, f"{LOCAL}[plugins.p]\n{text}\n", ENVIRON).plugins.settings["p"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('{ env = "X" }', "value"),
        ('{ env = "EMPTY" }', ""),
        ('"${X}"', "value"),
        ('"a${X}b${N}"', "avalueb7"),
        ('"${X:-default}"', "value"),
        ('"${NOT_SET:-default}"', "default"),
        ('"${EMPTY:-default}"', "default"),
        ('"${NOT_SET:-}"', ""),
        ('"${NOT_SET:-a:-b}"', "a:-b"),
        ('"$${X}"', "${X}"),
        ('"$X $ {X} 5$"', "$X $ {X} 5$"),
        ('["${X}", { env = "N" }, [{ deep = { env = "X" } }]]', ["value", "7", [{"deep": "value"}]]),
        ('{ env = "X", other = 1 }', {"env": "X", "other": 1}),
        ("{ env = 5 }", {"env": 5}),
        ('{ env = { A = "${X}" } }', {"env": {"A": "value"}}),
    ],
)
def test_a_reference_is_replaced_at_any_depth(tmp_path: Path, written: str, value: object) -> None:
    assert table(tmp_path, f"key = {written}") == {"key": value}


def test_a_list_of_tables_is_reached(tmp_path: Path) -> None:
    assert table(tmp_path, '[[plugins.p.lamps]]\npin = "${N}"') == {"lamps": [{"pin": "7"}]}


@pytest.mark.parametrize("key", ["env", "file"])
def test_a_table_that_only_looks_like_a_reference_stays_a_table(tmp_path: Path, key: str) -> None:
    """Under a header, and where our own tables are free: a plugin may well have a setting called `env`."""
    assert table(tmp_path, f'{key} = "prod"') == {key: "prod"}
    assert table(tmp_path, f'[plugins.p.docker]\n{key} = "prod"') == {"docker": {key: "prod"}}
    config = load(
        tmp_path,
        f'{LOCAL}[plugins]\np = {{ {key} = "prod" }}\n'
        f'[conversation]\ndynamic_variables = {{ {key} = "prod" }}',
    )
    assert config.plugins.settings == {"p": {key: "prod"}}
    assert config.conversation.dynamic_variables == {key: "prod"}


@pytest.mark.parametrize(("content", "value"), [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a", " a")])
def test_a_file_is_read_without_its_last_line_end(tmp_path: Path, content: str, value: str) -> None:
    (tmp_path / "pin").write_bytes(content.encode())
    assert table(tmp_path, 'pin = { file = "pin" }') == {"pin": value}


def test_a_file_may_be_named_by_its_whole_path(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "pin").write_text("1", encoding="utf-8")
    path = tmp_path / "elsewhere" / "pin"
    assert table(tmp_path, f"pin = {{ file = '{path}' }}") == {"pin": "1"}


@pytest.mark.parametrize(
    ("written", "problem", "fix"),
    [
        ('{ env = "NOT_SET" }', "the variable NOT_SET is not set", "set it: export NOT_SET=..."),
        (
            '"${ELEVENLABS_APIKEY}"',
            "the variable ELEVENLABS_APIKEY is not set",
            "did you mean 'ELEVENLABS_API_KEY'?",
        ),
        ('"${X-Y}"', "'${X-Y' names no variable", '"$${" where the two characters are meant'),
        ('"${}"', "'${' names no variable", ""),
        ('"a ${X"', "'${X' names no variable", ""),
        ('{ file = "nowhere" }', "the file 'nowhere' cannot be read: No such file or directory", ""),
        ('{ file = "." }', "the file '.' cannot be read: Is a directory", ""),
        ('{ file = "binary" }', "the file 'binary' is no UTF-8 text", ""),
    ],
)
def test_a_reference_that_leads_nowhere_is_said_with_its_key(
    tmp_path: Path, written: str, problem: str, fix: str
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    found = only_problem(tmp_path, f"{LOCAL}[plugins.p]\nlist = [\n  1,\n  {written}]\n", ENVIRON)
    assert (found.line, found.key) == (6, "plugins.p.list[1]")
    assert found.problem == problem
    assert fix in found.fix


def test_what_is_missing_is_not_complained_of_twice(tmp_path: Path) -> None:
    for key in ("url", "id", "requires_auth", "api_key", "connect_timeout", "script"):
        found = only_problem(tmp_path, f'[agent]\n{key} = {{ env = "NOT_SET" }}\n' + ID.get(key, ""))
        assert found.key == f"agent.{key}"


ID = {
    "requires_auth": 'id = "a"',
    "api_key": 'id = "a"\nrequires_auth = true',
    "connect_timeout": 'id = "a"',
    "script": 'url = "local"',
}


@pytest.mark.parametrize(
    ("text", "section", "key", "value"),
    [
        ('[workers]\nthreads = { env = "N" }', "workers", "threads", 7),
        ('[workers]\nthreads = "${NOT_SET:-9}"', "workers", "threads", 9),
        ('[tools]\ntimeout = "${N}.5"', "tools", "timeout", 7.5),
        ('[plugins]\nautoload = "${NOT_SET:-False}"', "plugins", "autoload", False),
        ('[conversation]\ntext_only = "${NOT_SET:-true}"', "conversation", "text_only", True),
        ('[audio]\nbackend = "${X}"', "audio", "backend", "value"),
        ('[tools]\nerror_text = "${NOT_SET:-result}"', "tools", "error_text", "result"),
    ],
)
def test_numbers_and_booleans_are_read_from_what_came_as_text(
    tmp_path: Path, text: str, section: str, key: str, value: object
) -> None:
    found = getattr(getattr(load(tmp_path, f"{LOCAL}{text}\n", ENVIRON), section), key)
    assert found == value
    assert type(found) is type(value)
