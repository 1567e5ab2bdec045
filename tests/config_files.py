"""What the tests of the config share: a config written to a folder, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from agentframework.config import Config, load_config
from agentframework.errors import ConfigError, ConfigProblem

LOCAL = '[agent]\nurl = "local"\n'


def load(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Config:
    """The config of this text, written to `config.toml` in `folder`; it sees no variable but those of `environ`."""
    path = folder / "config.toml"
    path.write_text(dedent(text), encoding="utf-8")
    return load_config(path, environ or {})


def problems_of(
    folder: Path, text: str, environ: Mapping[str, str] | None = None
) -> tuple[ConfigProblem, ...]:
    """The problems that this text has."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text, environ)
    return caught.value.problems


def only_problem(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> ConfigProblem:
    """The one problem that this text has."""
    problems = problems_of(folder, text, environ)
    assert len(problems) == 1, problems
    return problems[0]
