"""The line that the user edits at the bottom of a terminal, with the conversation above it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TextIO, cast

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.keys import Keys
from prompt_toolkit.patch_stdout import StdoutProxy

from agentframework.cli.lines import LineSource
from agentframework.cli.terminal import LABEL_WIDTH

__all__ = ["Editor", "above_the_line"]

if sys.platform != "win32":  # there the console forgets with the process how it was set
    import termios

_REFRESH: Final = 0.5
_AS_IT_WAS: Final = b"\x1b[?2004l\x1b[?25h\r\n"  # no bracketed paste, the cursor shown, a line of its own
_BETWEEN_WRITES: Final = 0.02


class Editor(LineSource):
    """Gives the lines that are typed; runs as a task of the running loop, on the main thread.

    A line that was given is erased: whoever takes it shows it. `status` is shown above the line, and what
    `microphone` says at its beginning. Lines without a word are given only with `gives_empty`. Ctrl-D on an
    empty line is the end of the input; with Ctrl-C the editing ends.
    """

    def __init__(self, status: Callable[[], str]) -> None:
        self.gives_empty = False
        self.microphone: Callable[[], str] = lambda: ""
        self._status = status
        self._session: PromptSession[str] = PromptSession(
            erase_when_done=True, reserve_space_for_menu=0, refresh_interval=_REFRESH
        )
        self._stopped = False
        self._seconds_left: Callable[[], float] | None = None
        self._kept = ""
        self._task: asyncio.Task[None] | None = None
        self._terminal: tuple[int, list[Any]] | None = None

    def start(self, give: Callable[[str | None], None], interrupt: Callable[[], None]) -> None:
        self._terminal = _settings_of_terminal()
        self._task = asyncio.get_running_loop().create_task(self._edit(give, interrupt))

    def ask(self, seconds_left: Callable[[], float] | None) -> None:
        """What is being typed is put aside while a question is open: it was not meant as its answer."""
        buffer = self._session.default_buffer
        if seconds_left is not None and self._seconds_left is None:
            self._kept = buffer.text
            buffer.reset()
        elif seconds_left is None and self._seconds_left is not None:
            self._kept, kept = "", self._kept
            buffer.reset()
            buffer.insert_text(kept)
        self._seconds_left = seconds_left
        self.refresh()

    def more(self) -> None:
        """Nothing to do: the user may type whenever they like."""

    def stop(self) -> None:
        self._stopped = True
        if self._session.app.is_running and not self._session.app.is_done:
            self._session.app.exit(result="")

    async def stopped(self) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])

    def abandon(self) -> None:
        """Put the terminal back as it was found; with calls of the system alone, as this may happen anywhere."""
        if sys.platform != "win32" and self._terminal is not None:
            descriptor, settings = self._terminal
            with suppress(OSError, termios.error):
                termios.tcsetattr(descriptor, termios.TCSANOW, settings)
                os.write(descriptor, _AS_IT_WAS)

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
                if any(typed.key == Keys.ControlC for typed in get_typeahead(self._session.app.input)):
                    interrupt()  # twice at once: the second came while the first was dealt with
                return
            wanted = line.strip() or self.gives_empty or self._seconds_left is not None
            if wanted and not self._stopped:
                give(line.strip())

    def _message(self) -> StyleAndTextTuples:
        if self._seconds_left is not None:
            seconds = max(int(self._seconds_left()), 0)
            return [("", "\n"), ("bold fg:ansiyellow", f"y or n, {seconds} s: ")]
        status = self._status()
        label = f"{'tool':{LABEL_WIDTH}}"
        working: StyleAndTextTuples = [("fg:ansiyellow", label), ("", f"{status}\n")] if status else []
        microphone = self.microphone()
        switched: StyleAndTextTuples = [("fg:ansired", f"{microphone} ")] if microphone else []
        return [*working, ("", "\n"), ("bold fg:ansicyan", f"{'you':{LABEL_WIDTH}}"), *switched]


def _settings_of_terminal() -> tuple[int, list[Any]] | None:
    """The descriptor of the terminal that is typed on, and how it is set."""
    if sys.platform != "win32" and sys.stdin is not None:
        with suppress(OSError, ValueError, termios.error):
            descriptor = sys.stdin.fileno()
            return descriptor, termios.tcgetattr(descriptor)
    return None


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
