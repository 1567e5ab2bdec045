"""The audit log: one line of JSON for each tool call, added to a file by a thread of its own."""

from __future__ import annotations

import atexit
import hashlib
import hmac
import json
import logging
import os
import secrets
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from agentframework.policy import canonical_json
from agentframework.redaction import Redactor

__all__ = ["AuditLog"]

_log = logging.getLogger("agentframework.audit")
_LONGEST_TEXT: Final = 256
_RETRY: Final = 1.0
_BATCH: Final = 256


class AuditLog:
    """Adds a line for each call to the file at `path`, which is made readable by its owner alone.

    Every method may be called on any thread; none but `check` and `close` waits for the disk. Lines that cannot be
    written wait, `bound` at most, and are tried again each second; those for which there is no room are counted,
    reported in the log, and the file says how many are missing. The thread starts with the first line.
    """

    def __init__(
        self,
        path: Path,
        *,
        redactor: Redactor | None = None,
        bound: int = 10_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._redactor = redactor or Redactor()
        self._bound = bound
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._lost = 0
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self._is_registered = False
        self._is_failing = False
        self._line_is_torn = False
        _logs.add(self)

    def check(self) -> None:
        """Make the file if it is not there; raises OSError where it cannot be written."""
        os.close(self._open())

    def fingerprint(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """What is the same for the same tool and arguments, and tells nothing else of them.

        An HMAC-SHA256 under a key that is drawn when the log is made and kept nowhere: a plain hash of
        `{"pin": "1234"}` could be guessed by trying all pins.
        """
        said = f"{tool}\n{canonical_json(arguments)}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()

    def record(
        self,
        *,
        session_id: str,
        call_id: str,
        tool: str,
        owner: str,
        fingerprint: str,
        decision: str,
        outcome: str,
        duration: float,
    ) -> None:
        """A call has come to its end. `fingerprint` is empty where its arguments were never read."""
        fields = {
            "time": datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds"),
            "session": self._said(session_id),
            "call": self._said(call_id),
            "tool": self._said(tool),
            "owner": self._said(owner),
            "arguments": fingerprint or None,
            "decision": self._said(decision),
            "outcome": outcome,
            "duration": round(duration, 6),
        }
        self._put(_line(fields))

    def close(self, timeout: float = 1.0) -> None:
        """Write what waits, for `timeout` seconds at most. A line that comes later starts the thread anew."""
        with self._changed:
            thread, self._is_closing = self._thread, True
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout)
        with self._changed:
            left = len(self._waiting)
            if self._thread is None:  # nobody will write them any more
                self._lost += left
                self._waiting.clear()
        if left:
            _log.error("the audit log %s is closed without its last lines, %d of them", self._path, left)

    def _forget(self) -> None:
        """In a forked copy of this process: the thread is not there, and what waits is the other one's to write."""
        self._changed = threading.Condition()
        self._waiting.clear()
        self._lost = 0
        self._thread = None

    def _said(self, text: str) -> str:
        """A text that may come from the agent, within bounds and without secrets."""
        return self._redactor.text(text[: 4 * _LONGEST_TEXT])[:_LONGEST_TEXT]

    def _put(self, line: bytes) -> None:
        with self._changed:
            if len(self._waiting) >= self._bound:
                self._lost += 1
                is_first = self._lost == 1
            else:
                is_first = False
                self._waiting.append(line)
            if self._thread is None:
                self._is_closing = False
                self._thread = threading.Thread(
                    target=self._write_all, name="agentframework-audit", daemon=True
                )
                self._thread.start()
                if not self._is_registered:
                    self._is_registered = True
                    atexit.register(self.close)
            self._changed.notify_all()
        if is_first:
            _log.error(
                "the audit log %s cannot keep up; lines are lost, and it will say how many", self._path
            )

    # On the thread

    def _write_all(self) -> None:
        while (batch := self._next_batch()) is not None:
            is_last_try = self._is_closing
            try:
                self._write(batch)
            except OSError as error:
                self._fail(error)
                if is_last_try:
                    with self._changed:
                        self._thread = None
                    return
                with self._changed:
                    self._changed.wait_for(lambda: self._is_closing, _RETRY)
            else:
                self._succeed(batch)

    def _next_batch(self) -> list[bytes] | None:
        """The next lines, which wait on until they are written; None at the end."""
        with self._changed:
            while not self._waiting and not self._is_closing:
                self._changed.wait()
            if not self._waiting:
                self._thread = None
                return None
            return [self._waiting[number] for number in range(min(_BATCH, len(self._waiting)))]

    def _write(self, batch: list[bytes]) -> None:
        descriptor = self._open()
        try:
            rest = (b"\n" if self._line_is_torn else b"") + b"".join(batch)
            while rest:
                written = os.write(descriptor, rest)
                self._line_is_torn = rest[written - 1 : written] != b"\n"
                rest = rest[written:]
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        """Opened for each batch, so that the file may be moved away at any time."""
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def _fail(self, error: OSError) -> None:
        if not self._is_failing:
            _log.error(
                "the audit log %s cannot be written: %s; its lines wait, %d at most",
                self._path,
                error.strerror or type(error).__name__,
                self._bound,
            )
        self._is_failing = True

    def _succeed(self, batch: list[bytes]) -> None:
        if self._is_failing:
            _log.warning("the audit log %s is written again", self._path)
        self._is_failing = False
        with self._changed:
            for _ in batch:
                self._waiting.popleft()
            lost, self._lost = self._lost, 0
            if lost:
                time_ = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
                self._waiting.append(_line({"time": time_, "lost": lost}))
        if lost:
            _log.error("the audit log %s lacks %d lines", self._path, lost)


def _line(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


_logs: weakref.WeakSet[AuditLog] = weakref.WeakSet()


def _forget_all() -> None:
    for log in list(_logs):
        log._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
