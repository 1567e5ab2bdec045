"""The results of the benchmarks: medians and ratios of rounds, and the page that shows them."""

from __future__ import annotations

from typing import Any

from benchmarks.checking import CHECKS
from benchmarks.measuring import Figures
from benchmarks.plan import FULL, LIMIT, OURS_SYNC, Work, works
from benchmarks.pools import POOLS
from benchmarks.results import (
    PAGE,
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
from benchmarks.sound import FIGURES

WORK = Work("some work", "round_trip.1", "p50", "ms", (LIMIT, OURS_SYNC))


def figures(p50: float, cpu: float = 1.0) -> Figures:
    return {"p50": p50, "cpu": cpu, "memory": 2.0}


class TestRows:
    """One client's figures over all rounds."""

    def test_a_ratio_compares_with_the_limit_of_the_same_round(self) -> None:
        measured: dict[str, list[Figures | None]] = {
            LIMIT.name: [figures(1.0), figures(2.0), figures(4.0)],
            OURS_SYNC.name: [figures(2.0, 3.0), figures(6.0, 2.0), figures(4.0, 1.0)],
        }
        made = row(WORK, OURS_SYNC, measured)
        assert (made["median"], made["ratio"], made["lowest_ratio"], made["highest_ratio"]) == (
            4.0,
            2.0,
            1.0,
            3.0,
        )
        assert made["processor_ratio"] == 2.0

    def test_a_round_that_failed_is_counted_and_left_out(self) -> None:
        measured: dict[str, list[Figures | None]] = {
            LIMIT.name: [figures(1.0), figures(1.0)],
            OURS_SYNC.name: [None, figures(3.0)],
        }
        made = row(WORK, OURS_SYNC, measured)
        assert (made["failed"], made["rounds"], made["ratio"]) == (1, 1, 3.0)

    def test_a_client_that_never_got_through_is_shown_so(self) -> None:
        measured: dict[str, list[Figures | None]] = {LIMIT.name: [figures(1.0)], OURS_SYNC.name: [None]}
        shown = tables({"rows": [row(WORK, OURS_SYNC, measured)], "starts": [], "checks": []})
        assert "did not get through" in shown

    def test_a_check_is_compared_with_the_reference_of_the_same_round(self) -> None:
        made = check_row("ours", [(1.0, 10.0), (4.0, 20.0), (3.0, 10.0)])
        assert (made["median"], made["ratio"]) == (3.0, 0.2)
        assert (made["lowest_ratio"], made["highest_ratio"]) == (0.1, 0.3)

    def test_a_hang_that_was_not_ended_in_one_round_was_not_ended(self) -> None:
        rounds: list[dict[str, float | None]] = [
            {"p50": 1.0, "per_second": 10.0, "late": 4.0},
            {"p50": 3.0, "per_second": 20.0, "late": 8.0},
        ]
        assert pool_row("ours", rounds) == {"pool": "ours", "p50": 2.0, "per_second": 15.0, "late": 8.0}
        assert pool_row("ours", [*rounds, {**rounds[0], "late": None}])["late"] is None

    def test_our_audio_interface_is_compared_with_the_sdks_of_the_same_round(self) -> None:
        made = sound_row("stops", [(100.0, 10.0), (50.0, 10.0), (200.0, 10.0)])
        assert (made["sdk"], made["ours"], made["ratio"]) == (100.0, 10.0, 0.1)
        assert (made["lowest_ratio"], made["highest_ratio"]) == (0.05, 0.2)

    def test_a_start_has_its_spread(self) -> None:
        made = start_row("import", [3.0, 1.0, 2.0])
        assert (made["median"], made["lowest"], made["highest"]) == (2.0, 1.0, 3.0)


class TestThePage:
    """What readers see was measured."""

    def test_it_shows_the_kept_results_and_nothing_else(self) -> None:
        page = PAGE.read_text()
        assert page_with(read(), page) == page

    def test_other_results_would_change_it(self) -> None:
        results = read()
        results["rows"][0]["median"] += 1.0
        page = PAGE.read_text()
        assert page_with(results, page) != page

    def test_every_work_and_every_client_is_in_the_results(self) -> None:
        kept = {(entry["work"], entry["client"]) for entry in read()["rows"]}
        assert kept == {(work.name, kind.name) for work in works(FULL) for kind in work.clients}

    def test_every_check_is_in_the_results(self) -> None:
        assert [entry["check"] for entry in read()["checks"]] == list(CHECKS)

    def test_every_pool_is_in_the_results(self) -> None:
        assert [entry["pool"] for entry in read()["pools"]] == list(POOLS)

    def test_every_figure_of_sound_is_in_the_results(self) -> None:
        assert [entry["sound"] for entry in read()["sounds"]] == list(FIGURES)

    def test_new_results_take_the_place_of_older_ones_of_the_same_work_alone(self) -> None:
        first, second, *_ = works(FULL)
        old: dict[str, Any] = {
            "rows": [{"work": first.name, "median": 1}, {"work": second.name, "median": 1}],
            "starts": ["old"],
            "checks": ["old"],
            "sounds": ["old"],
        }
        new: dict[str, Any] = {
            "rows": [{"work": first.name, "median": 2}],
            "starts": [],
            "checks": ["new"],
            "pools": ["new"],
            "sounds": [],
        }
        both = merged(old, new)
        assert [entry["median"] for entry in both["rows"]] == [2, 1]
        assert (both["starts"], both["checks"], both["pools"]) == (["old"], ["new"], ["new"])
        assert both["sounds"] == ["old"]
