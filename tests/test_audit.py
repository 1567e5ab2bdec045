"""The audit log: what a line says, who may read it, and what happens where it cannot be written."""

from __future__ import annotations

import errno
import json
import logging
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from agentframework.audit import AuditLog
from agentframework.redaction import Redactor


def record(log: AuditLog, call_id: str = "c1", **changes: Any) -> None:
    said: dict[str, Any] = {
        "session_id": "s1",
        "call_id": call_id,
        "tool": "pay",
        "owner": "shop",
        "fingerprint": "ab",
        "decision": "allowed",
        "outcome": "ok",
        "duration": 0.25,
    }
    log.record(**(said | changes))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def test_a_line_says_what_became_of_a_call(path: Path) -> None:
    log = AuditLog(path, clock=lambda: 1_800_000_000.5)
    record(log)
    record(log, "c2", fingerprint="", decision="policy.deny[0]", outcome="denied", duration=0)
    log.close()
    assert lines(path) == [
        {
            "time": "2027-01-15T08:00:00.500+00:00",
            "session": "s1",
            "call": "c1",
            "tool": "pay",
            "owner": "shop",
            "arguments": "ab",
            "decision": "allowed",
            "outcome": "ok",
            "duration": 0.25,
        },
        {
            "time": "2027-01-15T08:00:00.500+00:00",
            "session": "s1",
            "call": "c2",
            "tool": "pay",
            "owner": "shop",
            "arguments": None,
            "decision": "policy.deny[0]",
            "outcome": "denied",
            "duration": 0,
        },
    ]


def test_only_its_owner_can_read_it(path: Path) -> None:
    AuditLog(path).check()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_lines_are_added_to_what_is_there(path: Path) -> None:
    for number in range(3):
        log = AuditLog(path)
        record(log, f"c{number}")
        log.close()
    assert [line["call"] for line in lines(path)] == ["c0", "c1", "c2"]


def test_the_file_may_be_moved_away(path: Path) -> None:
    log = AuditLog(path)
    record(log, "c1")
    log.close()
    path.rename(path.with_suffix(".old"))
    record(log, "c2")
    log.close()
    assert [line["call"] for line in lines(path)] == ["c2"]


def test_a_fingerprint_is_the_same_for_the_same_arguments_and_cannot_be_guessed(path: Path) -> None:
    log, other = AuditLog(path), AuditLog(path)
    said = log.fingerprint("unlock", {"pin": "1234", "door": 1})
    assert said == log.fingerprint("unlock", {"door": 1.0, "pin": "1234"})
    assert said != log.fingerprint("unlock", {"pin": "1235", "door": 1})
    assert said != log.fingerprint("lock", {"pin": "1234", "door": 1})
    assert said != other.fingerprint("unlock", {"pin": "1234", "door": 1})


def test_what_the_agent_sends_breaks_no_line_and_is_cut(path: Path) -> None:
    log = AuditLog(path)
    record(log, 'x\n{"call": "forged"}\x1b[2J\u202e\ud800', tool="t" * 10_000)
    log.close()
    (line,) = lines(path)
    assert path.read_bytes().isascii()
    assert len(line["tool"]) == 256


def test_secrets_do_not_stand_in_it(path: Path) -> None:
    log = AuditLog(path, redactor=Redactor(["canary-secret"]))
    record(log, "canary-secret", tool="canary-secret", session_id="x canary-secret y")
    log.close()
    assert "canary" not in path.read_text()


def test_lines_of_many_threads_all_come(path: Path) -> None:
    log = AuditLog(path)
    ready = threading.Barrier(8)

    def write(number: int) -> None:
        ready.wait()
        for call in range(200):
            record(log, f"{number}/{call}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close(10.0)
    said = [line["call"] for line in lines(path)]
    assert sorted(said) == sorted(f"{number}/{call}" for number in range(8) for call in range(200))
    assert [one for one in said if one.startswith("3/")] == [f"3/{call}" for call in range(200)]


def test_nothing_starts_before_the_first_line(path: Path) -> None:
    before = threading.enumerate()
    log = AuditLog(path)
    log.fingerprint("pay", {})
    log.close()
    assert threading.enumerate() == before
    assert not path.exists()


class Disk:
    """Stands before `os.write`; while it is full only so many bytes find room."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int = 0) -> None:
        self.room = room
        self.is_full = True
        self.refused = threading.Event()
        self._write = os.write
        monkeypatch.setattr("agentframework.audit.os.write", self)
        monkeypatch.setattr("agentframework.audit._RETRY", 0.01)

    def __call__(self, descriptor: int, data: bytes) -> int:
        if not self.is_full:
            return self._write(descriptor, data)
        if self.room == 0:
            self.refused.set()
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._write(descriptor, data[: self.room])
        self.room -= written
        return written


def test_a_full_disk_is_said_once_and_nothing_is_lost_where_it_is_mended(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    disk, log = Disk(monkeypatch), AuditLog(path)
    for number in range(5):
        record(log, f"c{number}")
        assert disk.refused.wait(10)
        disk.refused.clear()
    disk.is_full = False
    log.close(10.0)
    assert [line["call"] for line in lines(path)] == [f"c{number}" for number in range(5)]
    assert [entry.levelname for entry in caplog.records] == ["ERROR", "WARNING"]
    assert "No space left on device" in caplog.text


def test_a_line_that_was_torn_does_not_spoil_the_next(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, log = Disk(monkeypatch, room=10), AuditLog(path)
    record(log)
    assert disk.refused.wait(10)
    disk.is_full = False
    log.close(10.0)
    torn, whole = path.read_text().splitlines()
    assert len(torn) == 10
    assert json.loads(whole)["call"] == "c1"


def test_what_finds_no_room_is_counted_and_said(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    disk, log = Disk(monkeypatch), AuditLog(path, bound=3)
    for number in range(10):
        record(log, f"c{number}")
    assert disk.refused.wait(10)
    disk.is_full = False
    log.close(10.0)
    *calls, last = lines(path)
    assert [line["call"] for line in calls] == ["c0", "c1", "c2"]
    assert last["lost"] == 7
    assert sum("lines are lost" in entry.message for entry in caplog.records) == 1
    assert "lacks 7 lines" in caplog.text


def test_a_log_that_cannot_be_closed_in_order_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    disk, log = Disk(monkeypatch), AuditLog(path)
    record(log)
    log.close(10.0)
    assert "closed without its last lines, 1 of them" in caplog.text
    assert caplog.records[-1].levelno == logging.ERROR
    disk.is_full = False
    record(log, "c2")
    log.close(10.0)
    assert [line.get("call", line.get("lost")) for line in lines(path)] == ["c2", 1]


def test_a_folder_that_is_not_there_is_said_by_the_check(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        AuditLog(tmp_path / "nowhere" / "audit.jsonl").check()


def test_what_waits_is_written_at_the_exit_of_the_process(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from agentframework.audit import AuditLog\n"
        "log = AuditLog(Path(sys.argv[1]))\n"
        "for number in range(500): log.record(session_id='s', call_id=str(number), tool='t', owner='o',"
        " fingerprint='', decision='allowed', outcome='ok', duration=0.0)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=20)
    assert len(lines(path)) == 500


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_copy_of_the_process_writes_its_own_lines(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from agentframework.audit import AuditLog

def say(call):
    texts = dict(session_id="s", tool="t", owner="", fingerprint="", decision="", outcome="ok")
    log.record(call_id=call, duration=0, **texts)

log = AuditLog(Path(sys.argv[1]))
say("before")
log.close()
say("open")
child = os.fork()
say("child" if child == 0 else "parent")
log.close()
if child:
    os.waitpid(child, 0)
else:
    os._exit(0)
"""
    path = tmp_path / "audit.jsonl"
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=60)
    calls = sorted(json.loads(line)["call"] for line in path.read_text().splitlines())
    assert calls == ["before", "child", "open", "parent"]
