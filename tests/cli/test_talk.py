"""A conversation is held to its end, whoever ends it and whatever fails on the way."""

from __future__ import annotations

import asyncio
import io
import itertools
import logging
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from agentframework.app import App
from agentframework.approval import ApprovalRequest
from agentframework.callbacks import DisconnectionDetails
from agentframework.cli.asking import TerminalApprover
from agentframework.cli.lines import LineSource
from agentframework.cli.plain import PlainScreen
from agentframework.cli.screen import Heading
from agentframework.cli.talk import Relay, Talk
from agentframework.cli.view import View
from agentframework.config import AgentConfig, Config, PluginsConfig
from agentframework.errors import StartError

HELLO = '[[step]]\nsay = "Hello."\n'
EXPECT = '[[step]]\nexpect = "user_message"\n'
STALL = "[[step]]\nstall = 20.0\n"


class Keyboard(LineSource):
    """Lines that the test types; `ready` is called when the first may come."""

    def __init__(self, ready: Callable[[Keyboard], None]) -> None:
        self._ready = ready
        self.stopped_typing = False
        self.asked: Callable[[Callable[[], float] | None], object] = lambda seconds_left: None

    def start(self, give: Callable[[str | None], None], interrupt: Callable[[], None]) -> None:
        self.give, self.interrupt = give, interrupt
        self._ready(self)

    def ask(self, seconds_left: Callable[[], float] | None) -> None:
        self.asked(seconds_left)

    def more(self) -> None: ...

    def stop(self) -> None:
        self.stopped_typing = True

    async def stopped(self) -> None: ...

    def abandon(self) -> None: ...


class Held:
    """A talk with the local agent that follows a script."""

    def __init__(
        self, folder: Path, script: str, ready: Callable[[Keyboard], None], out: io.StringIO | None = None
    ) -> None:
        file = folder / "script.toml"
        file.write_text(script, encoding="utf-8")
        self.load(AgentConfig(url="local", script=file), ready, out)

    def load(
        self, agent: AgentConfig, ready: Callable[[Keyboard], None], out: io.StringIO | None = None
    ) -> None:
        app = App.load(Config(agent=agent, plugins=PluginsConfig(autoload=False)))
        self.relay = relay = Relay()
        self.out = out or io.StringIO()
        self.keyboard = Keyboard(ready)
        screen = PlainScreen(self.out, self.out)
        self.view = View(screen)
        self.conversation = app.conversation(relay)
        heading = Heading("local agent", 0, 0)
        self.talk = Talk(self.conversation, relay, self.keyboard, screen, self.view, heading, False)

    def hold(self) -> DisconnectionDetails:
        return asyncio.run(self.talk.hold())

    @property
    def lines(self) -> list[str]:
        return self.out.getvalue().splitlines()


def typing(*lines: str | None) -> Callable[[Keyboard], None]:
    """Types these lines at once; None is Ctrl-D."""

    def ready(keyboard: Keyboard) -> None:
        for line in lines:
            keyboard.give(line)

    return ready


def test_the_end_of_the_input_ends_it_at_once_where_somebody_types(tmp_path: Path) -> None:
    held = Held(tmp_path, HELLO + STALL, typing("are you there?", None))
    assert held.hold().reason == "user"
    assert "you: are you there?" in held.lines
    assert held.keyboard.stopped_typing


def test_the_line_after_a_question_is_its_answer_and_not_sent(tmp_path: Path) -> None:
    approver, answers = TerminalApprover(), list[bool]()
    request = ApprovalRequest("s", "c", "c1", "pay", "shop", "", "write", {"amount": 5}, "", 10.0, 1e9)
    asker = threading.Thread(target=lambda: answers.append(asyncio.run(approver.approve(request))))

    def ready(keyboard: Keyboard) -> None:
        def asked(seconds_left: Callable[[], float] | None) -> None:
            for line in ["y"] if seconds_left is not None else ["hello", None]:
                keyboard.give(line)

        keyboard.asked = asked
        asker.start()

    held = Held(tmp_path, HELLO + STALL, ready)
    held.talk = Talk(
        held.conversation,
        held.relay,
        held.keyboard,
        PlainScreen(held.out, held.out),
        held.view,
        Heading("local agent", 0, 0),
        False,
        approver=approver,
        clock=itertools.count().__next__,
    )
    assert held.hold().reason == "user"
    asker.join()
    assert answers == [True]
    assert "warning: The agent wants to run pay of shop (risk: write)" in held.lines
    assert "you: hello" in held.lines
    assert "you: y" not in held.lines


def test_ctrl_c_as_a_key_ends_it(tmp_path: Path) -> None:
    held = Held(tmp_path, HELLO + STALL, lambda keyboard: keyboard.interrupt())
    assert held.hold().reason == "user"


def test_another_line_after_a_farewell_takes_it_back(tmp_path: Path) -> None:
    script = (
        HELLO
        + EXPECT
        + EXPECT
        + '[[step]]\nsay = "You stay."\n[[step]]\nstall = 2.5\n[[step]]\nclose = 1000\n'
    )
    held = Held(tmp_path, script, typing("bye", "no, wait"))
    assert held.hold().reason == "agent"
    assert not held.talk.was_farewell
    assert held.lines[-1] == "agent: You stay."


def test_what_has_come_is_taken_though_something_is_overdue(tmp_path: Path) -> None:
    """A clock that jumps makes everything overdue at once."""

    def ready(keyboard: Keyboard) -> None:
        keyboard.give("bye")
        held.talk.tell(logging.WARNING, "a line of the log")

    held = Held(tmp_path, HELLO + STALL, ready)
    held.talk._clock = itertools.count(0.0, 100.0).__next__
    assert held.hold().reason == "user"
    assert held.lines.count("warning: a line of the log") == 1
    assert held.talk.was_farewell


def test_an_agent_that_answers_a_farewell_may_end_it_itself(tmp_path: Path) -> None:
    script = HELLO + EXPECT + '[[step]]\nsay = "Bye!"\n[[step]]\nclose = 1000\n'
    held = Held(tmp_path, script, typing(" Quit. "))
    assert held.hold().reason == "agent"
    assert held.talk.was_farewell


def test_an_end_before_it_has_begun_is_an_end_by_the_user(tmp_path: Path) -> None:
    held = Held(tmp_path, "metadata = false\n" + STALL, typing())

    async def hold() -> DisconnectionDetails:
        asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
        return await held.talk.hold()

    assert asyncio.run(hold()).reason == "user"
    assert held.lines == []


def test_what_hinders_the_start_is_raised(tmp_path: Path) -> None:
    held = Held(tmp_path, HELLO, typing())
    held.load(AgentConfig(url="ws://127.0.0.1:9/x"), typing())
    with pytest.raises(StartError):
        held.hold()


def test_a_bug_in_showing_ends_the_conversation_and_is_raised(tmp_path: Path) -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            if text.startswith("agent"):
                raise ZeroDivisionError
            return super().write(text)

    held = Held(tmp_path, HELLO + STALL, typing(), Broken())
    with pytest.raises(ZeroDivisionError):
        held.hold()
    assert held.conversation.wait(10) is not None


def test_an_output_that_fails_ends_the_conversation_and_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            if text.startswith("agent"):
                raise OSError(28, "No space left on device")
            return super().write(text)

    monkeypatch.setattr("sys.__stdout__", None)  # there is nothing to silence in a test
    held = Held(tmp_path, HELLO + STALL, typing(), Full())
    with pytest.raises(OSError, match="No space left"):
        held.hold()
    assert held.conversation.wait(10) is not None


def test_a_line_of_the_log_is_shown_in_its_place(tmp_path: Path) -> None:
    def ready(keyboard: Keyboard) -> None:
        held.talk.tell(30, "an oddity")
        held.talk.tell(40, "a fault")
        keyboard.give(None)

    held = Held(tmp_path, HELLO + STALL, ready)
    held.hold()
    shown = [line for line in held.lines if line.startswith(("warning", "error"))]
    assert shown == ["warning: an oddity", "error: a fault"]


class Muteable:
    """A conversation of which only the microphone matters."""

    def __init__(self) -> None:
        self.muted = True
        self.sent: list[str] = []

    def mute(self) -> None:
        self.muted = True

    def unmute(self) -> None:
        self.muted = False

    def send_user_message(self, text: str) -> None:
        self.sent.append(text)


@pytest.mark.parametrize("has_microphone", [True, False])
def test_words_for_the_microphone_are_not_for_the_agent(has_microphone: bool) -> None:
    conversation, out = Muteable(), io.StringIO()
    screen = PlainScreen(out, out)
    unused: Any = Keyboard(lambda keyboard: None)
    talk = Talk(
        *(cast(Any, conversation), Relay(), unused, screen, View(screen), Heading("a", 0, 0), False),
        has_microphone=has_microphone,
        push_to_talk=has_microphone,
    )
    states = []
    for text in ("/unmute", "/mute", "", "", "hello"):
        if not talk._steers_microphone(text):
            talk._send(text)
        states.append(conversation.muted)
    if has_microphone:
        assert conversation.sent == ["hello"]
        assert states == [False, True, False, True, True]
        assert out.getvalue().count("the microphone is on") == 2
    else:
        assert conversation.sent == ["/unmute", "/mute", "hello"]
