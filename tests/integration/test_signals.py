"""What Ctrl-C and SIGTERM do to `agentframework run`: through a pipe, on a terminal and in tmux."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, agent, eventually, until
from cli_desk import COMMAND, Desk
from cli_screens import WAIT, Terminal, Tmux, line_of

TOOLS = """\
import pathlib
import time
from agentframework import Callbacks, hookimpl, tool


@tool(timeout=600)
def hold() -> str:
    "Hold on until there is a file `go`."
    pathlib.Path("held").touch()
    while not pathlib.Path("go").exists():
        time.sleep(0.01)
    return "let go"


class Hung(Callbacks):
    def on_session_ended(self, event):
        time.sleep(600)


@hookimpl
def register_tools(register):
    register(hold)
"""
HUNG = """

@hookimpl
def register_callbacks(register):
    register(Hung())
"""
UPGRADE = (
    b"GET /v1/convai/conversation?agent_id=a HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
DRAINING = "note: the conversation ends when the tools that run have finished; Ctrl-C leaves at once"


class HeldDesk(Desk):
    """With a tool that holds on until it is let go."""

    def __init__(self, root: Path, *, hung: bool = False) -> None:
        super().__init__(root)
        code = TOOLS + HUNG if hung else TOOLS
        self.install("held-tools", "held_tools", code, "[agentframework]\nheld = held_tools\n")
        self.configure()

    def configure(self, *, url: str = "local", more: str = "") -> None:
        self.write(
            "config.toml",
            f'[agent]\nurl = "{url}"\n{more}\n[plugins]\nautoload = false\nenable = ["held"]\n',
        )

    def let_go(self) -> None:
        self.write("go", "")

    def hold(self) -> subprocess.Popen[str]:
        """A conversation whose tool has begun to hold on."""
        process = self.start("run", "config.toml")
        line_of(process, "agent:")
        assert process.stdin is not None
        process.stdin.write("/call hold\n")
        process.stdin.flush()
        line_of(process, "you:")
        self.wait_until_held()
        return process

    def wait_until_held(self) -> None:
        ticks = threading.Event()
        for _ in range(int(WAIT / 0.01)):
            if (self.folder / "held").exists():
                return
            ticks.wait(0.01)
        raise AssertionError("the tool did not begin")


@pytest.fixture
def desk(tmp_path: Path) -> HeldDesk:
    return HeldDesk(tmp_path)


def rest_of(process: subprocess.Popen[str]) -> list[str]:
    """The lines that still come, until the process has ended."""
    out, errors = process.communicate(timeout=WAIT)
    assert "Traceback" not in errors
    return out.splitlines()


def test_sigterm_lets_a_tool_finish_and_then_ends_with_the_reason(desk: HeldDesk) -> None:
    with desk.hold() as process:
        process.terminate()
        assert line_of(process, "note:").rstrip() == DRAINING
        desk.let_go()
        rest = rest_of(process)
    assert rest[0].startswith('tool: hold() -> "let go"')
    assert "note: the conversation was ended by SIGTERM" in rest
    assert rest[-1].startswith("summary: 1 turn, 1 tool call, no errors")
    assert process.returncode == 0


def test_a_tool_that_takes_longer_than_the_drain_is_answered_as_shut_down(desk: HeldDesk) -> None:
    desk.configure(more="[tools]\ndrain_timeout = 0.2")
    with desk.hold() as process:
        process.terminate()
        rest = rest_of(process)
    assert any(
        re.match(r"tool: hold\(\) -> shutdown: hold was stopped because the conversation is ending", line)
        for line in rest
    )
    assert "note: the conversation was ended by SIGTERM" in rest
    assert process.returncode == 0


@pytest.mark.parametrize(("second", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_second_signal_does_not_wait_for_the_tool(
    desk: HeldDesk, second: signal.Signals, code: int
) -> None:
    with desk.hold() as process:
        process.terminate()
        line_of(process, DRAINING)
        process.send_signal(second)
        assert rest_of(process) == []
    assert process.returncode == code


@pytest.mark.skipif(shutil.which("timeout") is None, reason="needs timeout, of the GNU core utilities")
def test_a_sigterm_by_way_of_timeout_is_one_request(desk: HeldDesk) -> None:
    """It signals its child, and then the process group that the child is in."""
    process = subprocess.Popen(
        ["timeout", "600", *COMMAND, "run", "config.toml"],
        cwd=desk.folder,
        env=desk.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    with process:
        line_of(process, "agent:")
        assert process.stdin is not None
        process.stdin.write("/call hold\n")
        process.stdin.flush()
        desk.wait_until_held()
        process.terminate()
        line_of(process, DRAINING)
        desk.let_go()
        assert "note: the conversation was ended by SIGTERM" in rest_of(process)
    assert process.returncode == 0


def test_ctrl_c_says_goodbye_and_answers_what_runs_as_shut_down(desk: HeldDesk) -> None:
    running = threading.Event()

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open()
        await peer.call("hold", "h")
        running.set()
        return await peer.until_closed()

    with agent(scenario) as served:
        desk.configure(url=served.url)
        with desk.start("run", "config.toml") as process:
            assert running.wait(PATIENCE)
            desk.wait_until_held()
            process.send_signal(signal.SIGINT)
            rest = rest_of(process)
        (answer,) = served.wait()
        assert answer["result"] == "hold was stopped because the conversation is ending."
    assert served.close_code == 1000
    assert rest[-1].startswith("summary: ")
    assert process.returncode == 0


def test_ctrl_c_is_followed_by_the_exit_within_three_seconds_whatever_hangs(tmp_path: Path) -> None:
    """A tool, a handler of the end, and an agent's side that answers no close."""
    desk, running, left = HeldDesk(tmp_path, hung=True), threading.Event(), threading.Event()

    async def deaf(peer: Peer) -> None:
        await peer.open()
        await peer.call("hold", "h")
        peer.connection.transport.pause_reading()
        running.set()
        await until(left.is_set)
        peer.connection.transport.abort()

    def interrupted() -> float:
        running.clear()
        left.clear()
        with desk.start("run", "config.toml") as process:
            assert running.wait(PATIENCE)
            desk.wait_until_held()
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            assert process.wait(WAIT) == 0
            took = time.monotonic() - begun
            left.set()
            process.communicate()
        return took

    with agent(deaf) as served:
        desk.configure(url=served.url)
        # the bound is for a machine that is not overloaded, so it is tried three times at most
        assert any(interrupted() < 3.0 for _ in range(3))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_before_the_conversation_has_begun_ends_it(desk: HeldDesk, number: signal.Signals) -> None:
    came = threading.Event()

    async def mute(peer: Peer) -> None:
        await peer.receive()
        came.set()
        await peer.until_closed()

    with agent(mute) as served:
        desk.configure(url=served.url)
        with desk.start("run", "config.toml") as process:
            assert came.wait(PATIENCE)
            process.send_signal(number)
            rest = rest_of(process)
    assert rest[-1].startswith("summary: no turns")
    assert process.returncode == 0


def test_a_server_leaves_at_the_second_signal(desk: HeldDesk) -> None:
    """A client that reads nothing keeps it from closing its conversations at once."""
    with desk.start("local-agent") as process:
        port = int(line_of(process, "listening on ").rstrip().rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(UPGRADE)
            assert client.recv(1024).startswith(b"HTTP/1.1 101 ")
            process.send_signal(signal.SIGINT)
            assert eventually(lambda: refuses(port))
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT) == 143
        process.communicate()


def refuses(port: int) -> bool:
    """Whether nobody listens there any more."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def open_terminal(desk: Desk, terminals: list[Terminal]) -> Terminal:
    """A conversation on a terminal that waits for a line."""
    opened = Terminal(desk, 80, "run", "config.toml")
    terminals.append(opened)
    opened.read_until(r"agent.*(?s:.*)you")
    return opened


def test_on_a_terminal_sigterm_lets_a_tool_finish(desk: HeldDesk, terminals: list[Terminal]) -> None:
    terminal = open_terminal(desk, terminals)
    terminal.type("/call hold\r")
    desk.wait_until_held()
    terminal.process.terminate()
    terminal.read_until("the conversation ends when the tools")
    desk.let_go()
    terminal.read_until(r"let go(?s:.*)ended by SIGTERM(?s:.*)1 tool call")
    assert terminal.process.wait(WAIT) == 0
    assert termios.tcgetattr(terminal.side) == terminal.settings


def test_ctrl_c_typed_twice_at_once_leaves_at_once(tmp_path: Path, terminals: list[Terminal]) -> None:
    """Both keys are read together, while the terminal gives keys and no signals."""
    terminal = open_terminal(HeldDesk(tmp_path, hung=True), terminals)
    terminal.type("\x03\x03")
    assert terminal.process.wait(WAIT) == 130
    assert termios.tcgetattr(terminal.side) == terminal.settings


EDITING = """
import asyncio, os, signal
from agentframework.cli.editor import Editor, above_the_line
from agentframework.cli.interrupts import Interrupts

async def main():
    editor = Editor(lambda: "")
    with Interrupts(lambda: os.write(1, b"asked"), before_leaving=editor.abandon).caught():
        editor.start(lambda line: None, lambda: None)
        await asyncio.sleep(600)

with above_the_line():
    asyncio.run(main())
"""


def test_a_terminal_whose_keys_were_being_read_is_left_as_it_was(
    desk: HeldDesk, terminals: list[Terminal]
) -> None:
    """The second signal comes before the editor has given the terminal back."""
    desk.write("editing.py", EDITING)
    terminal = Terminal(desk, 80, command=(sys.executable, "editing.py"))
    terminals.append(terminal)
    terminal.read_until("you")
    assert termios.tcgetattr(terminal.side) != terminal.settings
    terminal.process.send_signal(signal.SIGINT)
    terminal.read_until("asked")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.wait(WAIT) == 130
    assert termios.tcgetattr(terminal.side) == terminal.settings
    terminal.read_until(re.escape("\x1b[?2004l"))


@pytest.mark.needs_system("tmux")
def test_in_tmux_ctrl_c_ends_it_and_a_second_one_leaves_at_once(tmp_path: Path) -> None:
    tmux = Tmux(HeldDesk(tmp_path, hung=True), 80)
    try:
        tmux.screen_with(r"agent .*\n\nyou$")
        tmux.press("C-c")
        tmux.screen_with("the conversation is ending; Ctrl-C leaves at once")
        tmux.press("C-c")
        tmux.screen_with("left with 130")
    finally:
        tmux.close()
