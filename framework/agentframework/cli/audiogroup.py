"""The commands below `agentframework audio`; what each does is imported when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentframework.cli.parameters import ConfigOption, JsonOption, LogFileOption, VerboseOption, perform

if TYPE_CHECKING:
    from agentframework.cli.logs import LogOptions, ShownLog

__all__ = ["audio"]

audio = typer.Typer(rich_markup_mode=None, add_completion=False)

BackendOption = Annotated[
    str | None,
    typer.Option("--backend", metavar="NAME", help="The audio backend; by default that of the config."),
]


@audio.callback(invoke_without_command=True)
def _help(context: typer.Context) -> int:
    """Look at microphones and speakers."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
    return 2


@audio.command("list")
def list_(
    config: ConfigOption = None,
    backend: BackendOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_file: LogFileOption = None,
) -> int:
    """List the devices that the installed audio backends can open.

    Opens none of them.
    """

    def work(options: LogOptions, shown: ShownLog) -> int:
        from agentframework.cli.devices import list_devices

        return list_devices(config, backend, shown, as_json=as_json)

    return perform(work, verbose, log_file)


@audio.command("test")
def try_(
    config: ConfigOption = None,
    backend: BackendOption = None,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="N", min=1.0, max=3600.0, help="How long to listen.")
    ] = 5.0,
    no_tone: Annotated[bool, typer.Option("--no-tone", help="Play no beeps.")] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_file: LogFileOption = None,
) -> int:
    """Try microphone and speaker, without an agent.

    Shows how loud the microphone is, plays a few beeps, and says whether and how late the microphone heard them. The
    exit code is 2 where a device is dead. Ctrl-C ends it early.
    """

    def work(options: LogOptions, shown: ShownLog) -> int:
        from agentframework.cli.audiotest import try_audio

        return try_audio(config, backend, shown, seconds=seconds, beeps=not no_tone, as_json=as_json)

    return perform(work, verbose, log_file)
