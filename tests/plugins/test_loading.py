"""Plugins are loaded one at a time, and what one does wrong is reported while the others go on."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from agentframework.config import Config
from agentframework.errors import ToolDefinitionError
from agentframework.plugins import LoadedPlugins, load_plugins
from agentframework.tools.registry import ToolRegistry
from broken_plugins import BROKEN
from throwaway import GOOD, World, builtin, error_of, importable, report_of


def test_an_installed_plugin_is_loaded_without_a_word_in_the_config(world: World) -> None:
    world.plugin("greeting", GOOD)
    loaded = world.load()
    assert world.registry.names() == ("greet",)
    tool = world.registry.get("greet")
    assert tool is not None
    assert tool.owner == "greeting"
    assert tool.description == "Greet somebody."
    found = report_of(loaded, "greeting")
    assert (found.state, found.kind, found.distribution, found.version) == (
        "loaded",
        "plugin",
        "greeting-dist",
        "1.0",
    )
    assert (found.value, found.tools, found.error) == ("throwaway_greeting", ("greet",), None)
    assert (loaded.problems, loaded.fatal) == ((), ())
    assert loaded.tool_names == {"greet"}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_reported_with_cause_and_fix_and_the_others_go_on(
    world: World, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    code, cause, fix = BROKEN[name]
    world.plugin("aaa", GOOD.replace("greet", "first"))
    world.plugin(name, code)
    world.plugin("zzz", GOOD.replace("greet", "last"))
    loaded = world.load()
    assert world.registry.names() == ("first", "last")
    assert loaded.callbacks == ()
    assert loaded.audio_backends == {}
    fault = error_of(loaded, name)
    assert (fault.plugin, fault.distribution, fault.version) == (name, f"{name}-dist", "1.0")
    assert cause in fault.cause
    assert fix in fault.fix
    assert fault.fix.endswith(".")
    assert report_of(loaded, name).tools == ()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        str(fault)
    ]


@pytest.mark.parametrize("name", ["import_error", "half_way", "bad_tool"])
def test_the_fix_says_how_to_go_on_without_it(world: World, name: str) -> None:
    world.plugin(name, BROKEN[name][0])
    assert f'or disable it: [plugins] disable = ["{name}"].' in error_of(world.load(), name).fix
    assert report_of(world.load(f'[plugins]\ndisable = ["{name}"]\n'), name).state == "disabled"


def test_the_place_in_the_plugin_is_told_and_the_cause_is_kept(world: World) -> None:
    world.plugin("half_way", BROKEN["half_way"][0])
    fault = error_of(world.load(), "half_way")
    assert f"({world.site / 'throwaway_half_way.py'}:10)" in fault.cause
    assert isinstance(fault.__cause__, RuntimeError)


def test_a_user_who_interrupts_is_heard(world: World) -> None:
    world.plugin("slow", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        world.load()


def test_an_optional_hook_of_a_later_version_does_no_harm(world: World) -> None:
    world.plugin("new", GOOD + "@hookimpl(optionalhook=True)\ndef register_workers(register, more): ...\n")
    assert report_of(world.load(), "new").state == "loaded"


class TestTwoOfOneName:
    def test_the_second_plugin_with_a_tools_name_fails_as_a_whole(self, world: World) -> None:
        world.plugin(
            "beta", GOOD.replace("register(greet)", "register(greet, name='extra'); register(greet)")
        )
        world.plugin("alpha", GOOD.replace("Hello", "Hi"))
        loaded = world.load()
        assert report_of(loaded, "alpha").state == "loaded"
        fault = error_of(loaded, "beta")
        assert fault.cause == "its tool 'greet' is already there, from plugin 'alpha' (alpha-dist 1.0)"
        assert (
            fault.fix
            == 'Disable one of the two: [plugins] disable = ["beta"] or [plugins] disable = ["alpha"].'
        )
        assert world.registry.names() == ("greet",)
        world.load('[plugins]\ndisable = ["alpha"]\n')
        assert world.registry.names() == ("extra", "greet")

    def test_a_tool_that_nobody_wants_is_no_cause_for_a_quarrel(self, world: World) -> None:
        world.plugin("alpha", GOOD.replace("Hello", "Hi"))
        world.plugin(
            "beta", GOOD.replace("register(greet)", "register(greet, name='extra'); register(greet)")
        )
        loaded = world.load('[tools]\ndisable = ["gr*"]\n')
        assert [one.state for one in loaded.reports] == ["loaded", "loaded"]
        assert world.registry.select(["*"], ["gr*"]).names() == ("extra",)

    def test_a_tool_that_is_there_before_the_plugins_stays(self, world: World) -> None:
        def greet() -> str:
            return "mine"

        world.plugin("alpha", GOOD)
        registry = ToolRegistry()
        mine = registry.add(greet, owner="the program")
        loaded = load_plugins(registry, world.config(), path=world.path)
        assert error_of(loaded, "alpha").cause == "its tool 'greet' is already there, from the program"
        assert registry.get("greet") is mine

    def test_one_function_that_is_found_in_two_ways_is_one_tool(self, world: World) -> None:
        world.install(
            "alpha",
            modules={"throwaway_alpha": GOOD},
            plugins={"alpha": "throwaway_alpha"},
            tools={"greet": "throwaway_alpha:greet"},
        )
        assert [one.state for one in world.load().reports] == ["loaded", "loaded"]
        assert len(world.registry) == 1

    def test_the_second_plugin_with_a_backends_name_fails(self, world: World) -> None:
        code = (
            "from agentframework import hookimpl\n@hookimpl\n"
            "def register_audio_backends(register):\n    register('tone', lambda: 1)\n"
        )
        world.plugin("alpha", code)
        world.plugin("beta", code + GOOD)
        loaded = world.load()
        fault = error_of(loaded, "beta")
        assert (
            fault.cause == "its audio backend 'tone' is already there, from plugin 'alpha' (alpha-dist 1.0)"
        )
        assert '[plugins] disable = ["alpha"]' in fault.fix
        assert loaded.audio_backends["tone"].owner == "alpha"
        assert world.registry.names() == ()

    def test_the_second_plugin_of_a_name_is_not_imported(self, world: World) -> None:
        world.install("aa", modules={"throwaway_aa": GOOD}, plugins={"greeting": "throwaway_aa"})
        world.install(
            "bb", "2.0", modules={"throwaway_bb": "raise SystemExit"}, plugins={"greeting": "throwaway_bb"}
        )
        loaded = world.load()
        first, second = loaded.reports
        assert (first.state, second.state) == ("loaded", "failed")
        assert second.error is not None
        assert second.error.cause == "its name is taken by the plugin of aa 1.0"
        assert second.error.fix == "Uninstall one of the two: pip uninstall bb."
        assert world.registry.names() == ("greet",)

    def test_one_module_under_two_names_is_one_plugin(self, world: World) -> None:
        world.install(
            "aa", modules={"throwaway_aa": GOOD}, plugins={"one": "throwaway_aa", "two": "throwaway_aa"}
        )
        loaded = world.load()
        assert report_of(loaded, "one").state == "loaded"
        assert error_of(loaded, "two").cause == "it is the plugin 'one' once more"
        assert world.registry.names() == ("greet",)

    @pytest.mark.parametrize("name", ["enable", "disable", "required", "autoload"])
    def test_no_plugin_can_be_called_like_a_key_of_its_table(self, world: World, name: str) -> None:
        world.plugin(name, GOOD)
        assert (
            error_of(world.load(), name).cause
            == f"no plugin can be called {name!r}, which is a key of [plugins] itself"
        )

    def test_the_order_of_installation_makes_no_difference(self, tmp_path: Path) -> None:
        outcomes = []
        for order in (["alpha", "beta", "gamma"], ["gamma", "beta", "alpha"]):
            folder = tmp_path / order[0]
            folder.mkdir()
            world = World(folder)
            for name in order:
                world.plugin(name, GOOD)
            with importable(world.site):
                outcomes.append([(one.name, one.state) for one in world.load().reports])
        assert outcomes[0] == outcomes[1] == [("alpha", "loaded"), ("beta", "failed"), ("gamma", "failed")]


class TestBuiltins:
    def test_they_enter_by_the_same_door_and_come_first(self, world: World) -> None:
        world.plugin("alpha", GOOD)
        loaded = world.load(builtins=[("zoo", builtin("greet")), ("own", builtin("own_tool"))])
        assert [(one.name, one.state) for one in loaded.reports] == [
            ("zoo", "loaded"),
            ("own", "loaded"),
            ("alpha", "failed"),
        ]
        assert report_of(loaded, "zoo").distribution == "agentframework"
        assert "from plugin 'zoo' (agentframework " in error_of(loaded, "alpha").cause

    def test_they_can_be_disabled(self) -> None:
        config = Config.from_mapping({"agent": {"url": "local"}, "plugins": {"disable": ["own"]}})
        loaded = load_plugins(ToolRegistry(), config, builtins=[("own", builtin("x"))], path=[])
        assert [one.state for one in loaded.reports] == ["disabled"]
        assert loaded.problems == ()


def test_a_slow_import_is_timed(world: World) -> None:
    world.plugin("slow", "import threading\nthreading.Event().wait(0.05)\n" + GOOD)
    loaded = world.load()
    assert 0.05 <= report_of(loaded, "slow").import_seconds < 5


def test_nothing_installed_is_nothing_wrong() -> None:
    loaded = load_plugins(ToolRegistry(), path=[])
    assert loaded == LoadedPlugins()


def test_the_schema_of_a_tool_is_checked_when_it_is_registered(world: World) -> None:
    world.plugin(
        "remote",
        GOOD.replace("register(greet)", "register(greet, parameters={'$ref': 'https://example.org/schema'})"),
    )
    fault = error_of(world.load(), "remote")
    assert isinstance(fault.__cause__, ToolDefinitionError)
    assert "of remote" in fault.cause
