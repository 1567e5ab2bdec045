"""A conversation ends from wherever it is told to, once, and the process with it, whatever hangs."""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, agent, until
from doors import DOORS
from ending_program import OWN_THREADS

TESTS = Path(__file__).resolve().parents[1]
BOUND = 3.0
"""Seconds from the call of `end_session` to the exit of the process: what a user is promised."""

TRIGGERS: dict[str, Callable[[Peer], Any]] = {
    "callback": lambda peer: peer.say("end now"),
    "async callback": lambda peer: peer.say("end now"),
    "sync tool": lambda peer: peer.call("end", "e"),
    "async tool": lambda peer: peer.call("end_async", "e"),
    "output": lambda peer: peer.send(
        {
            "type": "audio",
            "audio_event": {"audio_base_64": base64.b64encode(bytes(320)).decode(), "event_id": 1},
        }
    ),
    "disconnect": lambda peer: peer.connection.close(1000),
}


class Program:
    """A running `ending_program.py`, and the lines that it has written."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.times: list[float] = []

    def read_until(self, *wanted: str) -> None:
        """Read until all these lines have come, in any order."""
        assert self.process.stdout is not None
        while not set(wanted) <= set(self.lines):
            line = self.process.stdout.readline()
            assert line, f"{wanted} did not come, but {self.lines}"
            self.times.append(time.monotonic())
            self.lines.append(line.rstrip("\n"))

    def tell(self) -> None:
        """Have it end."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def story(self) -> str:
        """When each line came, in seconds from the first."""
        begun = self.times[0]
        return ", ".join(f"{at - begun:.2f} {line}" for at, line in zip(self.times, self.lines, strict=True))

    def exit_after(self, line: str) -> float:
        """The seconds from this line to its exit."""
        assert self.process.stdout is not None
        for rest in self.process.stdout:
            self.times.append(time.monotonic())
            self.lines.append(rest.rstrip("\n"))
        self.process.wait(PATIENCE)
        return time.monotonic() - self.times[self.lines.index(line)]


@contextmanager
def program(url: str, place: str, door: str = "sync") -> Iterator[Program]:
    process = subprocess.Popen(
        [sys.executable, str(TESTS / "ending_program.py"), url, place, door],
        env={**os.environ, "PYTHONPATH": str(TESTS.parent / "framework")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            yield Program(process)
        finally:
            process.kill()


def hold(place: str, *hanging: str, is_deaf: bool, door: str = "sync") -> tuple[Program, float]:
    """A program that is ended from `place` while these tools hang; it, and how long its exit took.

    Where it took too long it is tried again, three times at most: the bound is for a machine that is not overloaded.
    """
    ran, took = hold_once(place, *hanging, is_deaf=is_deaf, door=door)
    for _ in range(2):
        if took >= BOUND:
            ran, took = hold_once(place, *hanging, is_deaf=is_deaf, door=door)
    return ran, took


def hold_once(place: str, *hanging: str, is_deaf: bool, door: str) -> tuple[Program, float]:
    begun, ready, left = threading.Event(), threading.Event(), threading.Event()

    async def scenario(peer: Peer) -> None:
        await peer.open()
        for name in hanging:
            if name == "callback":
                await peer.send(
                    {"type": "user_transcript", "user_transcription_event": {"user_transcript": "hang"}}
                )
            else:
                await peer.call(name, name)
        await until(begun.is_set)
        if is_deaf:
            peer.connection.transport.pause_reading()
        ready.set()
        if place in TRIGGERS:
            await TRIGGERS[place](peer)
        await until(left.is_set)
        peer.connection.transport.abort()

    with agent(scenario) as served, program(served.url, place, door) as ran:
        ran.read_until(*(f"hanging {name}" for name in hanging))
        begun.set()
        assert ready.wait(PATIENCE)
        if place in OWN_THREADS:
            ran.tell()
        elif place == "signal":
            ran.process.send_signal(signal.SIGINT)
        ran.read_until("ending")
        took = ran.exit_after("ending")
        left.set()
    return ran, took


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("place", sorted({*OWN_THREADS, *TRIGGERS, "signal"} - {"connect"}))
def test_it_ends_from_anywhere_once_and_takes_the_process_with_it(place: str, door: str) -> None:
    """A tool sleeps for ten minutes; in some places the audio interface does not come back from `stop` either."""
    ran, took = hold(place, "hang", is_deaf=False, door=door)
    reason = "agent" if place == "disconnect" else "user"
    ended = [line for line in ran.lines if line.partition(" ")[0] in ("end", "disconnect", "over")]
    assert ended == ["end", f"disconnect {reason}", "over conv_1"]
    assert ran.process.returncode == 0
    assert took < BOUND, ran.story()


@pytest.mark.parametrize("place", ["main", "sync tool", "async tool", "four at once"])
def test_a_peer_that_does_not_answer_the_close_and_an_async_tool_that_clings_hold_nothing(place: str) -> None:
    ran, took = hold(place, "hang", "cling", is_deaf=True)
    assert ran.lines.count("disconnect user") == 1, ran.story()
    assert "over conv_1" in ran.lines
    assert ran.process.returncode == 0
    assert took < BOUND, ran.story()


@pytest.mark.parametrize(
    ("door", "hanging"),
    [("sync", ("hang", "cling", "callback")), ("async", ("hang", "callback"))],
)
def test_with_all_that_can_hang_the_process_still_ends_in_time(door: str, hanging: tuple[str, ...]) -> None:
    """The end callbacks stand behind the one that hangs, so they cannot come.

    What clings to a loop of the program's own holds the end of that loop, which is the program's affair.
    """
    ran, took = hold("main", *hanging, is_deaf=True, door=door)
    assert "over conv_1" in ran.lines
    assert not [line for line in ran.lines if line.startswith("disconnect")]
    assert ran.process.returncode == 0
    assert took < BOUND, ran.story()


@contextmanager
def silent_listener() -> Iterator[tuple[str, threading.Event]]:
    """A port that takes connections and says nothing; the event is set when one has come."""
    came = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                came.set()
                connection.recv(1)
                gone.wait(PATIENCE)

        gone = threading.Event()
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/", came
        gone.set()
        thread.join(PATIENCE)


def ended_while_starting(url: str, door: str, came: threading.Event) -> tuple[Program, float]:
    with program(url, "connect", door) as ran:
        assert came.wait(PATIENCE)
        ran.tell()
        ran.read_until("ending")
        took = ran.exit_after("ending")
    return ran, took


@pytest.mark.parametrize("door", DOORS)
def test_an_end_while_it_connects_is_a_failed_start_and_an_end(door: str) -> None:
    with silent_listener() as (url, came):
        ran, took = ended_while_starting(url, door, came)
    assert sorted(ran.lines[1:3]) == ["disconnect user", "end"]
    assert sorted(ran.lines[3:]) == ["no start", "over None"]
    assert took < BOUND, ran.story()


@pytest.mark.parametrize("door", DOORS)
def test_an_end_before_the_metadata_is_a_failed_start_and_an_end(door: str) -> None:
    came, left = threading.Event(), threading.Event()

    async def mute(peer: Peer) -> None:
        await peer.receive()
        peer.connection.transport.pause_reading()
        came.set()
        await until(left.is_set)
        peer.connection.transport.abort()

    with agent(mute) as served:
        ran, took = ended_while_starting(served.url, door, came)
        left.set()
    assert sorted(ran.lines[1:3]) == ["disconnect user", "end"]
    assert sorted(ran.lines[3:]) == ["no start", "over None"]
    assert took < BOUND, ran.story()


@pytest.mark.parametrize("door", DOORS)
def test_the_wait_for_the_end_returns_when_the_agents_side_ends_it(door: str) -> None:
    async def leave(peer: Peer) -> None:
        await peer.open()

    with agent(leave) as served, program(served.url, "never", door) as ran:
        ran.exit_after("over conv_1")
    assert ran.lines == [
        "end",
        "disconnect agent",
        "over conv_1",
    ]


@pytest.mark.parametrize("door", DOORS)
def test_after_a_start_that_failed_the_end_is_told_once_and_the_process_exits(door: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with program(f"ws://127.0.0.1:{port}/", "never", door) as ran:
        ran.exit_after("over None")
    assert sorted(ran.lines) == ["disconnect error", "end", "no start", "over None"]
    assert ran.lines[:2] == ["end", "disconnect error"]
