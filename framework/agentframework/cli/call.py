"""`agentframework tools call`: one call of a tool, as if the agent had made it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agentframework.app import App
from agentframework.cli.failures import CONVERSATION_FAILED, FINE, TO_BE_CORRECTED, tell_usage
from agentframework.cli.loading import load_app, read_config, warnings_of
from agentframework.cli.logs import LogOptions, ShownLog
from agentframework.cli.phrases import call_text, duration_text, flat, harmless, shortened
from agentframework.cli.streams import prints_to_stderr
from agentframework.cli.tables import print_lines
from agentframework.errors import ArgumentsError
from agentframework.localagent.parameters import read_parameters
from agentframework.localagent.slash import read_pairs
from agentframework.tools.tool import Tool
from agentframework.trial.caller import Ending
from agentframework.trial.repairs import Repair, repairs
from agentframework.trial.trial import Trial

__all__ = ["Written", "call_tool", "hosted_app"]

_COMMAND: Final = "agentframework tools call"
_WIDTH: Final = 2_000
_LABEL: Final = 10
_CALLERS_FAULT: Final = ("bad arguments", "unknown tool")


@dataclass(frozen=True, slots=True)
class Written:
    """A call as it stands on the command line: the arguments as `key=value`, or as the text of a JSON object."""

    tool: str
    pairs: Sequence[str]
    json: str | None

    def arguments(self, tool: Tool[..., Any] | None) -> dict[str, Any]:
        """What is sent. Raises ValueError for what cannot be read."""
        if self.json is None:
            return read_pairs(self.pairs, read_parameters(tool.schema) if tool is not None else ())
        if self.pairs:
            raise ValueError("arguments are given as key=value or with --json, not as both")
        try:
            arguments = json.loads(self.json)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"what follows --json is no JSON ({error})") from error
        if not isinstance(arguments, dict):
            raise ValueError("what follows --json is no JSON object")
        return arguments


def call_tool(
    written: Written, config: Path | None, options: LogOptions, shown: ShownLog, *, as_json: bool
) -> int:
    """Call the tool and print how that ended.

    The exit code is 0 where it gave a result, 2 where the call itself is to be corrected, and 1 where it failed
    otherwise. Raises `ConfigError` and `PluginError` as a start would.
    """
    app = hosted_app(config, shown)
    tool = app.tools.get(written.tool)
    try:
        sent = written.arguments(tool)
    except ValueError as error:
        return tell_usage(str(error), _COMMAND)
    with prints_to_stderr(), Trial(app.new_session, error_handling=_error_handling(app)) as trial:
        ending = trial.call(written.tool, sent)
    made = _repairs(tool, sent)
    if as_json:
        print_lines([json.dumps(_report(ending, made), indent=2, ensure_ascii=False)])
    else:
        print_lines(_lines(ending, made, options))
    if ending.answered.outcome == "ok":
        return FINE
    return TO_BE_CORRECTED if ending.answered.outcome in _CALLERS_FAULT else CONVERSATION_FAILED


def hosted_app(config: Path | None, shown: ShownLog) -> App:
    """The app of a config, with what is missing said on stderr. Raises `ConfigError` and `PluginError`."""
    app = load_app(read_config(config, shown))
    for missing in [*warnings_of(app.plugins), *map(str, app.problems)]:
        shown.warn(missing)
    return app


def _error_handling(app: App) -> Any:
    return app.config.agent.tool_error_handling_mode


def _repairs(tool: Tool[..., Any] | None, sent: dict[str, Any]) -> tuple[Repair, ...]:
    try:
        return repairs(tool, sent) if tool is not None else ()
    except ArgumentsError:
        return ()  # which the answer says


def _lines(ending: Ending, made: Sequence[Repair], options: LogOptions) -> Iterator[str]:
    event = ending.answered
    said = call_text(event.tool_name, event.parameters, width=_WIDTH)
    yield _row("call", said + (f" of {event.owner}" if event.owner else ""))
    for repair in made:
        yield _row("repaired", f"{repair.place}: {_json(repair.sent)} became {_json(repair.became)}")
    yield _row("outcome", f"{event.outcome} after {duration_text(event.duration)}")
    yield _row("result" if event.outcome == "ok" else "error", event.text)
    for text in ending.context:
        yield _row("context", text)
    if ending.heard is None:
        yield _row("told", "nothing: no answer is sent for this tool")
    else:
        yield _row("told", "the same" if ending.heard == event.text else ending.heard)
    if event.outcome == "exception" and options.traceback_hint:
        yield options.traceback_hint


def _row(label: str, text: str) -> str:
    first, *more = harmless(text).split("\n")
    return "\n".join([f"{label:{_LABEL}}{first}".rstrip(), *(f"{'':{_LABEL}}{line}" for line in more)])


def _json(value: object) -> str:
    return shortened(flat(json.dumps(value, ensure_ascii=False)), _WIDTH)


def _report(ending: Ending, made: Sequence[Repair]) -> dict[str, Any]:
    event = ending.answered
    return {
        "tool": event.tool_name,
        "owner": event.owner,
        "arguments": event.parameters,
        "repairs": [{"place": one.place, "sent": one.sent, "became": one.became} for one in made],
        "outcome": event.outcome,
        "result": event.text,
        "is_error": event.is_error,
        "told": ending.heard,
        "context": list(ending.context),
        "duration_ms": round(event.duration * 1000, 1),
    }
