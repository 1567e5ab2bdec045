"""The log goes to standard error and to a file, as much of it as was asked for, and without secrets."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from agentframework.cli.logs import LogOptions, logging_to
from agentframework.errors import AgentFrameworkError

SESSION = logging.getLogger("agentframework.session")
TOOLS = logging.getLogger("agentframework.tools")


def log_something() -> None:
    SESSION.debug("a detail")
    SESSION.info("a step")
    SESSION.warning("an oddity")
    try:
        raise ValueError("broken")
    except ValueError:
        SESSION.exception("a handler failed")
        TOOLS.exception("a tool failed")


def test_without_v_warnings_are_a_line_each_and_tracebacks_are_not_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with logging_to(LogOptions()):
        log_something()
    assert capsys.readouterr().err == "warning: an oddity\nerror: a handler failed\n"


def test_with_v_steps_and_tracebacks_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(LogOptions(1)):
        log_something()
    shown = capsys.readouterr().err
    assert "INFO agentframework.session: a step\n" in shown
    assert shown.count("ValueError: broken") == 2
    assert "a detail" not in shown


def test_with_vv_everything_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(LogOptions(2)):
        log_something()
    assert "DEBUG agentframework.session: a detail\n" in capsys.readouterr().err


def test_a_file_takes_everything_and_the_screen_no_more_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.log"
    for _ in range(2):
        with logging_to(LogOptions(0, file)):
            log_something()
    written = file.read_text(encoding="utf-8")
    assert written.count("a detail") == 2
    assert written.count("ValueError: broken") == 4
    assert capsys.readouterr().err.count("\n") == 4


def test_a_file_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AgentFrameworkError, match=r"the log cannot be written to .*: Is a directory"):
        with logging_to(LogOptions(0, tmp_path)):
            pytest.fail("the log has no place")


def test_what_is_secret_is_in_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "run.log"
    with logging_to(LogOptions(1, file)) as shown:
        shown.redactor.add("sk-very-secret")
        SESSION.warning("connecting with %s", "sk-very-secret")
    assert "sk-very-secret" not in file.read_text(encoding="utf-8") + capsys.readouterr().err


def test_lines_can_be_handed_to_somebody_else_for_a_while(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[tuple[int, str]] = []
    with logging_to(LogOptions()) as shown:
        with shown.handed_to(lambda level, text: taken.append((level, text))):
            SESSION.warning("an oddity")
        SESSION.warning("another")
    assert taken == [(logging.WARNING, "an oddity")]
    assert capsys.readouterr().err == "warning: another\n"


def test_the_root_logger_is_left_alone_and_everything_is_as_before() -> None:
    root, ours = logging.getLogger(), logging.getLogger("agentframework")
    before = (list(root.handlers), root.level, list(ours.handlers), ours.level, ours.propagate)
    with logging_to(LogOptions(2)):
        assert (list(root.handlers), root.level) == before[:2]
        assert not ours.propagate, "what a plugin does to the root logger must not show things twice"
    assert (list(root.handlers), root.level, list(ours.handlers), ours.level, ours.propagate) == before


@pytest.mark.parametrize(
    ("options", "hints"),
    [(LogOptions(), True), (LogOptions(1), False), (LogOptions(0, Path("run.log")), False)],
)
def test_the_hint_is_given_only_where_no_traceback_is_kept(options: LogOptions, hints: bool) -> None:
    assert bool(options.traceback_hint) is hints
