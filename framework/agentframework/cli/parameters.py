"""The options that several commands have, and how each of them is performed."""

from __future__ import annotations

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


def perform(work: Callable[[LogOptions, ShownLog], int], verbose: int, log_file: Path | None) -> int:
    """Do a command's work and give its exit code."""
    from agentframework.cli import failures
    from agentframework.cli.logs import LogOptions

    return failures.perform(LogOptions(verbose, log_file), work)
