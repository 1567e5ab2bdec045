"""In a pipe a conversation is plain lines, each with its label."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.cli.phrases import Summary
from agentframework.cli.plain import PlainScreen
from agentframework.cli.screen import Heading
from cli_events import answered, called


class Streams:
    """A plain screen with what it wrote."""

    def __init__(self) -> None:
        self.out, self.errors = io.StringIO(), io.StringIO()
        self.screen = PlainScreen(self.out, self.errors)


def test_each_thing_has_its_label() -> None:
    to = Streams()
    to.screen.opened(Heading("local agent", tools=6, plugins=1))
    to.screen.user("what time is it in Oslo?")
    to.screen.tool(answered())
    to.screen.agent("In Oslo it is 14:03.")
    to.screen.note("interrupted")
    to.screen.summary(Summary(1, 1, 0, 1.25, "conv_1"))
    assert to.out.getvalue() == (
        "start: local agent, 6 tools, 1 plugin\n"
        "you: what time is it in Oslo?\n"
        'tool: world_time(city="Oslo") -> "14:03" (3 ms)\n'
        "agent: In Oslo it is 14:03.\n"
        "note: interrupted\n"
        "summary: 1 turn, 1 tool call, no errors, 1.2 s, conversation conv_1\n"
    )
    assert to.errors.getvalue() == ""


def test_warnings_and_errors_go_to_the_other_stream() -> None:
    to = Streams()
    to.screen.warning("a plugin failed")
    to.screen.error("the connection broke")
    assert to.out.getvalue() == ""
    assert to.errors.getvalue() == "warning: a plugin failed\nerror: the connection broke\n"


def test_a_failed_call_says_how_it_failed() -> None:
    to = Streams()
    to.screen.tool(answered(outcome="bad arguments", text="city: expected a string,\ngot nothing."))
    assert to.out.getvalue() == (
        'tool: world_time(city="Oslo") -> bad arguments: city: expected a string, got nothing. (3 ms)\n'
    )


def test_a_result_that_nobody_asked_for_is_marked() -> None:
    to = Streams()
    to.screen.tool(answered(sent=False))
    assert to.out.getvalue().endswith('-> "14:03" (3 ms, not sent)\n')


def test_further_lines_of_one_utterance_are_indented() -> None:
    to = Streams()
    to.screen.agent("Two things:\n\n- one\n- two\n")
    assert to.out.getvalue() == "agent: Two things:\n\n       - one\n       - two\n"


def test_a_running_call_leaves_no_line() -> None:
    to = Streams()
    to.screen.working([called()])
    to.screen.working([])
    assert to.out.getvalue() == ""


def test_a_long_result_is_shortened() -> None:
    to = Streams()
    to.screen.tool(answered(text="word " * 1000))
    assert len(to.out.getvalue()) < 600
    assert '..." (3 ms)\n' in to.out.getvalue()


@pytest.mark.parametrize("method", ["user", "agent", "note", "warning", "error"])
@given(text=st.text(st.characters(codec="utf-8"), max_size=80))
def test_whatever_is_said_no_escape_sequence_is_written(method: str, text: str) -> None:
    to = Streams()
    getattr(to.screen, method)(f"\x1b[31m{text}\x1b]0;title\x07")
    written = to.out.getvalue() + to.errors.getvalue()
    assert "\x1b" not in written
    assert "\x07" not in written


@given(text=st.text(st.characters(codec="utf-8"), max_size=80))
def test_only_the_first_line_begins_with_a_label(text: str) -> None:
    to = Streams()
    to.screen.agent(text)
    first, *rest = to.out.getvalue().removesuffix("\n").split("\n")
    assert first.startswith("agent:")
    assert all(line == "" or line.startswith(" ") for line in rest)
