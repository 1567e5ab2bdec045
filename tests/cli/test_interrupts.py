"""The first signal asks for an end, the second one does not ask."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agentframework.cli.interrupts import LEFT_AT_ONCE, TERMINATED_AT_ONCE, Interrupts

PACKAGES = str(Path(__file__).parents[2] / "framework")
HELD_UP = """
import os, signal
from agentframework.cli.interrupts import Interrupts
interrupts = Interrupts(
    lambda: os.write(1, b"asked\\n"),
    lambda: os.write(1, b"drains\\n"),
    before_leaving=lambda: os.write(1, b"leaves\\n"),
)
with interrupts.caught():
    print("ready", flush=True)
    while True:
        signal.pause()
"""


def test_a_signal_asks_for_an_end_and_then_means_what_it_meant_before() -> None:
    asked: list[str] = []
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    for number in (signal.SIGINT, signal.SIGTERM):
        with Interrupts(lambda: asked.append("end"), lambda: asked.append("drain")).caught():
            os.kill(os.getpid(), number)
    with Interrupts(lambda: asked.append("end as well")).caught():
        os.kill(os.getpid(), signal.SIGTERM)
    assert asked == ["end", "drain", "end as well"]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.parametrize(
    ("first", "second", "said", "code"),
    [
        (signal.SIGINT, signal.SIGINT, "asked", LEFT_AT_ONCE),
        (signal.SIGTERM, signal.SIGINT, "drains", LEFT_AT_ONCE),
        (signal.SIGINT, signal.SIGTERM, "asked", TERMINATED_AT_ONCE),
    ],
)
def test_the_second_signal_ends_the_process_here_and_now(
    first: signal.Signals, second: signal.Signals, said: str, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HELD_UP],
        env={**os.environ, "PYTHONPATH": PACKAGES},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(first)
    assert process.stdout.readline() == f"{said}\n"
    process.send_signal(second)
    rest, _ = process.communicate(timeout=10)
    assert (process.returncode, rest) == (code, "leaves\n")


def test_a_sigterm_that_comes_twice_at_once_is_one_and_a_later_one_does_not_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`timeout` sends each signal to its child and again to the child's process group."""
    now, asked, left = [10.0], list[str](), list[int]()
    monkeypatch.setattr(os, "_exit", left.append)
    interrupts = Interrupts(lambda: asked.append("end"), lambda: asked.append("drain"), clock=lambda: now[0])
    interrupts.terminate()
    now[0] += 0.4
    interrupts.terminate()
    assert (asked, left) == (["drain"], [])
    now[0] += 0.6
    interrupts.terminate()
    assert (asked, left) == (["drain"], [TERMINATED_AT_ONCE])


def test_it_says_what_to_press_to_leave_at_once() -> None:
    interrupts = Interrupts(lambda: None)
    assert interrupts.key_to_leave == "Ctrl-C twice"
    interrupts.interrupt()
    assert interrupts.key_to_leave == "Ctrl-C"
