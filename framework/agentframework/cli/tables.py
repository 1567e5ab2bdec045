"""Rows of a list: a table on a terminal, aligned columns in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from agentframework.cli.phrases import flat

__all__ = ["print_lines", "print_paragraph", "print_table"]

_NARROW: Final = 90
"""Columns below which a terminal has no room for a table."""


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the rows to stdout.

    In a pipe a row is a line. On a terminal cells are wrapped to its width; where it is narrow each row is a block
    of lines, a cell each.
    """
    cells = [[flat(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_wrapped(headings, cells)
    else:
        print_lines(_aligned([[heading.upper() for heading in headings], *cells]))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines to stdout as they are."""
    for line in lines:
        print(line)  # noqa: T201 - a list is what its reader asked for


def print_paragraph(text: str) -> None:
    """Print a text to stdout: wrapped on a terminal, a line in a pipe."""
    if not sys.stdout.isatty():
        print_lines([text])
        return
    # rich is for terminals alone
    from rich.console import Console
    from rich.text import Text

    Console(markup=False, highlight=False, emoji=False).print(Text(text))


def _print_wrapped(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    # rich is for terminals alone
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(markup=False, highlight=False, emoji=False)
    if console.width >= _NARROW:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for number, heading in enumerate(headings):
            table.add_column(heading, style="" if number else "bold cyan", overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)
        return
    for first, *rest in rows:
        console.print(Text(first, "bold cyan"))
        block = Table.grid("", "", "", padding=(0, 2, 0, 0))
        for heading, cell in zip(headings[1:], rest, strict=True):
            if cell:
                block.add_row("", Text(heading, "dim"), Text(cell))
        console.print(block)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
