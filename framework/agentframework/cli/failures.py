"""What a user is told when something fails, and the exit code that says whose turn it is to mend it."""

from __future__ import annotations

import shutil
import sys
import textwrap
import traceback
from collections.abc import Callable
from typing import Final

from agentframework.cli.logs import LogOptions, ShownLog, logging_to
from agentframework.cli.phrases import harmless
from agentframework.cli.streams import prepare_streams, silence_stdout
from agentframework.errors import AgentFrameworkError, ConfigError, RestError, SessionError

__all__ = [
    "CONVERSATION_FAILED",
    "FINE",
    "INTERNAL_ERROR",
    "TO_BE_CORRECTED",
    "perform",
    "tell",
    "tell_usage",
]

FINE: Final = 0
CONVERSATION_FAILED: Final = 1
"""The network or the agent's side: an error end, a refusal, a key or an agent that is not known there."""

TO_BE_CORRECTED: Final = 2
"""Something here: the command line, the config, a plugin that the config requires, a script."""

INTERNAL_ERROR: Final = 70
_NARROWEST: Final = 20


def perform(options: LogOptions, work: Callable[[LogOptions, ShownLog], int]) -> int:
    """Do a command's work and give its exit code; what it raises is told on stderr, without a traceback.

    With `-v` the traceback of an error that nobody foresaw follows. A reader that has left is no error.
    """
    prepare_streams()
    try:
        with logging_to(options) as shown:
            code = work(options, shown)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()
        return FINE
    except AgentFrameworkError as error:
        return tell(error)
    except OSError as error:
        # files and streams are the user's; what the network does is an error of ours by now
        silence_stdout()
        say(f"error: {error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
        return TO_BE_CORRECTED
    except Exception as error:  # noqa: BLE001 - a user is not shown a traceback, whatever happened
        return _tell_bug(error, options)
    return code


def tell(error: AgentFrameworkError) -> int:
    """Say on stderr what was wrong, and give the exit code for it."""
    if isinstance(error, ConfigError):
        say(str(error))
    else:
        say(f"error: {error}")
    return CONVERSATION_FAILED if isinstance(error, SessionError | RestError) else TO_BE_CORRECTED


def tell_usage(message: str, command: str) -> int:
    """Say on stderr that the command line is wrong, and where the right one is described."""
    say(f"error: {message.strip()}\nsee {command} --help")
    return TO_BE_CORRECTED


def say(text: str) -> None:
    """Write lines to stderr; on a terminal they are wrapped between words."""
    for line in harmless(text).split("\n"):
        print(_wrapped(line), file=sys.stderr, flush=True)  # noqa: T201 - the one place that speaks for all commands


def _wrapped(line: str) -> str:
    if not sys.stderr.isatty():
        return line
    width = max(shutil.get_terminal_size().columns, _NARROWEST)
    return textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)


def _tell_bug(error: Exception, options: LogOptions) -> int:
    said = " ".join(str(error).split())
    say(f"error: {type(error).__name__}: {said}" if said else f"error: {type(error).__name__}")
    if options.verbosity:
        traceback.print_exception(error)
    else:
        say("this is a bug in agentframework; run with -v for the traceback")
    return INTERNAL_ERROR
