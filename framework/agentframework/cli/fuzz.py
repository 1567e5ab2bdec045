"""`agentframework tools fuzz`: calls a tool with many arguments, and shows the shortest that it cannot cope with."""

from __future__ import annotations

import json
import secrets
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentframework.app import App
from agentframework.cli.call import hosted_app
from agentframework.cli.failures import CONVERSATION_FAILED, FINE, TO_BE_CORRECTED, say
from agentframework.cli.logs import ShownLog
from agentframework.cli.phrases import count, harmless
from agentframework.cli.streams import prints_to_stderr
from agentframework.cli.tables import print_lines
from agentframework.spelling import did_you_mean
from agentframework.tools.registry import ToolRegistry
from agentframework.tools.tool import Tool

if TYPE_CHECKING:
    from agentframework.trial.fuzzing import FuzzResult

__all__ = ["Search", "fuzz_tool"]


@dataclass(frozen=True, slots=True)
class Search:
    """What is tried: how many calls, how long each may take, where the choice begins (None: anywhere)."""

    examples: int
    timeout: float
    seed: int | None


def fuzz_tool(
    name: str, search: Search, config: Path | None, shown: ShownLog, *, is_meant: bool, as_json: bool
) -> int:
    """Call the tool and print what was found.

    The exit code is 0 where nothing was, 1 where something was, and 2 where the tool could not be called: it is not
    there, it may change things and nobody said that this is meant, or the policy let no call pass.
    """
    try:
        from agentframework.trial.fuzzing import fuzz
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "hypothesis":
            raise
        return _refuse('this command needs Hypothesis: pip install "agentframework[fuzz]"')
    app = hosted_app(config, shown)
    tool = app.tools.get(name)
    if tool is None:
        hint = did_you_mean(name, app.tools.names()) or "`agentframework tools` lists those that are hosted"
        return _refuse(f"there is no tool {name!r} ({hint})")
    if tool.options.risk != "read" and not is_meant:
        return _refuse(
            f"{name} may change things (its risk is {tool.options.risk!r}), and every call is real; "
            "add --yes where that is meant"
        )
    seed = secrets.randbelow(2**32) if search.seed is None else search.seed
    own = tool.options.timeout or search.timeout
    tool = tool.with_options(timeout=min(own, search.timeout))
    with prints_to_stderr():
        result = fuzz(_with_tool(app, tool).new_session, tool, max_examples=search.examples, start=seed)
    return _tell(name, result, seed, as_json=as_json)


def _with_tool(app: App, tool: Tool[..., Any]) -> App:
    tools = ToolRegistry()
    tools.add(tool, owner=tool.owner)
    return App(app.config, tools, app.plugins, app.problems)


def _tell(name: str, result: FuzzResult, seed: int, *, as_json: bool) -> int:
    if as_json:
        print_lines([json.dumps(_report(name, result, seed), indent=2, ensure_ascii=False)])
    elif result.fault is not None:
        print_lines(_lines(name, result, seed))
    elif result.ran:
        outcomes = ", ".join(f"{number} {outcome}" for outcome, number in result.outcomes.most_common())
        print_lines([f"{name}: nothing found in {count(result.calls, 'call')} ({outcomes})"])
    if result.fault is not None:
        return CONVERSATION_FAILED
    if result.ran:
        return FINE
    if not result.calls:
        return _refuse(f"no arguments could be made that fit the schema of {name}")
    return _refuse(f"no call of {name} was run: {', '.join(result.outcomes)}")


def _lines(name: str, result: FuzzResult, seed: int) -> list[str]:
    assert result.fault is not None
    fault = result.fault
    arguments = json.dumps(fault.arguments)
    return [
        f"found      {fault.outcome}: {harmless(fault.text)}",
        f"arguments  {arguments}",
        f"again      agentframework tools call {name} --json {shlex.quote(arguments)} -v",
        f"calls      {result.calls}, with --seed {seed}",
    ]


def _report(name: str, result: FuzzResult, seed: int) -> dict[str, Any]:
    fault = result.fault
    return {
        "tool": name,
        "seed": seed,
        "outcomes": dict(result.outcomes),
        "fault": None
        if fault is None
        else {"outcome": fault.outcome, "arguments": fault.arguments, "text": fault.text},
    }


def _refuse(problem: str) -> int:
    say(f"error: {problem}")
    return TO_BE_CORRECTED
