"""The floors of the house: a module imports only what lies below it, and third-party packages only where they belong.

The tables are the rule; `violations` reads every import of a source tree, those in functions and in
`if TYPE_CHECKING:` too, and says each one that breaks it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "agentframework"

# Each floor's parts, lowest first. A part is a module, or a package with all that is in it.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("cleaning", "errors", "formats", "spelling"),
    ("protocol", "tools", "policy", "redaction", "config"),
    (
        *("audio", "transports", "workers", "callbacks", "approval", "permission", "loopthread"),
        *("recording", "audit", "rest"),
    ),
    ("hookspecs",),
    ("plugins", "session", "localagent"),
    ("conversation", "app", "trial"),
    ("__init__",),
    ("builtin", "testing", "compat", "cli"),
    ("__main__",),
)
# Floors whose parts may import one another; on every other floor they do not know each other.
ACQUAINTED = (0,)

# Each third-party package and the parts or modules that may import it.
THIRD_PARTY: dict[str, tuple[str, ...]] = {
    # a plugin's settings and a script for the local agent are files that people write, so they are models too
    "pydantic": (*FLOORS[1], "hookspecs", "plugins", "localagent", "builtin"),
    "pydantic_core": FLOORS[1],
    "jsonschema": FLOORS[1],
    "jsonschema_rs": ("tools.fastcheck",),
    "referencing": FLOORS[1],
    "pybase64": FLOORS[1],
    "websockets": ("transports.websocket", "localagent.server"),
    "httpx2": ("rest.exchange",),
    "uvloop": ("loopthread",),
    "numpy": ("audio.resampling",),
    "samplerate": ("audio.resampling",),
    "pluggy": ("hookspecs", "plugins"),
    "hypothesis": ("trial.strategies", "trial.fuzzing"),  # the extra `fuzz`
    "typer": ("cli",),
    "rich": ("cli",),
    "prompt_toolkit": ("cli",),
    "pytest": ("testing",),
    "agentframework_pyaudio": ("compat",),  # our own plugin, imported when its sound is asked for
}

# Floor 1 is rules: no I/O, no thread and no clock of its own. What a module needs of these all the same stands below.
IMPURE = (
    *(
        "asyncio",
        "concurrent",
        "multiprocessing",
        "queue",
        "sched",
        "signal",
        "subprocess",
        "threading",
        "time",
    ),
    *("http", "select", "selectors", "socket", "socketserver", "ssl", "urllib.request"),
)
IMPURE_ALLOWED = {
    "redaction": {"threading"},  # a lock: secrets are added while other threads write log records
    "policy.gate": {"threading"},  # a lock: calls of one session are judged on many threads
    "tools.context": {"threading"},  # the event by which a tool learns that nobody waits any more
}

# What a guest of the house (example_tools, plugins/*) may import of it.
PUBLIC = ("agentframework", "agentframework.testing")


@dataclass(frozen=True)
class Import:
    """One imported name: `target` is the dotted module, `line` where it is imported."""

    target: str
    line: int


def module_name(path: Path, source: Path) -> str:
    """The dotted name of a file below the package folder `source`; a package's own file ends in `__init__`."""
    return ".".join(path.relative_to(source).with_suffix("").parts)


def imports_of(path: Path, package: Sequence[str], modules: frozenset[str]) -> Iterator[Import]:
    """Every import of the file, wherever it stands; `package` is what relative imports start from.

    `from x import y` is an import of `x.y` where that is one of `modules`, and else of `x`.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (Import(alias.name, node.lineno) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = (
                    ".".join([*package[: len(package) - level + 1], *([module] if module else [])])
                    if level
                    else module or ""
                )
                for alias in names:
                    inner = f"{base}.{alias.name}"
                    yield Import(inner if inner in modules else base, node.lineno)
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called),
                args=[ast.Constant(value=str(target)), *_],
            ):
                if called in {"import_module", "__import__"}:
                    yield Import(target, node.lineno)


def read_tree(source: Path) -> dict[str, list[Import]]:
    """The imports of each module below the package folder `source`, by dotted name within the package."""
    paths = {module_name(path, source): path for path in sorted(source.rglob("*.py"))}
    modules = frozenset(f"{PACKAGE}.{name}".removesuffix(".__init__") for name in paths)
    return {
        name: list(imports_of(path, [PACKAGE, *name.split(".")[:-1]], modules))
        for name, path in paths.items()
    }


def floor_of(part: str) -> int | None:
    return next((number for number, parts in enumerate(FLOORS) if part in parts), None)


def part_of(name: str) -> str:
    return name.split(".")[0]


def is_within(name: str, places: Sequence[str]) -> bool:
    """Whether the module is one of `places` or lies in one that is a package."""
    return any(name == place or name.startswith(f"{place}.") for place in places)


def violations(source: Path) -> list[str]:
    """What breaks the rule in the package folder `source`, a sentence each."""
    found: list[str] = []
    for name, imports in read_tree(source).items():
        floor = floor_of(part_of(name))
        if floor is None:
            found.append(
                f"{name}: stands on no floor; give `{part_of(name)}` its place in FLOORS and in the design"
            )
            continue
        for imported in imports:
            problem = judge(name, floor, imported.target)
            if problem:
                found.append(f"{name} (floor {floor}), line {imported.line}: {problem}")
    return found


def judge(name: str, floor: int, target: str) -> str | None:
    """What is wrong with the import of `target` by the module `name`, or None."""
    root, _, rest = target.partition(".")
    if root == PACKAGE:
        return judge_own(name, floor, part_of(rest) if rest else "__init__")
    if root in sys.stdlib_module_names:
        impure = is_within(target, IMPURE) and target not in IMPURE_ALLOWED.get(name, ())
        return (
            f"{target} is I/O, a thread or a clock, and floor 1 has none" if floor == 1 and impure else None
        )
    if root not in THIRD_PARTY:
        return f"{root} is in no row of THIRD_PARTY"
    if not is_within(name, THIRD_PARTY[root]):
        return f"{root} may be imported only in {', '.join(THIRD_PARTY[root])}"
    return None


def judge_own(name: str, floor: int, part: str) -> str | None:
    other = floor_of(part)
    if other is None:
        return f"imports {part}, which stands on no floor"
    if other > floor:
        return f"imports {part}, which is above it (floor {other})"
    if other == floor and part != part_of(name) and floor not in ACQUAINTED:
        return f"imports {part}, which is another part of the same floor"
    return None


def cycles(source: Path) -> list[str]:
    """Each ring of modules that import one another, written as a path."""
    tree = read_tree(source)
    graph: dict[str, set[str]] = {}
    for name, imports in tree.items():
        inner = (imported.target.removeprefix(f"{PACKAGE}.") for imported in imports)
        graph[name] = {
            module for target in inner for module in (target, f"{target}.__init__") if module in tree
        }
        graph[name].discard(name)
    found: list[str] = []
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            found.append(" -> ".join([*path[path.index(name) :], name]))
        elif name not in done:
            for following in sorted(graph[name]):
                visit(following, (*path, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())
    return found


def guests() -> list[Path]:
    """The source files of packages that are not the framework's own."""
    folders = [ROOT / "example_tools", *(ROOT / "plugins").glob("*/")]
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


class TestTheHouse:
    """The framework as it is."""

    source = ROOT / "framework" / PACKAGE

    def test_every_module_imports_only_downwards(self) -> None:
        found = violations(self.source)
        assert not found, "\n".join(["the floors are broken:", *found])

    def test_no_modules_import_one_another_in_a_ring(self) -> None:
        found = cycles(self.source)
        assert not found, "\n".join(["modules import one another:", *found])

    def test_guests_import_public_names_only(self) -> None:
        for path in guests():
            for imported in imports_of(path, [], frozenset()):
                if part_of(imported.target) == PACKAGE:
                    assert imported.target in PUBLIC, (
                        f"{path.relative_to(ROOT)}, line {imported.line}: {imported.target}"
                    )

    def test_what_is_built_in_imports_public_names_only(self) -> None:
        own = f"{PACKAGE}.builtin"
        for path in sorted((self.source / "builtin").rglob("*.py")):
            for imported in imports_of(path, [], frozenset()):
                if part_of(imported.target) == PACKAGE and not imported.target.startswith(own):
                    assert imported.target in PUBLIC, f"{path.name}, line {imported.line}: {imported.target}"

    def test_the_drawing_for_contributors_is_the_table(self) -> None:
        drawn = (ROOT / "CONTRIBUTING.md").read_text().splitlines()
        for number, parts in enumerate(FLOORS[:-1]):  # the last is the file that `python -m` runs
            (line,) = (line for line in drawn if line.startswith(f"    {number}  "))
            assert line.split()[1 : 1 + len(parts)] == list(parts)


class TestTheRule:
    """The test can fail. Made-up houses that break the rule in one place each."""

    @pytest.fixture
    def house(self, tmp_path: Path) -> Path:
        for name, text in {
            "errors.py": "import enum\n",
            "formats.py": "from agentframework.errors import X\n",
            "tools/__init__.py": "",
            "tools/context.py": "import threading\n",
            "tools/tool.py": "import pydantic\nfrom agentframework.tools import context\nfrom ..errors import X\n",
            "transports/websocket.py": "from websockets.asyncio.client import connect\n",
            "session/engine.py": "from agentframework.tools.tool import T\n",
            "__init__.py": "from agentframework.session.engine import E\n",
            "cli/main.py": "import typer\nimport agentframework\nfrom agentframework import E\n",
        }.items():
            path = tmp_path / PACKAGE / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / PACKAGE

    def test_a_house_in_order_passes(self, house: Path) -> None:
        assert violations(house) == []
        assert cycles(house) == []

    @pytest.mark.parametrize(
        ("module", "text", "said"),
        [
            (
                "errors.py",
                "from agentframework.tools.tool import T",
                "imports tools, which is above it (floor 1)",
            ),
            (
                "errors.py",
                "def f():\n    import agentframework.cli.main",
                "imports cli, which is above it (floor 7)",
            ),
            (
                "errors.py",
                "if T:\n    from agentframework import session",
                "imports session, which is above it (floor 4)",
            ),
            ("errors.py", "import_module('agentframework.app')", "imports app, which is above it (floor 5)"),
            ("errors.py", "from agentframework import E", "imports __init__, which is above it (floor 6)"),
            ("tools/tool.py", "from ..cli import main", "imports cli, which is above it (floor 7)"),
            ("tools/tool.py", "from agentframework.config import C", "another part of the same floor"),
            ("tools/tool.py", "import socket", "socket is I/O, a thread or a clock"),
            (
                "tools/tool.py",
                "from urllib.request import urlopen",
                "urllib.request is I/O, a thread or a clock",
            ),
            ("tools/tool.py", "import threading", "threading is I/O, a thread or a clock"),
            ("tools/tool.py", "import scipy", "scipy is in no row of THIRD_PARTY"),
            (
                "tools/tool.py",
                "import websockets",
                "websockets may be imported only in transports.websocket, localagent.server",
            ),
            (
                "transports/websocket.py",
                "from agentframework.audio.base import B",
                "another part of the same floor",
            ),
            ("session/engine.py", "import pluggy", "pluggy may be imported only in hookspecs, plugins"),
            ("session/engine.py", "from agentframework.plugins import P", "another part of the same floor"),
            (
                "session/engine.py",
                "from agentframework.helpers import h",
                "imports helpers, which stands on no floor",
            ),
            ("helpers.py", "", "stands on no floor; give `helpers` its place"),
            ("cli/main.py", "from agentframework.testing import t", "another part of the same floor"),
        ],
    )
    def test_an_import_that_breaks_it_is_said(self, house: Path, module: str, text: str, said: str) -> None:
        (house / "session" / "__init__.py").touch()
        (house / "cli" / "__init__.py").touch()
        (house / module).write_text(text + "\n")
        (violation,) = violations(house)
        assert said in violation
        assert violation.startswith(module_name(house / module, house))

    def test_a_ring_is_said_as_a_path(self, house: Path) -> None:
        (house / "tools" / "context.py").write_text("from agentframework.tools.tool import T\n")
        (ring,) = cycles(house)
        assert ring in {
            "tools.context -> tools.tool -> tools.context",
            "tools.tool -> tools.context -> tools.tool",
        }
