"""`agentframework tools export`, `push` and `check`: the hosted tools as the platform declares them."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentframework.cli.failures import CONVERSATION_FAILED, FINE
from agentframework.cli.loading import load_app, read_config, warnings_of
from agentframework.cli.logs import ShownLog
from agentframework.cli.phrases import count, flat
from agentframework.cli.tables import print_lines
from agentframework.config import Config
from agentframework.errors import AgentFrameworkError, AuthError, RestError
from agentframework.rest import Client
from agentframework.rest.declared import account_of, agent_of, declarations_of
from agentframework.tools.dialect.declaration import Declaration
from agentframework.tools.dialect.drift import differences
from agentframework.tools.dialect.push import Step, plan_push

__all__ = ["check_tools", "export_tools", "push_tools"]

_DONE = {"create": "created", "update": "changed", "keep": "as it should be", "refuse": "left alone"}


def export_tools(config: Path | None, shown: ShownLog, *, as_json: bool) -> int:
    """Print a `tool_config` for each hosted tool, and the losses. Raises `ConfigError` and `PluginError`."""
    declarations = _declarations(read_config(config, shown), shown)
    bodies = [{"tool_config": declaration.tool_config} for declaration in declarations]
    losses = [(declaration.name, loss) for declaration in declarations for loss in declaration.losses]
    if as_json:
        told = [{"tool": name, **dataclasses.asdict(loss)} for name, loss in losses]
        print_lines([_json({"tools": bodies, "losses": told})])
        return FINE
    for name, loss in losses:
        shown.warn(f"tool {name!r}: {flat(str(loss))}")
    print_lines([_json(bodies)])
    return FINE


def check_tools(config: Path, agent: str | None, shown: ShownLog, *, as_json: bool) -> int:
    """Print the differences between the hosted tools and those of an agent; 1 where there are any.

    Raises `RestError` where the agent cannot be read, and `ConfigError` and `PluginError` as a start would.
    """
    read = read_config(config, shown)
    client, agent_id = account_of(read), agent_of(read, agent)
    declarations = _declarations(read, shown)
    theirs = asyncio.run(client.tools_of_agent(agent_id, branch_id=_branch(read, agent_id)))
    found = differences(declarations, [tool.config for tool in theirs])
    if as_json:
        told = [dataclasses.asdict(difference) for difference in found]
        print_lines([_json({"agent": agent_id, "ok": not found, "differences": told})])
    elif found:
        print_lines(flat(str(difference)) for difference in found)
    else:
        print_lines([f"{agent_id}: no differences; {count(len(declarations), 'tool')}"])
    return CONVERSATION_FAILED if found else FINE


def push_tools(
    config: Path, agent: str | None, shown: ShownLog, *, dry_run: bool, adopt: bool, as_json: bool
) -> int:
    """Bring the tools of an agent into line, and print what was done; 1 where something was left alone or failed.

    Raises as `check_tools` does.
    """
    read = read_config(config, shown)
    client, agent_id = account_of(read), agent_of(read, agent)
    declarations = _declarations(read, shown)
    push = _Push(client, agent_id, _branch(read, agent_id))
    done = asyncio.run(push.plan_and_do(declarations, dry_run=dry_run, adopt=adopt))
    ok = all(one.step.action != "refuse" and not one.error for one in done)
    if as_json:
        told = [one.as_json() for one in done]
        print_lines([_json({"agent": agent_id, "dry_run": dry_run, "ok": ok, "tools": told})])
    else:
        print_lines(flat(one.as_text(dry_run=dry_run)) for one in done)
        print_lines([_summary(done, agent_id, dry_run=dry_run)])
    return FINE if ok else CONVERSATION_FAILED


@dataclass(slots=True)
class _Done:
    """A step and what became of it; `others` are agents for which the tool changes too."""

    step: Step
    tool_id: str = ""
    others: Sequence[str] = field(default_factory=list)
    error: str = ""

    def as_text(self, *, dry_run: bool) -> str:
        step = self.step
        also = f" (for {', '.join(self.others)} too)" if self.others else ""
        if self.error:
            return f"tool {step.tool!r}: {self.error}"
        if dry_run or not step.is_change:
            return f"{step}{also}"
        changed = f": {', '.join(step.changed)}" if step.changed else ""
        words = f"{_DONE[step.action]}{changed}" if step.action != "keep" else ""
        words = " and ".join(filter(None, (words, "attached" if step.attach else "")))
        return f"tool {step.tool!r} ({self.tool_id}): {words}{also}"

    def as_json(self) -> dict[str, Any]:
        step = self.step
        return {
            "name": step.tool,
            "action": step.action,
            "id": self.tool_id or None,
            "attach": step.attach,
            "changed": list(step.changed),
            "also_for": list(self.others),
            "why": step.why or None,
            "error": self.error or None,
        }


class _Push:
    """One push to one agent."""

    def __init__(self, client: Client, agent_id: str, branch_id: str | None) -> None:
        self._client = client
        self._agent_id = agent_id
        self._branch_id = branch_id

    async def plan_and_do(
        self, declarations: Sequence[Declaration], *, dry_run: bool, adopt: bool
    ) -> list[_Done]:
        agent = await self._client.get_agent(self._agent_id, branch_id=self._branch_id)
        inline = [str(tool.get("name")) for tool in agent.inline_tools if tool.get("type") != "system"]
        if inline:
            raise AgentFrameworkError(
                f"the agent {self._agent_id!r} has tools in its own settings ({', '.join(inline)}), and the platform "
                "takes no others beside them; make tools of the account of them first"
            )
        attached = await self._client.tools_of_agent(self._agent_id, branch_id=self._branch_id)
        there = {tool.name for tool in attached}
        missing = [one.name for one in declarations if one.name not in there]
        found = [tool for name in missing for tool in await self._client.find_tools(name)]
        steps = plan_push(declarations, found, attached, adopt=adopt)
        done = [_Done(step, step.tool_id) for step in steps]
        for one in done:
            await self._do(one, dry_run=dry_run)
        new = [one.tool_id for one in done if one.step.attach and not one.error]
        if new and not dry_run:
            await self._client.attach_tools(self._agent_id, new, branch_id=self._branch_id)
        return done

    async def _do(self, one: _Done, *, dry_run: bool) -> None:
        step = one.step
        if step.action == "update":
            users = await self._client.agents_with_tool(step.tool_id)
            one.others = [agent for agent in users if agent != self._agent_id]
        if dry_run or step.action not in ("create", "update"):
            return
        try:
            if step.action == "create":
                one.tool_id = (await self._client.create_tool(step.tool_config)).id
            else:
                await self._client.update_tool(step.tool_id, step.tool_config)
        except RestError as error:
            if isinstance(error, AuthError) or error.status is None:
                raise
            one.error = str(error)  # of this tool alone; the others may fare better


def _declarations(config: Config, shown: ShownLog) -> list[Declaration]:
    app = load_app(config)
    for warning in [*warnings_of(app.plugins), *map(str, app.problems)]:
        shown.warn(warning)
    return declarations_of(app.tools, config)


def _branch(config: Config, agent_id: str) -> str | None:
    """The branch of the config, which belongs to the config's agent alone."""
    return config.agent.branch_id if agent_id == config.agent.id else None


def _summary(done: Sequence[_Done], agent_id: str, *, dry_run: bool) -> str:
    changes = sum(one.step.is_change and not one.error for one in done)
    said = "would be changed" if dry_run else "changed"
    left = sum(one.step.action == "refuse" or bool(one.error) for one in done)
    rest = f", {count(left, 'tool')} left as they are" if left else ""
    if not changes and not left:
        return f"{agent_id}: nothing to do; {count(len(done), 'tool')}"
    return f"{agent_id}: {count(changes, 'tool')} {said}{rest}"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
