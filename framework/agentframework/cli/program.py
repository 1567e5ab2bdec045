"""The commands and their options; what each does is imported when it is called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from agentframework.cli.audiogroup import audio
from agentframework.cli.parameters import (
    ConfigArgument,
    ConfigOption,
    JsonOption,
    LogFileOption,
    VerboseOption,
    command_words,
    perform,
)
from agentframework.cli.toolgroup import tools

if TYPE_CHECKING:
    from agentframework.cli.logs import LogOptions, ShownLog

__all__ = ["program", "run_program"]

_NAME: Final = "agentframework"

program = typer.Typer(
    name=_NAME,
    help="Host client tools for real-time voice and chat agents.",
    epilog="Exit codes: 0 fine, 1 the conversation failed, 2 something here is to be corrected.",
    add_completion=False,
    rich_markup_mode=None,  # the help of rich takes as long to import as all the rest
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)

program.add_typer(tools, name="tools")
program.add_typer(audio, name="audio")


def run_program(arguments: Sequence[str]) -> int:
    """Run a command line and give its exit code. A user's mistake is told on stderr and raises nothing."""
    command = typer.main.get_command(program)
    try:
        code = command.main(list(arguments), prog_name=_NAME, standalone_mode=False)
    except typer.TyperException as error:
        from agentframework.cli.failures import tell_usage

        context = getattr(error, "ctx", None)
        return tell_usage(error.format_message(), context.command_path if context is not None else _NAME)
    return code if isinstance(code, int) else 0


def _print_version(wanted: bool) -> None:
    if wanted:
        from agentframework import __version__

        typer.echo(f"{_NAME} {__version__}")
        raise typer.Exit


@program.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> int:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
    return 2


@program.command()
def run(config: ConfigArgument, verbose: VerboseOption = 0, log_file: LogFileOption = None) -> int:
    """Hold a conversation and host the tools that plugins bring.

    On a terminal you type at the bottom; Ctrl-D, Ctrl-C or "bye" end the conversation. Lines from a pipe or a
    file are sent one by one, each when the agent's turn is over.
    """

    def work(options: LogOptions, shown: ShownLog) -> int:
        from agentframework.cli.run import run

        return run(config, options, shown)

    return perform(work, verbose, log_file)


@program.command()
def check(
    config: ConfigArgument,
    as_json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_file: LogFileOption = None,
) -> int:
    """Say all that is wrong with a config and its plugins."""

    def work(options: LogOptions, shown: ShownLog) -> int:
        from agentframework.cli.check import check

        return check(config, shown, as_json=as_json)

    return perform(work, verbose, log_file)


@program.command()
def plugins(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_file: LogFileOption = None,
) -> int:
    """List the installed plugins, what each brings, and what failed."""

    def work(options: LogOptions, shown: ShownLog) -> int:
        from agentframework.cli.listing import list_plugins

        return list_plugins(config, shown, as_json=as_json)

    return perform(work, verbose, log_file)


@program.command()
def local_agent(
    host: Annotated[str, typer.Option(metavar="HOST", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="The port; 0 takes a free one.")
    ] = 0,
    script: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What the agent says and does, in TOML; it chats otherwise."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse what it would only warn of.")] = False,
    voice: Annotated[
        str,
        typer.Option(
            metavar="VOICE",
            help='How it speaks: "auto" (by espeak-ng where that is installed), "tone", "none", or a command.',
        ),
    ] = "auto",
    transcribe: Annotated[
        str, typer.Option(metavar="COMMAND", help="Understands speech: reads a WAV file, prints the words.")
    ] = "",
    verbose: VerboseOption = 0,
    log_file: LogFileOption = None,
) -> int:
    """Serve the local agent to any client, until Ctrl-C.

    The first line of its output is "listening on ws://HOST:PORT".
    """
    speaks = voice if voice in ("auto", "tone", "none") else command_words("--voice", voice)
    hears = command_words("--transcribe", transcribe) if transcribe else ()

    def work(options: LogOptions, shown: ShownLog) -> int:
        from agentframework.cli.serve import serve

        return serve(host, port, script, strict=strict, voice=speaks, transcribe=hears)

    return perform(work, verbose, log_file)
