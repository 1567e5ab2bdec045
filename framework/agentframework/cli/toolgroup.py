"""The commands below `agentframework tools`; what each does is imported when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentframework.cli.parameters import ConfigOption, JsonOption, LogFileOption, VerboseOption, perform

if TYPE_CHECKING:
    from agentframework.cli.logs import LogOptions, ShownLog

__all__ = ["tools"]

tools = typer.Typer(rich_markup_mode=None, add_completion=False)

AgentConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", metavar="FILE", help="The config, which says which tools are hosted, and whose key it is."
    ),
]
AgentOption = Annotated[
    str | None, typer.Option("--agent", metavar="ID", help="The agent; by default that of the config.")
]


@tools.callback(invoke_without_command=True)
def _list(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_file: LogFileOption = None,
) -> int:
    """List the tools that are hosted.

    With --json each is a name, a description and a JSON Schema. The commands are about the tools of an agent.
    """
    if context.invoked_subcommand is not None:
        if config or as_json or verbose or log_file:
            raise typer.BadParameter(f"options stand behind {context.invoked_subcommand}, not before it")
        return 0

    def work(options: LogOptions, shown: ShownLog) -> int:
        from agentframework.cli.listing import list_tools

        return list_tools(config, shown, as_json=as_json)

    return perform(work, verbose, log_file)


@tools.command()
def export(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_file: LogFileOption = None,
) -> int:
    """Print what the platform is to be told of them.

    What the model will not see of a tool is said on stderr; with --json it is printed as well.
    """

    def work(options: LogOptions, shown: ShownLog) -> int:
        from agentframework.cli.declaring import export_tools

        return export_tools(config, shown, as_json=as_json)

    return perform(work, verbose, log_file)


@tools.command()
def push(
    config: AgentConfigOption,
    agent: AgentOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")
    ] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Change the agent's tools that somebody else has made, too.")
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_file: LogFileOption = None,
) -> int:
    """Declare them on the platform, for an agent.

    They are made or changed there, and attached to the agent. Nothing is deleted, and a second push changes nothing.
    """

    def work(options: LogOptions, shown: ShownLog) -> int:
        from agentframework.cli.declaring import push_tools

        return push_tools(config, agent, shown, dry_run=dry_run, adopt=adopt, as_json=as_json)

    return perform(work, verbose, log_file)


@tools.command()
def check(
    config: AgentConfigOption,
    agent: AgentOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_file: LogFileOption = None,
) -> int:
    """Say where an agent's tools differ from them.

    The exit code is 1 where they do.
    """

    def work(options: LogOptions, shown: ShownLog) -> int:
        from agentframework.cli.declaring import check_tools

        return check_tools(config, agent, shown, as_json=as_json)

    return perform(work, verbose, log_file)
