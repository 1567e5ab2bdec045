"""A machine that stood still is known to have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from steadiness import STALLED, Stall, Steadiness

HELD_UP = 0.1


@pytest.fixture
def steadiness() -> Iterator[Steadiness]:
    watch = Steadiness()
    yield watch
    watch.stop()


def hold_up(watcher: int) -> None:
    """Let a process that watches stand still."""
    os.kill(watcher, signal.SIGSTOP)
    time.sleep(HELD_UP)  # is what is measured
    os.kill(watcher, signal.SIGCONT)


def longest(stalls: list[Stall]) -> Stall:
    """A busy machine may have made others."""
    return max(stalls, key=lambda stall: stall.ends - stall.begins)


def test_a_time_in_which_the_machine_stood_still_is_noticed_on_each_processor(
    steadiness: Steadiness,
) -> None:
    steadiness.begin()
    for watcher in steadiness.watchers:
        steadiness.begin()
        began = time.monotonic()
        hold_up(watcher)
        stall = longest(steadiness.stalls())
        assert stall.ends - stall.begins > HELD_UP - 0.01
        assert began < stall.ends < time.monotonic()


def test_what_was_before_does_not_count(steadiness: Steadiness) -> None:
    steadiness.begin()
    hold_up(steadiness.watchers[0])
    held_up = steadiness.stalls()
    assert held_up
    steadiness.begin()
    assert not set(held_up) & set(steadiness.stalls())


def test_its_processes_end_with_it(steadiness: Steadiness) -> None:
    steadiness.begin()
    watchers = steadiness.watchers
    assert watchers
    steadiness.stop()
    for watcher in watchers:
        with pytest.raises(ProcessLookupError):
            os.kill(watcher, 0)


@pytest.mark.parametrize(("stands_still", "failed"), [(True, 0), (False, 1)])
def test_a_test_of_sound_is_repeated_only_where_the_machine_stood_still(
    tmp_path: Path, stands_still: bool, failed: int
) -> None:
    """One that fails the first time only, run as this suite's are."""
    tests = Path(__file__).parent
    (tmp_path / "test_it.py").write_text(
        textwrap.dedent(f"""
            import os, signal, time
            from pathlib import Path
            import pytest
            import conftest

            conftest.steadiness.stalled = {HELD_UP / 2 if stands_still else 3600.0}

            @pytest.mark.sound
            def test_it():
                if {stands_still}:
                    os.kill(conftest.steadiness.watchers[0], signal.SIGSTOP)
                    time.sleep({HELD_UP})
                    os.kill(conftest.steadiness.watchers[0], signal.SIGCONT)
                before = Path({str(tmp_path / "before")!r})
                is_first = not before.exists()
                before.touch()
                assert not is_first
        """)
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    sound\n    soak\n    needs_system\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conftest", "-ra", "-p", "no:cacheprovider", "test_it.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (tests, tests.parent / "scripts")))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == failed, done.stdout
    assert ("the machine stood still" in done.stdout) == stands_still
    assert ("1 rerun" in done.stdout) == stands_still


def test_what_counts_as_standing_still_would_tear_sound() -> None:
    assert STALLED < 0.02  # a device's block
