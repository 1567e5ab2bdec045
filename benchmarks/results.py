"""The results of a run: rounds of figures become medians and ratios, are kept as JSON, and are shown as tables."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measuring import Figures
from benchmarks.plan import FULL, LIMIT, Kind, Work, works

__all__ = [
    "PAGE",
    "RESULTS",
    "check_row",
    "merged",
    "page_with",
    "pool_row",
    "read",
    "row",
    "sound_row",
    "start_row",
    "tables",
]

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "explanation" / "speed.md"
_BEGIN = "<!-- the tables are written by `make bench` -->\n"
_END = "<!-- end of the tables -->\n"
_MORE = ("answer_p50", "answer_p99", "pong_p50", "pong_p99", "lost", "memory", "late_p99", "cpu", "p99")


def row(work: Work, kind: Kind, measured: dict[str, list[Figures | None]]) -> dict[str, Any]:
    """A client's figures over all rounds; a ratio compares it with the limit of the same round."""
    taken = [figures for figures in measured[kind.name] if figures is not None]
    ratios = [
        _value(mine, work) / _value(limit, work)
        for mine, limit in zip(measured[kind.name], measured[LIMIT.name], strict=False)
        if mine is not None and limit is not None
    ]
    processor_ratios = [
        (mine["cpu"] or 0.0) / limit["cpu"]
        for mine, limit in zip(measured[kind.name], measured[LIMIT.name], strict=False)
        if mine is not None and limit is not None and limit["cpu"]
    ]
    return {
        "work": work.name,
        "client": kind.name,
        "unit": work.unit,
        "is_many": work.sessions > 1,
        "rounds": len(taken),
        "failed": len(measured[kind.name]) - len(taken),
        "median": _median(_value(figures, work) for figures in taken),
        "ratio": _median(ratios),
        "processor_ratio": _median(processor_ratios),
        "lowest_ratio": round(min(ratios), 3) if ratios else None,
        "highest_ratio": round(max(ratios), 3) if ratios else None,
        **{name: _median(figures.get(name) for figures in taken) for name in _MORE},
    }


def start_row(name: str, times: Sequence[float]) -> dict[str, Any]:
    """How long a start took over all rounds, in ms."""
    return {
        "start": name,
        "median": _median(times),
        "lowest": round(min(times), 1),
        "highest": round(max(times), 1),
    }


def check_row(name: str, times: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """How long a check took over all rounds, in µs, each beside the reference of its round."""
    ratios = [time / reference for time, reference in times]
    return {
        "check": name,
        "median": _median(time for time, _ in times),
        "ratio": _median(ratios),
        "lowest_ratio": round(min(ratios), 3),
        "highest_ratio": round(max(ratios), 3),
    }


def pool_row(name: str, rounds: Sequence[Mapping[str, float | None]]) -> dict[str, Any]:
    """What a pool of processes took over all rounds; `late` is the worst, and None where a hang was not ended."""
    late = [figures["late"] for figures in rounds]
    known = [value for value in late if value is not None]
    return {
        "pool": name,
        "p50": _median(figures["p50"] for figures in rounds),
        "per_second": _median(figures["per_second"] for figures in rounds),
        "late": round(max(known), 1) if len(known) == len(late) else None,
    }


def sound_row(name: str, times: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """What the SDK's audio interface and ours took over all rounds, in ms; a ratio compares those of one round."""
    ratios = [ours / sdk for sdk, ours in times]
    return {
        "sound": name,
        "sdk": _median(sdk for sdk, _ in times),
        "ours": _median(ours for _, ours in times),
        "ratio": _median(ratios),
        "lowest_ratio": round(min(ratios), 3),
        "highest_ratio": round(max(ratios), 3),
    }


def tables(results: dict[str, Any]) -> str:
    """The results as tables in Markdown."""
    parts = []
    for many, head in ((False, _SINGLE), (True, _MANY)):
        rows = [entry for entry in results["rows"] if entry["is_many"] is many]
        parts.append(_table(head, [_cells(entry) for entry in rows]))
    starts = [
        (
            entry["start"],
            f"{entry['median']:.0f} ms",
            f"{entry['lowest']:.0f} - {entry['highest']:.0f} ms",
        )
        for entry in results["starts"]
    ]
    parts.append(_table(("start", "median", "spread"), starts))
    checks = [
        (
            entry["check"],
            f"{_figure(entry['median'])} µs",
            f"{entry['ratio']:.2f}",
            f"{entry['lowest_ratio']:.2f} - {entry['highest_ratio']:.2f}",
        )
        for entry in results["checks"]
    ]
    parts.append(_table(("check of a call's arguments", "median", "of jsonschema", "spread"), checks))
    pools = [
        (
            entry["pool"],
            f"{_figure(entry['p50'])} ms",
            f"{entry['per_second']:,.0f}",
            "not at all" if entry["late"] is None else f"{entry['late']:.1f} ms after its deadline",
        )
        for entry in results.get("pools", [])
    ]
    parts.append(_table(("pool of two processes", "one call", "calls/s", "a hang is ended"), pools))
    sounds = [
        (
            entry["sound"],
            f"{_figure(entry['sdk'])} ms",
            f"{_figure(entry['ours'])} ms",
            f"{entry['ratio']:.3f}",
            f"{entry['lowest_ratio']:.3f} - {entry['highest_ratio']:.3f}",
        )
        for entry in results.get("sounds", [])
    ]
    parts.append(_table(("`DefaultAudioInterface`", "the SDK's", "ours", "of the SDK's", "spread"), sounds))
    return "\n".join(parts)


def page_with(results: dict[str, Any], page: str) -> str:
    """The page with these tables in place of those that it has."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{tables(results)}\n{_END}{after}"


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The new results, and of the old ones those of work that the new run left out."""
    done = {entry["work"] for entry in new["rows"]}
    rows = [*(entry for entry in old["rows"] if entry["work"] not in done), *new["rows"]]
    order = {work.name: number for number, work in enumerate(works(FULL))}
    rows.sort(key=lambda entry: order.get(entry["work"], len(order)))
    return {
        **new,
        "rows": rows,
        "starts": new["starts"] or old["starts"],
        "checks": new["checks"] or old["checks"],
        "pools": new["pools"] or old.get("pools", []),
        "sounds": new["sounds"] or old.get("sounds", []),
    }


def read() -> dict[str, Any]:
    """The results that are kept."""
    results: dict[str, Any] = json.loads(RESULTS.read_text())
    return results


_SINGLE = ("work", "client", "median", "of the limit", "spread", "processor")
_MANY = (
    *("work", "client", "processor", "of the limit", "spread"),
    *("answers p50 / p99", "pongs p50 / p99", "lost calls", "memory each"),
)


def _cells(entry: dict[str, Any]) -> tuple[str, ...]:
    if entry["median"] is None:
        width = len(_MANY if entry["is_many"] else _SINGLE) - 3
        return (entry["work"], entry["client"], "did not get through", *[""] * width)
    spread = ""
    if entry["ratio"] is not None and entry["rounds"] > 1:
        spread = f"{entry['lowest_ratio']:.2f} - {entry['highest_ratio']:.2f}"
    cells = (
        entry["work"],
        entry["client"],
        f"{_figure(entry['median'])} {entry['unit']}",
        "" if entry["ratio"] is None else f"{entry['ratio']:.2f}",
        spread,
    )
    if not entry["is_many"]:
        processor = entry["processor_ratio"]
        return (*cells, "" if processor is None else f"{processor:.2f}")
    return (
        *cells,
        _pair(entry["answer_p50"], entry["answer_p99"]),
        _pair(entry["pong_p50"], entry["pong_p99"]),
        "" if entry["answer_p50"] is None else f"{entry['lost']:,.0f}",
        f"{entry['memory']:.0f} KiB",
    )


def _pair(middle: float | None, high: float | None) -> str:
    return "" if middle is None or high is None else f"{_figure(middle)} / {_figure(high)} ms"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _value(figures: Figures, work: Work) -> float:
    value = figures[work.figure]
    assert value is not None
    return value


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 3) if known else None
