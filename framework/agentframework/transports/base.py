"""What the engine needs of a transport, and how one says that it is closed or could not be opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

__all__ = ["Transport", "TransportClosedError", "TransportRefusedError"]


class TransportClosedError(Exception):
    """The transport is closed; 1006 is the code where no close frame came (protocol 1.8).

    `age` is how many seconds ago the peer's close came.
    """

    def __init__(self, code: int, reason: str, *, problem: str = "", age: float = 0.0) -> None:
        super().__init__(code, reason, problem)
        self.code = code
        self.reason = reason
        self.problem = problem
        self.age = age

    def __str__(self) -> str:
        said = f"{self.code} {self.reason}".strip()
        return f"the connection was closed ({said})" + (f": {self.problem}" if self.problem else "")


class TransportRefusedError(Exception):
    """The transport could not be opened; `status` is the HTTP status where there was one.

    `place` is the address without query and credentials; it may be printed. `is_lasting` where another moment
    would change nothing: the address is none, the certificate is not trusted.
    """

    def __init__(
        self, place: str, problem: str, *, status: int | None = None, is_lasting: bool = False
    ) -> None:
        super().__init__(place, problem, status)
        self.place = place
        self.problem = problem
        self.status = status
        self.is_lasting = is_lasting

    def __str__(self) -> str:
        return f"cannot connect to {self.place}: {self.problem}"


class Transport(Protocol):
    """Carries text frames both ways, on the loop where it was opened."""

    async def receive(self) -> str | bytes:
        """The next frame. Raises `TransportClosedError` when no more will come."""

    def listen(self, sink: Callable[[str], None] | None) -> None:
        """Have `sink` called with frames as they come, in their place among those that `receive` gives.

        A transport may do so with any of them, or none; `receive` must be awaited all the same. `sink` must not
        raise. None ends it.
        """

    async def send(self, frame: str) -> None:
        """Send one frame; waits while the peer does not read. Raises `TransportClosedError`."""

    @property
    def is_free(self) -> bool:
        """Whether a frame can be sent without waiting: it is open, and the peer reads."""

    def send_now(self, frames: Iterable[str]) -> None:
        """Send a few frames in one go, where `is_free`."""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye and close; never raises, and takes as long as the caller lets it."""

    def abort(self) -> None:
        """Drop the connection without a goodbye; nothing where it is closed already."""
