"""The public names: all importable, all typed, and importing the package alone costs next to nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import agentframework


@pytest.mark.parametrize("name", agentframework.__all__)
def test_each_public_name_can_be_imported(name: str) -> None:
    assert getattr(agentframework, name) is not None
    assert name in dir(agentframework)


def test_what_type_checkers_see_is_what_there_is() -> None:
    """The imports for type checkers, the table of homes and `__all__` say the same."""
    assert agentframework.__file__ is not None
    tree = ast.parse(Path(agentframework.__file__).read_text(encoding="utf-8"))
    typed = {
        (str(node.module).removeprefix("agentframework."), alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("agentframework.")
        for alias in node.names
    }
    homes = {(home, name) for home, names in agentframework._HOMES.items() for name in names}
    assert typed == homes
    assert sorted(name for _, name in homes) == sorted(agentframework.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Konversation'"):
        _ = agentframework.Konversation


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ["pydantic", "jsonschema", "websockets", "pluggy", "asyncio", "httpx2", "typer", "rich", "uvloop"]
    program = f"import sys, agentframework; print([name for name in {heavy!r} if name in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert ran.stdout.strip() == "[]"


def test_a_conversation_without_plugins_imports_neither_plugins_nor_configs() -> None:
    heavy = ["pluggy", "agentframework.plugins", "agentframework.config", "httpx2", "typer", "rich"]
    program = (
        "import sys; from agentframework import Conversation; "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert ran.stdout.strip() == "[]"


def test_the_version_is_that_of_the_distribution() -> None:
    project = Path(__file__).parent.parent / "pyproject.toml"
    assert f'version = "{agentframework.__version__}"' in project.read_text(encoding="utf-8")
