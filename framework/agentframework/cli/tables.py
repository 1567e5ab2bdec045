"""Rows of a list: a table on a terminal, aligned columns in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from agentframework.cli.phrases import flat

__all__ = ["print_lines", "print_table"]


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the rows to stdout. On a terminal cells are wrapped to its width; in a pipe a row is a line."""
    cells = [[flat(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_wrapped(headings, cells)
    else:
        print_lines(_aligned([[heading.upper() for heading in headings], *cells]))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines to stdout as they are."""
    for line in lines:
        print(line)  # noqa: T201 - a list is what its reader asked for


def _print_wrapped(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    # rich is for terminals alone
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(heading, style="bold cyan" if number == 0 else None, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console(markup=False, highlight=False, emoji=False).print(table)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
