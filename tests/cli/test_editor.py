"""What is being typed when a question comes is put aside for it, and comes back after the answer."""

from __future__ import annotations

import asyncio

from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from agentframework.cli.editor import Editor


async def _lines_of(keyboard: PipeInput) -> list[str | None]:
    editor, given = Editor(lambda: ""), asyncio.Queue[str | None]()
    editor.start(given.put_nowait, lambda: None)
    buffer = editor._session.default_buffer
    typed = asyncio.Event()
    buffer.on_text_changed += lambda _: typed.set()
    keyboard.send_text("ye")
    while buffer.text != "ye":
        typed.clear()
        await typed.wait()
    editor.ask(lambda: 10.0)
    keyboard.send_text("\r")
    lines = [await given.get()]
    editor.ask(None)
    keyboard.send_text("s please\r")
    lines.append(await given.get())
    keyboard.send_text("\x04")
    lines.append(await given.get())
    await editor.stopped()
    return lines


def test_a_half_typed_word_answers_no_question_and_is_not_lost() -> None:
    with create_pipe_input() as keyboard, create_app_session(keyboard, DummyOutput()):
        assert asyncio.run(_lines_of(keyboard)) == ["", "yes please", None]
