"""The line that the user edits at the bottom of a terminal, with the conversation above it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO, cast

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.patch_stdout import StdoutProxy

from agentframework.cli.lines import LineSource
from agentframework.cli.terminal import LABEL_WIDTH

__all__ = ["Editor", "above_the_line"]

_REFRESH: Final = 0.5
_BETWEEN_WRITES: Final = 0.02


class Editor(LineSource):
    """Gives the lines that are typed; runs as a task of the running loop, on the main thread.

    A line that was given is erased: whoever takes it shows it. `status` is shown above the line. Ctrl-D on an
    empty line is the end of the input; with Ctrl-C the editing ends.
    """

    def __init__(self, status: Callable[[], str]) -> None:
        self._status = status
        self._session: PromptSession[str] = PromptSession(
            erase_when_done=True, reserve_space_for_menu=0, refresh_interval=_REFRESH
        )
        self._stopped = False
        self._task: asyncio.Task[None] | None = None

    def start(self, give: Callable[[str | None], None], interrupt: Callable[[], None]) -> None:
        self._task = asyncio.get_running_loop().create_task(self._edit(give, interrupt))

    def more(self) -> None:
        """Nothing to do: the user may type whenever they like."""

    def stop(self) -> None:
        self._stopped = True
        if self._session.app.is_running and not self._session.app.is_done:
            self._session.app.exit(result="")

    async def stopped(self) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])

    def refresh(self) -> None:
        """The status has changed."""
        self._session.app.invalidate()

    async def _edit(self, give: Callable[[str | None], None], interrupt: Callable[[], None]) -> None:
        while not self._stopped:
            try:
                line = await self._session.prompt_async(self._message, handle_sigint=False)
            except EOFError:
                give(None)
                return
            except KeyboardInterrupt:
                interrupt()
                return
            if line.strip() and not self._stopped:
                give(line.strip())

    def _message(self) -> StyleAndTextTuples:
        status = self._status()
        label = f"{'tool':{LABEL_WIDTH}}"
        working: StyleAndTextTuples = [("fg:ansiyellow", label), ("", f"{status}\n")] if status else []
        return [*working, ("", "\n"), ("bold fg:ansicyan", f"{'you':{LABEL_WIDTH}}")]


@contextmanager
def above_the_line() -> Iterator[TextIO]:
    """Let everything that is printed meanwhile, by whomever, appear above the line that is edited.

    Gives the stream to write to. `sys.stderr` keeps its way where it goes elsewhere than to the terminal.
    """
    out, errors = sys.stdout, sys.stderr
    with StdoutProxy(raw=True, sleep_between_writes=_BETWEEN_WRITES) as proxy:
        stream = cast(TextIO, proxy)
        sys.stdout = stream
        if errors is not None and errors.isatty():
            sys.stderr = stream
        try:
            yield stream
        finally:
            sys.stdout, sys.stderr = out, errors
