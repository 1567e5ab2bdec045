"""The package in conversations with the local agent, as its users will have them."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentframework import App, Callbacks, load_config
from agentframework_example_tools.coffee import CoffeeMachine

LIMIT = 10.0
QUICKSTART = Path(__file__).parent.parent / "quickstart.toml"


class Listener(Callbacks):
    """Keeps what tools answered and what the agent said, for whoever waits for it."""

    def __init__(self) -> None:
        self.answers: queue.SimpleQueue[tuple[str, str, str]] = queue.SimpleQueue()
        self.said: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.updates: list[str] = []

    def on_tool_answered(self, event: Any) -> None:
        self.answers.put((event.tool_name, event.outcome, event.text))

    def on_message_sent(self, event: Any) -> None:
        if event.message.type == "contextual_update":
            self.updates.append(event.message.text)

    def on_agent_response(self, message: Any) -> None:
        self.said.put(message.agent_response_event.agent_response)


class Caller:
    """A user of the local agent who waits for each answer."""

    def __init__(self, conversation: Any, listener: Listener) -> None:
        self._conversation = conversation
        self.listener = listener
        listener.said.get(timeout=LIMIT)  # the greeting

    def ask(self, text: str) -> str:
        """What the agent says to it."""
        self._conversation.send_user_message(text)
        return self.listener.said.get(timeout=LIMIT)

    def hang_up(self) -> None:
        """End the conversation, and wait for its end."""
        self._conversation.end()
        assert self._conversation.wait(LIMIT) is not None

    def call(self, text: str) -> tuple[str, str, str]:
        """The tool that the agent calls for it, how that ended, and what the agent was told."""
        self.ask(text)
        return self.listener.answers.get(timeout=LIMIT)


@pytest.fixture
def caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    monkeypatch.chdir(tmp_path)
    listener = Listener()
    with App.load(load_config(QUICKSTART)).conversation(listener) as conversation:
        yield Caller(conversation, listener)


@pytest.mark.parametrize(
    ("said", "tool", "told"),
    [
        ("what time is it in Oslo?", "world_time", "In Oslo it is"),
        ("set a timer for 0.1 seconds", "start_timer", "Time is up after 0.1 s."),
        ("convert 10 miles to kilometers", "convert_units", "10 miles are 16.0934 kilometers."),
        ("book a table for four on Friday under the name Ann", "book_table", "in the name of Ann."),
        ("count the primes up to 1000", "count_primes", "168 prime numbers"),
        ("roll two dice", "roll_dice", "together"),
        ("make me a coffee, a cappuccino", "make_coffee", "The cappuccino is ready."),
    ],
)
def test_the_agent_finds_each_tool_by_what_is_said(caller: Caller, said: str, tool: str, told: str) -> None:
    name, outcome, text = caller.call(said)
    assert (name, outcome) == (tool, "ok")
    assert told in text


def test_the_machine_is_heated_once_and_the_agent_hears_how_far_a_coffee_is(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched: list[str] = []
    on, off = CoffeeMachine.switch_on, CoffeeMachine.switch_off

    async def switch_on(machine: CoffeeMachine) -> None:
        switched.append("on")
        await on(machine)

    async def switch_off(machine: CoffeeMachine) -> None:
        switched.append("off")
        await off(machine)

    monkeypatch.setattr(CoffeeMachine, "switch_on", switch_on)
    monkeypatch.setattr(CoffeeMachine, "switch_off", switch_off)
    assert caller.call("make me an espresso coffee")[2] == "The espresso is ready."
    assert caller.call("make a coffee, latte please")[2] == "The latte is ready."
    assert switched == ["on"]
    caller.hang_up()
    assert switched == ["on", "off"]
    assert "The machine is grinding the beans." in caller.listener.updates[0]


def test_a_missing_city_is_asked_for(caller: Caller) -> None:
    assert "city" in caller.ask("what time is it?")
    assert "In Oslo it is" in caller.ask("Oslo")


def test_the_safe_fails_with_its_own_words(caller: Caller) -> None:
    assert "'1234' is not its code" in caller.ask("open the safe with code 1234")


def test_a_bug_is_told_by_an_id_and_not_by_its_text(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    name, outcome, text = caller.call("open the safe with the code 0000")
    assert (name, outcome) == ("unlock_safe", "exception")
    assert "motor" not in text
    [record] = [record for record in caplog.records if record.exc_info]
    assert record.getMessage().partition("(id ")[2][:8] in text


def test_no_transcript_is_written_where_the_config_does_not_ask_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text('[agent]\nurl = "local"\n')
    with App.load(load_config(tmp_path / "config.toml")).conversation() as conversation:
        conversation.end()
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_the_transcript_is_written_where_the_config_says(tmp_path: Path, caller: Caller) -> None:
    caller.ask("what time is it in Oslo?")
    caller.hang_up()
    lines = (tmp_path / "transcript.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("--- conv_")
    assert lines[1].startswith("agent: ")
    assert any(line.startswith("tool: world_time: ok") for line in lines)
    assert lines[-1] == "--- ended by user"
