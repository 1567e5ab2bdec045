"""Where the user's lines come from: a pipe, a file, or whatever stands behind a descriptor."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Final

__all__ = ["LineSource", "PipeLines"]

_CHUNK_BYTES: Final = 65536
_LONGEST_LINE_BYTES: Final = 1 << 20


class LineSource(ABC):
    """Gives lines to a function, and None at the end of the input; neither comes after `stop`.

    `microphone` says a word about it to whoever types, where that can be shown.
    """

    microphone: Callable[[], str]

    @abstractmethod
    def start(self, give: Callable[[str | None], None], interrupt: Callable[[], None]) -> None:
        """Begin: the first line may come. `give` is called on any thread, `interrupt` for a Ctrl-C that is a key."""

    @abstractmethod
    def ask(self, seconds_left: Callable[[], float] | None) -> None:
        """The next line is the answer to a question, for so long; None: it is not any more. Shows it, if it can."""

    @abstractmethod
    def more(self) -> None:
        """The line before was dealt with, the next one may come."""

    @abstractmethod
    def stop(self) -> None:
        """No more lines are wanted. Idempotent; does not wait."""

    @abstractmethod
    async def stopped(self) -> None:
        """Wait, after `stop`, until what was shown for typing is gone."""

    @abstractmethod
    def abandon(self) -> None:
        """The process ends in this moment: leave what is outside of it as it was. Called between any two steps."""


class PipeLines(LineSource):
    """Reads a descriptor on a daemon thread, one line ahead at most; blank lines are left out.

    What is no UTF-8 becomes U+FFFD. A line of more than a MiB comes in pieces. Read with `os.read`: a thread
    that waits inside `sys.stdin` would hold a lock that the interpreter needs for its end.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._wanted = threading.Semaphore(1)
        self._stopped = False

    def start(self, give: Callable[[str | None], None], interrupt: Callable[[], None]) -> None:
        threading.Thread(target=self._read, args=(give,), name="agentframework-input", daemon=True).start()

    def ask(self, seconds_left: Callable[[], float] | None) -> None:
        """Nothing: nobody sits behind a pipe, so nobody is asked there."""

    def more(self) -> None:
        self._wanted.release()

    def stop(self) -> None:
        self._stopped = True
        self._wanted.release()

    async def stopped(self) -> None:
        """Nothing was shown; a thread that waits for input is left behind."""

    def abandon(self) -> None:
        """A pipe is left as it is."""

    def _read(self, give: Callable[[str | None], None]) -> None:
        for line in self._lines():
            text = line.decode(errors="replace").strip()
            if not text:
                continue
            self._wanted.acquire()
            if self._stopped:
                return
            give(text)
        self._wanted.acquire()
        if not self._stopped:
            give(None)

    def _lines(self) -> Iterator[bytes]:
        if self._descriptor is None:
            return
        rest = b""
        while chunk := self._next_chunk():
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
            if len(rest) > _LONGEST_LINE_BYTES:
                yield rest
                rest = b""
        yield rest

    def _next_chunk(self) -> bytes:
        assert self._descriptor is not None
        try:
            return os.read(self._descriptor, _CHUNK_BYTES)
        except OSError:
            return b""  # a terminal that hung up has no more lines either
