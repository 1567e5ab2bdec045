"""Stands in for the language model of an agent: turns what the user types into tool calls, questions and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from agentframework.localagent.choosing import Chooser, Chosen, Unclear
from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.examples import example_of
from agentframework.localagent.filling import Filling
from agentframework.localagent.matching import KnownTool, read_tool
from agentframework.localagent.parameters import Parameter
from agentframework.localagent.sentences import (
    help_text,
    nothing_fits,
    question,
    question_again,
    result_sentence,
    tools_text,
    which_tool,
)
from agentframework.localagent.slash import SlashCall, SlashCommand, SlashMistake, read_slash
from agentframework.localagent.smalltalk import Remark, read_remark
from agentframework.localagent.words import Line, read_line

__all__ = ["Call", "Leave", "Reaction", "Say", "Talker"]

_LONGEST: Final = 20_000
_MOST_MISFITS: Final = 2
_MOST_NEAR: Final = 3


@dataclass(frozen=True, slots=True)
class Say:
    """Say this, and wait for the user."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """Call this tool, and give its answer to `Talker.tool_answered`."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Leave:
    """Say this, and end the conversation."""

    text: str


Reaction = Say | Call | Leave


@dataclass(frozen=True, slots=True)
class _Missing:
    """Asked for a parameter; what is known of the others is in `given`."""

    tool: KnownTool
    parameter: Parameter
    given: Mapping[str, Any]
    misfits: int = 0


@dataclass(frozen=True, slots=True)
class _WhichTool:
    """Asked which tool is meant by a request."""

    tools: tuple[KnownTool, ...]
    request: Line
    misfits: int = 0


def _local_today() -> date:
    return datetime.now(UTC).astimezone().date()


def _whole(text: str) -> str:
    """The text with a question mark for each half character, which no frame can carry."""
    return text.encode("utf-8", "replace").decode()


class Talker:
    """One conversation's talker: the same words lead to the same reactions, and it knows no tool but those given.

    `today` gives the day that "tomorrow" counts from. Of two tools with one name the first counts. Not thread-safe.
    """

    def __init__(self, tools: Sequence[ToolDeclaration], *, today: Callable[[], date] = _local_today) -> None:
        known: dict[str, KnownTool] = {}
        for declaration in tools:
            known.setdefault(declaration.name, read_tool(declaration))
        self._by_name = known
        self._tools = list(known.values())
        self._chooser = Chooser(self._tools, today)
        self._today = today
        self._question: _Missing | _WhichTool | None = None
        self._example = example_of(self._tools, self._chooser)

    def greet(self) -> str:
        """The first words of a conversation: who speaks, how many tools there are, and what to try."""
        if not self._tools:
            return "Hello, I am the local agent, and I have no tools yet. /help says what I understand."
        count = "one tool" if len(self._tools) == 1 else f"{len(self._tools)} tools"
        example = f'Try "{self._example}", or ' if self._example else "Type "
        return f"Hello, I am the local agent. I can call {count}.\n{example}/tools to see them, or /help."

    def hear(self, text: str) -> Reaction:
        """What to do about a line that the user typed or said. Any text will do; nothing is raised."""
        if len(text) > _LONGEST:
            return Say(f"That is too long for me; {_LONGEST} characters are the most that I read.")
        text = _whole(text)
        command = read_slash(text, self._by_name)
        if command is not None:
            return self._obey(command)
        line = read_line(text)
        if not any(not token.is_mark for token in line.tokens):
            return Say("I did not hear a word. Type /help to see what I understand.")
        remark = read_remark(line, is_answer=self._question is not None)
        if remark in {"bye", "drop"} or (remark is not None and not self._wants_text()):
            return self._remark(remark)
        if self._question is not None:
            return self._hear_answer(line, self._question)
        return self._hear_request(line)

    def tool_answered(self, name: str, arguments: Mapping[str, Any], result: str, is_error: bool) -> str:
        """What to say about a tool's answer: one or two sentences that hold the text of the result."""
        return result_sentence(name, _whole(result), is_error=is_error)

    def _wants_text(self) -> bool:
        """Whether "hello" may be the answer to what was asked."""
        return isinstance(self._question, _Missing) and self._question.parameter.kind == "text"

    def _obey(self, command: SlashCall | SlashCommand | SlashMistake) -> Reaction:
        match command:
            case SlashMistake(text):
                return Say(text)
            case SlashCall(name, arguments):
                self._question = None
                return Call(name, arguments)
            case SlashCommand("tools"):
                return Say(tools_text(self._tools))
            case SlashCommand("help"):
                return Say(help_text(self._example))
            case SlashCommand("bye" | "quit" | "exit"):
                return Leave("Goodbye.")
            case SlashCommand(word):
                return Say(f"I know no command /{word}. There are /call, /tools, /help and /bye.")

    def _remark(self, remark: Remark) -> Reaction:
        match remark:
            case "bye":
                return Leave("Goodbye.")
            case "drop":
                dropped, self._question = self._question, None
                if dropped is None:
                    return Say("All right. I have no question open.")
                return Say("All right, I leave it. What else can I do?")
            case "hello":
                return Say(self.greet())
            case "thanks":
                return Say("You are welcome. Say what else you want, or type /tools.")
            case "tools":
                return Say(tools_text(self._tools))
            case "help":
                return Say(help_text(self._example))

    def _hear_request(self, line: Line) -> Reaction:
        return self._follow(self._chooser.choose(line), line)

    def _follow(self, choice: Chosen | Unclear | None, line: Line) -> Reaction:
        self._question = None
        match choice:
            case None:
                return Say(nothing_fits(self._tools))
            case Unclear(tools) if len(tools) > _MOST_NEAR:
                names = ", ".join(tool.name for tool in tools)
                return Say(
                    f"That may be one of {names}. Say a little more, or type /tools to see what they do."
                )
            case Unclear(tools):
                self._question = _WhichTool(tools, line)
                return Say(which_tool(tools))
            case Chosen(tool, filled):
                return self._complete(tool, filled.arguments, filled.misfits)

    def _complete(self, tool: KnownTool, arguments: Mapping[str, Any], misfits: frozenset[str]) -> Reaction:
        """Calls the tool, or asks for the first thing that is missing."""
        missing = [parameter for parameter in tool.required if parameter.name not in arguments]
        missing += [p for p in tool.parameters if p.name in misfits and not p.is_required]
        if not missing:
            self._question = None
            return Call(
                tool.name, {p.name: arguments[p.name] for p in tool.parameters if p.name in arguments}
            )
        asked = missing[0]
        self._question = _Missing(tool, asked, arguments, misfits=int(asked.name in misfits))
        return Say(question_again(tool, asked) if asked.name in misfits else question(tool, asked))

    def _hear_answer(self, line: Line, asked: _Missing | _WhichTool) -> Reaction:
        if isinstance(asked, _WhichTool):
            return self._hear_which(line, asked)
        choice = self._chooser.choose(line)
        is_other = isinstance(choice, Chosen) and choice.is_clear and choice.tool is not asked.tool
        answer = Filling(asked.tool, line, self._today(), given=asked.given).of_answer(asked.parameter)
        is_whole = asked.parameter.kind != "text" and len(answer.used) == len(line.tokens)
        if is_other and not is_whole:
            return self._follow(choice, line)
        if isinstance(choice, Chosen) and choice.tool is asked.tool and choice.is_clear:
            # the same request said again, now with what was missing
            again = {**asked.given, **choice.filled.arguments}
            if asked.parameter.name in again:
                return self._complete(asked.tool, again, choice.filled.misfits)
        if asked.parameter.name in answer.arguments:
            return self._complete(asked.tool, answer.arguments, answer.misfits)
        if asked.misfits + 1 >= _MOST_MISFITS:
            self._question = None
            return Say(f"I still have no {asked.parameter.name} for {asked.tool.name}, so I leave it.")
        self._question = _Missing(asked.tool, asked.parameter, answer.arguments, asked.misfits + 1)
        return Say(question_again(asked.tool, asked.parameter))

    def _hear_which(self, line: Line, asked: _WhichTool) -> Reaction:
        choice = self._chooser.choose(line)
        if isinstance(choice, Chosen) and choice.is_clear and choice.tool not in asked.tools:
            return self._follow(choice, line)
        tool = self._chooser.among(line, asked.tools)
        if tool is not None:
            first = Filling(tool, asked.request, self._today()).of_request()
            then = Filling(tool, line, self._today(), given=first.arguments).of_request()
            return self._complete(tool, then.arguments, first.misfits | then.misfits)
        if choice is not None and asked.misfits + 1 < _MOST_MISFITS and not isinstance(choice, Chosen):
            self._question = _WhichTool(asked.tools, asked.request, asked.misfits + 1)
            return Say(which_tool(asked.tools))
        return self._follow(choice, line)
