"""On a terminal a conversation is aligned, wrapped to the width, and coloured."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from agentframework.cleaning import clean
from agentframework.cli.phrases import Summary
from agentframework.cli.screen import Heading
from agentframework.cli.terminal import LABEL_WIDTH, TerminalScreen
from cli_events import answered, called


class Shown:
    """A terminal screen of a given width with what it shows; without colours unless asked for."""

    def __init__(self, width: int, *, colours: bool = False) -> None:
        self.stream = io.StringIO()
        self.now = 0.0
        self.changes = 0
        console = Console(
            file=self.stream, width=width, force_terminal=True, color_system="standard" if colours else None
        )
        self.screen = TerminalScreen(console, clock=lambda: self.now)
        self.screen.status_changed = self._changed

    def _changed(self) -> None:
        self.changes += 1

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().removesuffix("\n").split("\n")


def test_a_conversation_is_aligned_under_its_labels() -> None:
    shown = Shown(60)
    shown.screen.opened(Heading("local agent", tools=6, plugins=1))
    shown.screen.agent("Hello! I can use six tools.")
    shown.screen.user("what time is it in Oslo?")
    shown.screen.tool(answered())
    shown.screen.agent("In Oslo it is 14:03.")
    shown.screen.summary(Summary(1, 1, 0, 1.25, "conv_1"))
    assert shown.lines == [
        'local agent · 6 tools · 1 plugin · Ctrl-D or "bye" to leave',
        "agent  Hello! I can use six tools.",
        "",
        "you    what time is it in Oslo?",
        'tool   world_time(city="Oslo") → "14:03"  3 ms',
        "agent  In Oslo it is 14:03.",
        "",
        "1 turn · 1 tool call · no errors · 1.2 s · conv_1",
    ]


def test_what_does_not_fit_goes_on_under_its_first_word() -> None:
    shown = Shown(40)
    shown.screen.agent("one two three four five six seven eight nine ten")
    assert shown.lines == ["agent  one two three four five six seven", "       eight nine ten"]


def test_what_does_not_fit_in_a_list_goes_on_further_right() -> None:
    shown = Shown(30)
    shown.screen.agent("Two:\n- one two three four five\n  six seven eight nine ten")
    assert shown.lines == [
        "agent  Two:",
        "       - one two three four",
        "         five",
        "         six seven eight",
        "           nine ten",
    ]


def test_a_failed_call_has_its_own_mark() -> None:
    shown = Shown(80)
    shown.screen.tool(answered(outcome="tool error", text="There is no such city."))
    assert shown.lines == ['tool   world_time(city="Oslo") ✗ There is no such city.  3 ms']


def test_a_call_and_its_result_take_two_lines_where_one_is_too_short() -> None:
    shown = Shown(40)
    shown.screen.tool(answered(parameters={"city": "Longyearbyen"}, text="14:03 on a Monday"))
    assert shown.lines == ['tool   world_time(city="Longyearbyen")', '         → "14:03 on a Monday"  3 ms']


def test_an_error_of_a_tool_is_told_in_full() -> None:
    shown = Shown(60)
    shown.screen.tool(answered(outcome="bad arguments", text="city: expected a string, got nothing. " * 3))
    assert " ".join(" ".join(shown.lines).split()).count("expected a string, got nothing.") == 3


def test_markup_in_what_is_said_is_text() -> None:
    shown = Shown(60)
    shown.screen.agent("[bold]not bold[/bold] :smile: [/]")
    assert shown.lines == ["agent  [bold]not bold[/bold] :smile: [/]"]


def test_errors_are_red_and_labels_coloured() -> None:
    shown = Shown(60, colours=True)
    shown.screen.error("the connection broke")
    shown.screen.tool(answered(outcome="exception", text="it failed"))
    assert "\x1b[31mthe connection broke" in shown.stream.getvalue()
    assert "\x1b[31m✗ it failed" in shown.stream.getvalue()


def test_a_long_agent_id_leaves_the_heading_on_one_line() -> None:
    shown = Shown(60)
    shown.screen.opened(Heading("agent_" + "0123456789" * 3, tools=6, plugins=1))
    assert len(shown.lines) == 1
    assert len(shown.lines[0]) <= 60
    assert shown.lines[0].endswith("to leave")


def test_a_summary_is_one_line_where_that_fits_and_else_the_id_stands_below() -> None:
    summary = Summary(12, 3, 1, 12.34, "conv_0123456789abcdef")
    wide, usual, narrow = Shown(120), Shown(70), Shown(60)
    for shown in (wide, usual, narrow):
        shown.screen.summary(summary)
    counts = "12 turns · 3 tool calls · 1 error · 12.3 s"
    assert wide.lines[1:] == [f"{counts} · conversation conv_0123456789abcdef"]
    assert usual.lines[1:] == [f"{counts} · conv_0123456789abcdef"]
    assert narrow.lines[1:] == [counts, "conversation conv_0123456789abcdef"]


def test_what_runs_is_the_status_until_it_has_its_outcome() -> None:
    shown = Shown(60)
    shown.screen.working([called()])
    assert shown.screen.status == 'world_time(city="Oslo")…'
    shown.now = 2.4
    assert shown.screen.status == 'world_time(city="Oslo")… 2 s'
    shown.screen.working([called(), called("c2")])
    assert shown.screen.status == 'world_time(city="Oslo") and 1 more call… 2 s'
    shown.screen.working([])
    assert shown.screen.status == ""
    assert shown.changes == 3


def test_an_encoding_without_arrows_gets_ascii() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    TerminalScreen(Console(file=stream, width=40)).tool(answered(text="x" * 50))
    stream.seek(0)
    assert "->" in stream.read()


@pytest.mark.parametrize("width", [60, 120])
@given(
    texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=200), min_size=1, max_size=4),
    outcome=st.sampled_from(["ok", "tool error"]),
)
def test_no_line_is_wider_than_the_terminal(width: int, texts: list[str], outcome: str) -> None:
    shown = Shown(width)
    for text in texts:
        shown.screen.agent(text)
        shown.screen.user(text)
        shown.screen.warning(text)
        shown.screen.tool(answered(name=text, parameters={text: text}, text=text, outcome=outcome))
    assert all(cell_len(line) <= width for line in shown.lines)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=100, max_size=200))
def test_a_word_longer_than_the_line_is_folded_and_nothing_is_lost(word: str) -> None:
    shown = Shown(60)
    shown.screen.agent(word)
    assert "".join(line[LABEL_WIDTH:] for line in shown.lines) == clean(word)
