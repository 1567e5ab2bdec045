"""The options that several commands have, and how each of them is performed."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agentframework.cli.logs import LogOptions, ShownLog

__all__ = [
    "ConfigArgument",
    "ConfigOption",
    "JsonOption",
    "LogFileOption",
    "VerboseOption",
    "command_words",
    "perform",
]

ConfigArgument = Annotated[Path, typer.Argument(metavar="CONFIG", help="The config file, in TOML.")]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Load what this config says, instead of everything."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
VerboseOption = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        metavar="",
        show_default=False,
        help="Show the log on stderr, with tracebacks; -vv shows more.",
    ),
]
LogFileOption = Annotated[
    Path | None,
    typer.Option("--log-file", metavar="FILE", help="Append the whole log to this file."),
]


def command_words(option: str, written: str) -> tuple[str, ...]:
    """The words of another program's command line, by the quoting of a shell; nothing else of a shell is there."""
    try:
        words = tuple(shlex.split(written))
    except ValueError as error:
        raise typer.BadParameter(f"{option} {written!r}: {str(error).lower()}") from None
    if not words or not words[0]:
        raise typer.BadParameter(f"{option} {written!r}: names no program")
    return words


def perform(work: Callable[[LogOptions, ShownLog], int], verbose: int, log_file: Path | None) -> int:
    """Do a command's work and give its exit code."""
    from agentframework.cli import failures
    from agentframework.cli.logs import LogOptions

    return failures.perform(LogOptions(verbose, log_file), work)
