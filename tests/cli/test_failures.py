"""Whatever fails is told in a line or two, with an exit code that says whose turn it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentframework import errors
from agentframework.cli.failures import perform
from agentframework.cli.logs import LogOptions, ShownLog
from agentframework.errors import AgentFrameworkError, ConfigError, ConfigProblem

PACKAGES = str(Path(__file__).parents[2] / "framework")


def failing_with(error: Exception, verbosity: int = 0) -> int:
    """The exit code of a command that raises."""

    def work(options: LogOptions, shown: ShownLog) -> int:
        raise error

    return perform(LogOptions(verbosity), work)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.PluginError("chess", "chess-tools", "1.0", "it has no hooks", "Ask its author."), 2),
        (errors.AudioError("no such device"), 2),
        (errors.ScriptError("script.toml: step 1: unknown action"), 2),
        (errors.ToolDefinitionError("move", "its schema is none"), 2),
        (errors.StartError("the connection was refused", phase="connect", hint="is it on?"), 1),
        (errors.AuthError("the key was refused", status=401), 1),
        (errors.NotFoundError("there is no such agent", status=404), 1),
        (errors.RestError("no answer within 10 s"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_error_of_ours_is_one_line(
    error: AgentFrameworkError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing_with(error) == code
    assert capsys.readouterr().err == f"error: {error}\n"


def test_every_problem_of_a_config_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [
        ConfigProblem("config.toml", 2, "agent.urll", "unknown key", 'did you mean "url"?'),
        ConfigProblem("config.toml", None, "", "there is no such file"),
    ]
    assert failing_with(ConfigError(problems)) == 2
    assert capsys.readouterr().err == (
        'config.toml:2: agent.urll: unknown key (did you mean "url"?)\nconfig.toml: there is no such file\n'
    )


def test_a_bug_of_ours_is_no_traceback_but_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert failing_with(KeyError("conv\n_1")) == 70
    assert capsys.readouterr().err == (
        "error: KeyError: 'conv\\n_1'\nthis is a bug in agentframework; run with -v for the traceback\n"
    )


def test_with_v_a_bug_of_ours_has_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert failing_with(KeyError("conv_1"), verbosity=1) == 70
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_what_an_error_quotes_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    failing_with(errors.ScriptError("unknown action '\x1b[2J'"))
    assert "\x1b" not in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_no_bug() -> None:
    code = "from agentframework.cli.failures import perform; from agentframework.cli.logs import LogOptions; "
    code += "raise SystemExit(perform(LogOptions(), lambda options, shown: print('x' * 100_000) or 0))"
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" >/dev/full', sys.executable, code],
        env={**os.environ, "PYTHONPATH": PACKAGES},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "error: No space left on device\n")


def test_streams_that_are_closed_are_done_without() -> None:
    code = "from agentframework.cli import main; main()"
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" --version <&- >&- 2>&-', sys.executable, code],
        env={**os.environ, "PYTHONPATH": PACKAGES},
        check=False,
    )
    assert done.returncode == 0


def test_a_reader_that_has_left_is_no_error() -> None:
    code = """
import sys
from agentframework.cli.failures import perform
from agentframework.cli.logs import LogOptions
def work(options, shown):
    for number in range(100_000):
        print("line", number)
    return 0
sys.exit(perform(LogOptions(), work))
"""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": PACKAGES},
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    os.read(reading, 10)
    os.close(reading)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (0, b"")


def test_a_character_that_the_encoding_lacks_is_escaped() -> None:
    code = """
from agentframework.cli.failures import perform
from agentframework.cli.logs import LogOptions
perform(LogOptions(), lambda options, shown: print("Zürich \\u2192 \\ud800") or 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": PACKAGES, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "Z\\xfcrich \\u2192 \\ud800\n"
