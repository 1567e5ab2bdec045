"""The first Ctrl-C asks for an end, the second one does not ask."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from agentframework.cli.interrupts import LEFT_AT_ONCE, Interrupts

PACKAGES = str(Path(__file__).parents[2] / "framework")
HELD_UP = """
import os, signal
from agentframework.cli.interrupts import Interrupts
interrupts = Interrupts(lambda: os.write(1, b"asked\\n"))
with interrupts.caught():
    print("ready", flush=True)
    while True:
        signal.pause()
"""


def test_a_signal_asks_for_an_end_and_then_means_what_it_meant_before() -> None:
    asked: list[str] = []
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interrupts(lambda: asked.append("end")).caught():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
    assert asked == ["end"] * 3
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_the_second_interrupt_ends_the_process_here_and_now() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HELD_UP],
        env={**os.environ, "PYTHONPATH": PACKAGES},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "asked\n"
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=10)
    assert (process.returncode, rest) == (LEFT_AT_ONCE, "")


def test_it_says_what_to_press_to_leave_at_once() -> None:
    interrupts = Interrupts(lambda: None)
    assert interrupts.key_to_leave == "Ctrl-C twice"
    interrupts.interrupt()
    assert interrupts.key_to_leave == "Ctrl-C"
