"""The hooks are one page, each described by an example that runs."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable

import pytest

from agentframework import hookspecs
from agentframework.approval import Approver
from agentframework.audio.base import AudioBackend
from agentframework.callbacks import Callbacks
from agentframework.hookspecs import hookimpl
from agentframework.plugins.hooks import HOOKS
from agentframework.plugins.loading import load_plugins
from agentframework.tools.registry import ToolRegistry

SPECS = [name for name, value in vars(hookspecs).items() if hasattr(value, "agentframework_spec")]


def test_the_hooks_that_are_declared_are_those_that_are_called() -> None:
    assert sorted(SPECS) == sorted(HOOKS)
    assert all(name in hookspecs.__all__ for name in SPECS)


@pytest.mark.parametrize("name", SPECS)
def test_a_hook_takes_register_alone_and_is_described(name: str) -> None:
    spec: Callable[..., None] = getattr(hookspecs, name)
    assert list(inspect.signature(spec).parameters) == ["register"]
    registrar: Callable[..., object] = HOOKS[name]
    assert inspect.signature(spec).parameters["register"].annotation == getattr(registrar, "__name__", "")
    assert (inspect.getdoc(spec) or "").count("@hookimpl") == 1


@pytest.mark.parametrize("name", SPECS)
def test_the_example_of_a_hook_runs(name: str) -> None:
    class ToneBackend(AudioBackend):
        def start(self, line: object) -> None: ...
        def stop(self) -> None: ...

    class Pager(Approver):
        def approve(self, request: object) -> bool:
            return False

    def world_time() -> str:
        return "noon"

    def book() -> str:
        return "booked"

    lines = (inspect.getdoc(getattr(hookspecs, name)) or "").splitlines()
    example = textwrap.dedent("\n".join(line for line in lines if line.startswith("    ")))
    names: dict[str, object] = {
        "hookimpl": hookimpl,
        "world_time": world_time,
        "book": book,
        "Transcript": Callbacks,
        "Statistics": Callbacks,
        "ToneBackend": ToneBackend,
        "Pager": Pager,
    }
    exec(example, names)
    plugin_class = type("Plugin", (), {"__init__": lambda self: setattr(self, name, names[name])})
    registry = ToolRegistry()
    loaded = load_plugins(registry, builtins=[("example", plugin_class())], path=[])
    assert [one.error for one in loaded.reports] == [None]
    brought = (
        registry.names(),
        len(loaded.callbacks),
        tuple(loaded.audio_backends),
        tuple(loaded.approvers),
    )
    assert (
        brought
        == {
            "register_tools": (("book_table", "world_time"), 0, (), ()),
            "register_callbacks": ((), 2, (), ()),
            "register_audio_backends": ((), 0, ("tone",), ()),
            "register_approvers": ((), 0, (), ("pager",)),
        }[name]
    )
