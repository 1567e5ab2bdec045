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


@tools.command()
def call(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The tool.")],
    pairs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE", help="Its arguments, each value read by its type.", show_default=False
        ),
    ] = None,
    arguments: Annotated[
        str | None,
        typer.Option("--json", metavar="OBJECT", help="Its arguments as a JSON object, sent as they are."),
    ] = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--as-json", help="Print JSON, for programs.")] = False,
    verbose: VerboseOption = 0,
    log_file: LogFileOption = None,
) -> int:
    """Call one of them as the agent would.

    Its arguments are checked, the policy is asked, it runs under its deadline, and what the agent would be told is
    shown. The call is real. The exit code is 0 where it gave a result, 1 where it failed, 2 where the call is wrong.
    """

    def work(options: LogOptions, shown: ShownLog) -> int:
        from agentframework.cli.call import Written, call_tool

        return call_tool(Written(name, pairs or [], arguments), config, options, shown, as_json=as_json)

    return perform(work, verbose, log_file)


@tools.command()
def fuzz(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The tool.")],
    config: ConfigOption = None,
    yes: Annotated[
        bool, typer.Option("--yes", help='Call it although it may change things: its risk is not "read".')
    ] = False,
    examples: Annotated[
        int, typer.Option("--examples", metavar="N", min=1, help="How many calls to make.")
    ] = 100,
    timeout: Annotated[
        float,
        typer.Option("--timeout", metavar="SECONDS", min=0.01, help="How long a call may take at most."),
    ] = 2.0,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", min=0, help="Make the calls of an earlier run again.")
    ] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_file: LogFileOption = None,
) -> int:
    """Call one with many arguments that fit its schema.

    The shortest with which it crashes, hangs or returns what cannot be told are shown. Every call is real. The exit
    code is 1 where such were found. Needs Hypothesis: pip install "agentframework[fuzz]".
    """

    def work(options: LogOptions, shown: ShownLog) -> int:
        from agentframework.cli.fuzz import Search, fuzz_tool

        return fuzz_tool(name, Search(examples, timeout, seed), config, shown, is_meant=yes, as_json=as_json)

    return perform(work, verbose, log_file)
