"""Runs the code blocks of a page, one after another, as a reader would: in a folder of their own.

    ```python                      is executed; one that begins with >>> is a doctest
    ```python title="greet.py"     is written to that file
    ```toml                        is parsed, and loaded where it is a config
    ```toml title="config.toml"    is parsed and written to that file
    ```json                        is parsed
    ```console                     each line after "$ " is run by a shell, and what follows is what it must print,
                                   where ... stands for anything; "&" at the end keeps it running until the page ends
    ```text                        is a picture or an output, and is not run

A page says port 8765 where the test takes one that is free.
"""

from __future__ import annotations

import doctest
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

from sybil import Document, Example, Region, Sybil
from sybil.example import SybilFailure
from sybil.parsers.markdown import PythonCodeBlockParser
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer
from sybil.region import Lexeme
from sybil.typing import Parser

from agentframework import load_config
from doc_folder import Folder

__all__ = ["run_page"]

_INFO = re.compile(r'(?P<language>\w+)(?: title="(?P<title>[^"]+)")?[ \t]*$\n', re.MULTILINE)
_CONFIG_TABLES = frozenset({"agent", "conversation", "audio", "tools", "workers", "policy", "plugins"})
_NOT_A_CONFIG = frozenset({"project", "build-system", "step"})
_NOT_RUN = ("make ", "git ", "curl ", "sudo ")
_SAID_PORT = "8765"


def run_page(path: Path, folder: Folder) -> int:
    """Runs all blocks of a page; returns how many there were. Raises `SybilFailure` at the first that fails."""
    parsers: list[Parser] = [_Python(folder), _Blocks(folder)]
    document = Sybil(parsers, path=str(path.parent)).parse(path)
    examples = list(document.examples())
    for example in examples:
        example.evaluate()
    return len(examples)


class _Python(PythonCodeBlockParser):
    """The parser of the Python that is executed here: all that has no title."""

    def __init__(self, folder: Folder) -> None:
        super().__init__(doctest_optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        self._folder = folder

    def __call__(self, document: Document) -> list[Region]:
        regions = list(super().__call__(document))
        for region in regions:
            if isinstance(region.parsed, Lexeme):
                text = region.parsed.replace(_SAID_PORT, str(self._folder.port))
                region.parsed = Lexeme(text, region.parsed.offset, region.parsed.line_offset)
        return regions


class _Blocks:
    """The parser of every other block."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._lexer = RawFencedCodeBlockLexer(_INFO)
        self._evaluators: dict[str, Callable[[Example], str | None]] = {
            "python": self._python,
            "toml": self._toml,
            "json": self._json,
            "console": self._console,
            "text": lambda _: None,
        }

    def __call__(self, document: Document) -> list[Region]:
        regions = []
        for region in self._lexer(document):
            language, title = region.lexemes["language"], region.lexemes["title"]
            if language == "python" and title is None:
                continue
            source = str(region.lexemes["source"]).replace(_SAID_PORT, str(self._folder.port))
            region.parsed = (title, source)
            region.evaluator = self._evaluators.get(language, self._unknown)
            regions.append(region)
        return regions

    def _unknown(self, example: Example) -> str:
        return f"nobody runs a block of {example.region.lexemes['language']!r}; use text where it is none"

    def _python(self, example: Example) -> None:
        title, source = example.parsed
        compile(source, title, "exec")
        self._folder.write(title, source)

    def _json(self, example: Example) -> None:
        title, source = example.parsed
        json.loads(source)
        if title is not None:
            self._folder.write(title, source)

    def _toml(self, example: Example) -> None:
        title, source = example.parsed
        tables = tomllib.loads(source)
        if title is not None:
            self._folder.write(title, source)
        elif tables.keys() & _CONFIG_TABLES and not tables.keys() & _NOT_A_CONFIG:
            agent = "" if "agent" in tables else '[agent]\nurl = "local"\n\n'
            load_config(self._folder.write("excerpt.toml", agent + source), {"ELEVENLABS_API_KEY": "a key"})

    def _console(self, example: Example) -> None:
        _, source = example.parsed
        for session in re.split(r"^\$ ", source, flags=re.MULTILINE)[1:]:
            lines = session.splitlines()
            command = [lines.pop(0)]
            while command[-1].endswith("\\"):
                command.append(lines.pop(0))
            self._run(example, "\n".join(command), "\n".join(lines).strip())

    def _run(self, example: Example, command: str, expected: str) -> None:
        if command.endswith("&"):
            printed = self._folder.keep_running(command.removesuffix("&"))
        else:
            done = self._folder.run(
                f"sh -n <<'EOF'\n{command}\nEOF" if command.startswith(_NOT_RUN) else command
            )
            printed = done.stdout.strip()
            if done.returncode != 0 and "$?" not in command:
                raise SybilFailure(
                    example, f"$ {command}\nended with {done.returncode} and printed:\n{printed}"
                )
            if command.startswith(_NOT_RUN):
                return
        pattern = ".*".join(re.escape(_even(part)) for part in expected.split("..."))
        if expected and not re.fullmatch(pattern, _even(printed), re.DOTALL):
            raise SybilFailure(example, f"$ {command}\nprinted:\n{printed}\n\nbut the page says:\n{expected}")


def _even(text: str) -> str:
    """A text as it is compared: runs of blanks count as one, because columns are as wide as what is in them."""
    return re.sub(r"[ \t]+", " ", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE))
