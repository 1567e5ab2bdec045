"""A coroutine for what has been done already."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from typing import Any

__all__ = ["Done"]


class Done(Coroutine[Any, Any, None]):
    """What a call returns that has done its work when it returns: it may be awaited, and need not be.

    Awaiting it takes no turn of the loop. It may be handed to whatever takes a coroutine (`create_task`,
    `run_coroutine_threadsafe`, `asyncio.run`), on any thread.
    """

    def send(self, value: Any, /) -> Any:
        """Nothing is left to run."""
        raise StopIteration

    def throw(self, error: Any, value: Any = None, trace: Any = None, /) -> Any:
        """Nothing is left that could catch it."""
        raise error if isinstance(error, BaseException) else error(value)

    def close(self) -> None:
        """Nothing is open."""

    def __await__(self) -> Iterator[Any]:  # type: ignore[override]  # an iterator is all that `await` needs
        return iter(())
