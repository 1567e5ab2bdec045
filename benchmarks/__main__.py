"""Times the runtime beside the ElevenLabs SDK and the least that a client can do.

    python -m benchmarks [--rounds N] [--only WORDS] [--write]

All clients of a piece of work take their turns in each round, so that a ratio compares neighbours in time; shown are
medians and the spread of the ratios. `--write` keeps the results, in place of older ones of the same work, and writes
them into the page about speed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from typing import Any

from benchmarks.checking import ALONE, check_times
from benchmarks.measuring import Figures, measure
from benchmarks.plan import FULL, Kind, Work, works
from benchmarks.pools import pool_times
from benchmarks.processes import Server
from benchmarks.results import (
    PAGE,
    RESULTS,
    check_row,
    merged,
    page_with,
    pool_row,
    read,
    row,
    sound_row,
    start_row,
    tables,
)
from benchmarks.sound import FIGURES, OUR_HEADSET, SDK_HEADSET, sound_server, sound_times
from benchmarks.starting import start_times


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured; 5 unless said")
    parser.add_argument(
        "--only", default="", help="only work whose name holds these words, starts, checks, sounds or pools"
    )
    parser.add_argument("--write", action="store_true", help="keep the results and write the page")
    given = parser.parse_args()
    chosen = [work for work in works(FULL) if given.only in work.name]
    with Server() as server:
        rows = [entry for work in chosen for entry in rows_of(server, work, given.rounds)]
    starts: list[dict[str, Any]] = []
    if given.only in ("", "starts"):
        rounds = [start_times() for _ in range(given.rounds)]
        starts = [start_row(name, [times[name] for times in rounds]) for name in rounds[0]]
    checks: list[dict[str, Any]] = []
    if given.only in ("", "checks"):
        timed = [check_times() for _ in range(given.rounds)]
        checks = [check_row(name, [(times[name], times[ALONE]) for times in timed]) for name in timed[0]]
    sounds: list[dict[str, Any]] = []
    if given.only in ("", "sounds"):
        sounds = sound_rows(given.rounds)
    pools: list[dict[str, Any]] = []
    if given.only in ("", "pools"):
        run = [pool_times() for _ in range(given.rounds)]
        pools = [pool_row(name, [times[name] for times in run]) for name in run[0]]
    results = {
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "rows": rows,
        "starts": starts,
        "checks": checks,
        "pools": pools,
        "sounds": sounds,
    }
    print(tables(results))
    if given.write:
        kept = merged(read(), results) if RESULTS.exists() else results
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
        PAGE.write_text(page_with(kept, PAGE.read_text()))


def sound_rows(rounds: int) -> list[dict[str, Any]]:
    """The two audio interfaces, in turns."""
    with sound_server() as server:
        timed = [(sound_times(server, SDK_HEADSET), sound_times(server, OUR_HEADSET)) for _ in range(rounds)]
    return [sound_row(name, [(sdk[name], ours[name]) for sdk, ours in timed]) for name in FIGURES]


def rows_of(server: Server, work: Work, rounds: int) -> list[dict[str, Any]]:
    """All clients of one piece of work, round by round."""
    measured: dict[str, list[Figures | None]] = {kind.name: [] for kind in work.clients}
    for number in range(min(rounds, work.rounds)):
        for kind in work.clients:
            if number == 0 or kind not in work.brief:
                measured[kind.name].append(figures_of(server, work, kind))
    return [row(work, kind, measured) for kind in work.clients]


def figures_of(server: Server, work: Work, kind: Kind) -> Figures | None:
    """Measure, and say so while the reader waits."""
    figures = measure(server, kind, work)
    said = "-" if figures is None else f"{figures[work.figure]:.3f}"
    print(f"{work.name:55} {kind.name:32} {said} {work.unit}", flush=True)
    return figures


if __name__ == "__main__":
    main()
