"""`agentframework run`: a conversation with the agent of a config, on a terminal or through a pipe."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from agentframework.app import App
from agentframework.audio.base import NO_SOUND
from agentframework.cli.asking import TerminalApprover
from agentframework.cli.failures import CONVERSATION_FAILED, FINE
from agentframework.cli.lines import LineSource, PipeLines
from agentframework.cli.loading import load_app, read_config, warnings_of
from agentframework.cli.logs import LogOptions, ShownLog
from agentframework.cli.plain import PlainScreen
from agentframework.cli.screen import Heading, Screen
from agentframework.cli.streams import is_screen, prints_to_stderr
from agentframework.cli.talk import Relay, Talk
from agentframework.cli.view import View, ending_text
from agentframework.redaction import safe_url

__all__ = ["run"]


def run(config: Path, options: LogOptions, shown: ShownLog) -> int:
    """Hold the conversation; the exit code is 0 where the user or the agent ended it, 1 where it failed.

    Raises `ConfigError` and `PluginError` before it begins.
    """
    app = load_app(read_config(config, shown))
    return asyncio.run(_run(app, options, shown))


async def _run(app: App, options: LogOptions, shown: ShownLog) -> int:
    if not is_screen():
        screen, lines = PlainScreen(), PipeLines(sys.stdin.fileno() if sys.stdin is not None else None)
        with prints_to_stderr():
            return await _hold(app, screen, lines, options, shown, waits_for_turns=True)
    # what draws on a terminal is not needed in a pipe
    from agentframework.cli.editor import Editor, above_the_line
    from agentframework.cli.terminal import TerminalScreen, terminal_console

    with above_the_line() as stream:
        terminal = TerminalScreen(terminal_console(stream))
        editor = Editor(lambda: terminal.status)
        terminal.status_changed = editor.refresh
        editor.gives_empty = app.config.audio.push_to_talk and _has_microphone(app)
        return await _hold(app, terminal, editor, options, shown, TerminalApprover(), waits_for_turns=False)


async def _hold(
    app: App,
    screen: Screen,
    lines: LineSource,
    options: LogOptions,
    shown: ShownLog,
    approver: TerminalApprover | None = None,
    *,
    waits_for_turns: bool,
) -> int:
    relay = Relay()
    view = View(screen, redactor=shown.redactor, traceback_hint=options.traceback_hint)
    for missing in warnings_of(app.plugins):
        screen.warning(missing)
    for problem in app.problems:
        screen.warning(str(problem))
    conversation = app.conversation(relay, approver=approver)
    heading = _heading(app)
    has_microphone = _has_microphone(app)
    lines.microphone = lambda: "(microphone off)" if has_microphone and conversation.muted else ""
    talk = Talk(
        *(conversation, relay, lines, screen, view, heading, waits_for_turns),
        approver=approver,
        has_microphone=has_microphone,
        push_to_talk=app.config.audio.push_to_talk and has_microphone,
    )
    with shown.handed_to(talk.tell):
        ended = await talk.hold()
    if ended.reason == "error":
        view.failed(ending_text(ended))
    elif (said := ending_text(ended)) and not (talk.was_farewell and not ended.close_reason):
        screen.note(said)
    screen.summary(view.summary())
    return CONVERSATION_FAILED if ended.reason == "error" else FINE


def _has_microphone(app: App) -> bool:
    return app.config.audio.backend != NO_SOUND


def _heading(app: App) -> Heading:
    agent = app.config.agent
    name = "local agent" if agent.is_local else agent.id or safe_url(agent.url)
    return Heading(name, tools=len(app.tools), plugins=app.plugins.guests)
