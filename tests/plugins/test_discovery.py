"""What is installed is found by its metadata, once, in one order, and without importing it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agentframework.plugins import Found, discover
from throwaway import install


def found(*folders: Path) -> list[tuple[str, str, str, str]]:
    """Name, kind, distribution and version of what is found in these folders."""
    return [
        (one.name, one.kind, one.distribution, one.version) for one in discover([str(f) for f in folders])
    ]


def test_plugins_and_single_tools_are_found_by_name(tmp_path: Path) -> None:
    install(tmp_path, "Zoo-Tools", "2.1", plugins={"zebra": "z", "ant": "a:plugin"}, tools={"feed": "z:feed"})
    install(tmp_path, "bees", plugins={"bee": "b"})
    assert found(tmp_path) == [
        ("ant", "plugin", "Zoo-Tools", "2.1"),
        ("bee", "plugin", "bees", "1.0"),
        ("zebra", "plugin", "Zoo-Tools", "2.1"),
        ("feed", "tool", "Zoo-Tools", "2.1"),
    ]
    assert discover([str(tmp_path)])[0].value == "a:plugin"


def test_the_order_of_the_path_makes_no_difference(tmp_path: Path) -> None:
    for number, name in enumerate(["b", "c", "a"]):
        install(tmp_path / str(number), f"dist-{name}", plugins={name: name})
    folders = [tmp_path / str(number) for number in range(3)]
    assert found(*folders) == found(*reversed(folders))


def test_what_is_on_the_path_twice_is_found_once(tmp_path: Path) -> None:
    install(tmp_path / "lib", "hue-tools", plugins={"hue": "hue"})
    (tmp_path / "lib64").symlink_to(tmp_path / "lib")
    assert len(found(tmp_path / "lib", tmp_path / "lib64", tmp_path / "lib")) == 1


def test_an_editable_install_hides_the_wheel_behind_it(tmp_path: Path) -> None:
    """Also under another spelling of its name, and where only one of the two still has the entry point."""
    install(tmp_path / "source", "hue-tools", "2.0", plugins={"hue": "hue"})
    install(tmp_path / "site", "Hue_Tools", "1.0", plugins={"hue": "hue", "old": "old"})
    assert found(tmp_path / "source", tmp_path / "site") == [("hue", "plugin", "hue-tools", "2.0")]
    install(tmp_path / "newer", "hue.tools", "3.0")
    assert found(tmp_path / "newer", tmp_path / "source", tmp_path / "site") == []


def test_the_same_entry_point_twice_in_one_distribution_is_one(tmp_path: Path) -> None:
    install(tmp_path, "hue-tools", plugins={"hue": "hue"})
    points = tmp_path / "hue_tools-1.0.dist-info" / "entry_points.txt"
    points.write_text("[agentframework]\nhue = hue\nhue = hue\n", encoding="utf-8")
    assert len(found(tmp_path)) == 1


def test_a_damaged_package_hides_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    install(tmp_path, "broken", plugins={"x": "x"})
    (tmp_path / "broken-1.0.dist-info" / "entry_points.txt").write_text("[agentframework]\nno value\n")
    install(tmp_path, "nameless", plugins={"y": "y"})
    (tmp_path / "nameless-1.0.dist-info" / "METADATA").write_text("")
    (tmp_path / "empty-1.0.dist-info").mkdir()
    install(tmp_path, "fine", plugins={"fine": "fine"})
    assert ("fine", "plugin", "fine", "1.0") in found(tmp_path)
    assert "the entry points of an installed package cannot be read" in caplog.text


def test_a_version_that_is_not_told_is_said_to_be_unknown(tmp_path: Path) -> None:
    install(tmp_path, "hue", plugins={"hue": "hue"})
    (tmp_path / "hue-1.0.dist-info" / "METADATA").write_text("Name: hue\n")
    assert found(tmp_path) == [("hue", "plugin", "hue", "of unknown version")]


def test_finding_imports_nothing(tmp_path: Path) -> None:
    install(
        tmp_path,
        "slow",
        modules={"slow": "import time; time.sleep(60)"},
        plugins={"slow": "slow"},
        tools={"t": "slow:t"},
    )
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from agentframework.plugins import discover\n"
        "print([one.name for one in discover() if one.distribution == 'slow'], 'slow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['slow', 't'] False\n"


def test_what_was_found_says_what_it_is(tmp_path: Path) -> None:
    tool = Found("feed", "tool", "zoo", "1.0", "zoo:feed")
    assert str(tool) == "tool 'feed' (zoo 1.0)"
    assert tool.owner.name == "zoo"
