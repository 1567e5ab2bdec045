"""Where the log of `agentframework.*` goes while a command runs; the root logger is nobody's business here."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agentframework.errors import AgentFrameworkError, PluginError
from agentframework.redaction import RedactingFilter, Redactor

__all__ = ["LogOptions", "ShownLog", "logging_to"]

_LEVELS: Final = {0: logging.WARNING, 1: logging.INFO}
_FILE_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s [%(threadName)s] %(message)s"


@dataclass(frozen=True, slots=True)
class LogOptions:
    """`verbosity` is the number of `-v`; `file` takes everything, whatever the verbosity."""

    verbosity: int = 0
    file: Path | None = None

    @property
    def traceback_hint(self) -> str:
        """Where to find a traceback that is not shown; empty where it is shown or written."""
        if self.verbosity or self.file is not None:
            return ""
        return "run again with -v to see the traceback, or with --log-file FILE to keep it"


Sink = Callable[[int, str], None]
"""Takes a line of the log that a user is shown without asking: its level and its text."""


class ShownLog(logging.Handler):
    """Shows the log on standard error, or hands it to `sink`.

    Without `-v` only warnings and errors are shown, one line each and without tracebacks. Those of a tool or a
    plugin that failed are left out: the commands tell of them in their own words. `sink` may be called on any
    thread. What `redactor` is told is secret is in no log, that of a file included.
    """

    def __init__(self, verbosity: int) -> None:
        super().__init__(_LEVELS.get(verbosity, logging.DEBUG))
        self._brief = verbosity == 0
        self.redactor = Redactor()
        self.sink: Sink = _print
        self.addFilter(RedactingFilter(self.redactor))
        if not self._brief:
            self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    @contextmanager
    def handed_to(self, sink: Sink) -> Iterator[None]:
        """Within it the lines go to `sink`, and then again to standard error."""
        self.sink = sink
        try:
            yield
        finally:
            self.sink = _print

    def warn(self, text: str) -> None:
        """Show a warning that is in no log."""
        self.sink(logging.WARNING, text)

    def emit(self, record: logging.LogRecord) -> None:
        if not self._brief:
            print(self.format(record), file=sys.stderr, flush=True)  # noqa: T201 - that is what -v asks for
        elif not _is_told_otherwise(record):
            self.sink(record.levelno, record.getMessage())


def _is_told_otherwise(record: logging.LogRecord) -> bool:
    if record.name == "agentframework.tools":
        return bool(record.exc_info)
    return isinstance(record.args, tuple) and any(isinstance(arg, PluginError) for arg in record.args)


def _print(level: int, text: str) -> None:
    label = "error" if level >= logging.ERROR else "warning"
    print(f"{label}: {text}", file=sys.stderr, flush=True)  # noqa: T201 - where else would a warning go


def _written_log(file: Path, redactor: Redactor) -> logging.Handler:
    try:
        written = logging.FileHandler(file, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise AgentFrameworkError(f"the log cannot be written to {file}: {error.strerror}") from error
    written.setFormatter(logging.Formatter(_FILE_FORMAT))
    written.addFilter(RedactingFilter(redactor))
    return written


@contextmanager
def logging_to(options: LogOptions) -> Iterator[ShownLog]:
    """Show the log of `agentframework.*` as the options say, and no longer than the context lasts.

    Raises `AgentFrameworkError` where the file cannot be written.
    """
    logger = logging.getLogger("agentframework")
    shown = ShownLog(options.verbosity)
    handlers: list[logging.Handler] = [shown]
    if options.file is not None:
        handlers.append(_written_log(options.file, shown.redactor))
    before = logger.level, logger.propagate
    logger.propagate = False
    logger.setLevel(logging.DEBUG if options.file is not None else shown.level)
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield shown
    finally:
        logger.setLevel(before[0])
        logger.propagate = before[1]
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
