"""Reads a config file, with everything outside it that it refers to."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentframework.config.layout import is_free_table
from agentframework.config.lines import KeyLines, KeyPath, find_lines
from agentframework.config.models import Config
from agentframework.config.problems import in_order
from agentframework.config.references import References
from agentframework.config.source import Source
from agentframework.errors import ConfigError, ConfigProblem

__all__ = ["load_config"]

_API_KEY = ("agent", "api_key")
_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_TOML_FIXES = {
    "Invalid value": 'text stands in quotes: key = "value"',
    "Cannot overwrite a value": "the same key or table stands here twice; join the two",
    "Cannot declare": "the same table stands here twice; join the two",
    "Unescaped '\\'": "write \\\\, or the text in single quotes",
    "Expected '=' after a key": "a line is key = value; a key with blanks or dots stands in quotes",
}


def load_config(path: str | os.PathLike[str], environ: Mapping[str, str] | None = None) -> Config:
    """The config in the file at `path`, with the values that it takes from `environ` (this process's by default).

    Raises `ConfigError` with every problem that the file has: file, line, key path, what is wrong and what is right.
    """
    file = Path(path)
    text = _read(file)
    try:
        table = tomllib.loads(text)
        lines = find_lines(text.replace("\r\n", "\n"))
        return _resolved(table, lines, file, os.environ if environ is None else environ)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax_problem(file, error)]) from None
    except RecursionError:
        raise ConfigError(
            [ConfigProblem(str(file), None, "", "tables or lists are nested too deeply")]
        ) from None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problem, fix = "there is no such file", ""
    except IsADirectoryError:
        problem, fix = "is a folder, not a file", f"name the file in it, for instance {file / 'config.toml'}"
    except UnicodeDecodeError:
        problem, fix = "is no UTF-8 text", "save it as UTF-8"
    except OSError as error:
        problem, fix = f"cannot be read: {error.strerror or type(error).__name__}", ""
    raise ConfigError([ConfigProblem(str(file), None, "", problem, fix)])


def _syntax_problem(file: Path, error: tomllib.TOMLDecodeError) -> ConfigProblem:
    message = str(error)
    place = _PLACE.search(message)
    said = _PLACE.sub("", message)
    line = int(place["line"]) if place and place["line"] else None
    column = f" at column {place['column']}" if place and place["column"] else ""
    fix = next((fix for start, fix in _TOML_FIXES.items() if said.startswith(start)), "")
    where = column if line is not None else " at the end of the file"
    return ConfigProblem(str(file), line, "", f"is no TOML: {said}{where}", fix)


def _resolved(table: dict[str, Any], lines: KeyLines, file: Path, environ: Mapping[str, str]) -> Config:
    references = References(
        environ=environ,
        read_file=lambda name: (file.parent / Path(name).expanduser()).read_text(encoding="utf-8"),
        is_reference=lambda path: path == _API_KEY or (path in lines.inline and not is_free_table(path)),
    )
    resolved = references.resolve(table)
    secrets = {
        text for path, texts in references.fetched.items() if _is_secret(path) for text in texts if text
    }
    source = Source(str(file), file.parent, lines, references.origins, frozenset(secrets))
    problems = [source.problem(trouble.path, trouble.problem, trouble.fix) for trouble in references.troubles]
    problems += _problems_of_the_file(resolved, source)
    known = {problem.key for problem in problems}
    try:
        config = Config.from_mapping(resolved, source)
    except ConfigError as error:
        problems += [problem for problem in error.problems if problem.key not in known]
    else:
        if not problems:
            return config
    raise ConfigError(in_order(problems))


def _is_secret(path: KeyPath) -> bool:
    """Whether what came from outside for this key must be in no log: all but our own keys that say how to run."""
    return path == _API_KEY or path[0] == "conversation" or is_free_table(path[:2])


def _problems_of_the_file(table: dict[str, Any], source: Source) -> list[ConfigProblem]:
    """What only a file can have wrong: a key in plain sight, and a script that is not there."""
    agent = table.get("agent")
    if not isinstance(agent, dict):
        return []
    problems = []
    if "api_key" in agent and source.origin_of(_API_KEY) is None:
        fix = 'take it from the environment: api_key = { env = "ELEVENLABS_API_KEY" }'
        problems.append(source.problem(_API_KEY, "a key does not stand in the file", fix))
    script = agent.get("script")
    if isinstance(script, str) and script and source.folder and not (source.folder / script).is_file():
        problems.append(
            source.problem(("agent", "script"), "there is no such file", "its place is beside the config")
        )
    return problems
