"""The config says which plugins are loaded, and hears of names that nothing has."""

from __future__ import annotations

import pytest

from agentframework.errors import PluginError
from agentframework.plugins import LoadedPlugins
from throwaway import GOOD, World, builtin, report_of


class TestWhatTheConfigLetsIn:
    def states(self, loaded: LoadedPlugins) -> dict[str, str]:
        return {one.name: one.state for one in loaded.reports}

    @pytest.fixture
    def three(self, world: World) -> World:
        world.plugin("alpha", GOOD.replace("greet", "greet_a"))
        world.plugin("beta", GOOD.replace("greet", "greet_b"))
        world.plugin("broken", "raise SystemExit")
        return world

    def test_what_is_disabled_is_not_imported(self, three: World) -> None:
        states = self.states(three.load('[plugins]\ndisable = ["broken", "beta"]\n'))
        assert states == {"alpha": "loaded", "beta": "disabled", "broken": "disabled"}

    def test_without_autoload_only_what_is_named_is_loaded(self, three: World) -> None:
        loaded = three.load(
            '[plugins]\nautoload = false\nenable = ["beta"]\n', builtins=[("own", builtin("own_tool"))]
        )
        assert self.states(loaded) == {
            "own": "loaded",
            "alpha": "skipped",
            "beta": "loaded",
            "broken": "skipped",
        }
        assert three.registry.names() == ("greet_b", "own_tool")
        loaded = three.load('[plugins]\nautoload = false\nrequired = ["alpha"]\n')
        assert self.states(loaded) == {"alpha": "loaded", "beta": "skipped", "broken": "skipped"}

    def test_a_required_plugin_that_fails_is_fatal(self, three: World) -> None:
        with pytest.raises(
            PluginError, match=r"plugin 'broken' \(broken-dist 1\.0\): it tried to end the process"
        ):
            three.load('[plugins]\nrequired = ["alpha", "broken"]\n')

    def test_a_required_plugin_that_is_not_installed_is_fatal(self, three: World) -> None:
        with pytest.raises(PluginError) as caught:
            three.load('[plugins]\nrequired = ["alpah"]\n')
        assert caught.value.plugin == "alpah"
        assert caught.value.cause == "the config requires it and it is not installed"
        assert caught.value.fix == "Install it, or take it out of [plugins] required; did you mean 'alpha'?"

    def test_all_that_is_fatal_is_listed_for_those_who_ask(self, three: World) -> None:
        loaded = three.load('[plugins]\nrequired = ["broken", "gamma", "alpha"]\n', forgive=True)
        assert [fault.plugin for fault in loaded.fatal] == ["gamma", "broken"]
        assert report_of(loaded, "alpha").state == "loaded"

    def test_a_distribution_of_single_tools_can_be_required(self, world: World) -> None:
        world.install("bad", modules={"throwaway_bad": "raise OSError"}, tools={"dig": "throwaway_bad:dig"})
        with pytest.raises(PluginError, match="OSError"):
            world.load('[plugins]\nrequired = ["bad"]\n')

    def test_names_that_nothing_has_are_problems_with_the_nearest_one(self, three: World) -> None:
        loaded = three.load(
            '[plugins]\ndisable = ["broken",\n"alhpa", "beta-dist"]\n[plugins.beto]\nx = 1\n[plugins.zulu]\n'
        )
        assert [(one.line, one.key, one.problem, one.fix) for one in loaded.problems] == [
            (5, "plugins.disable[1]", "no installed plugin is called 'alhpa'", "did you mean 'alpha'?"),
            (
                5,
                "plugins.disable[2]",
                "no installed plugin is called 'beta-dist'",
                "'beta-dist' is a distribution; its plugin is called 'beta'",
            ),
            (6, "plugins.beto", "no installed plugin is called 'beto'", "did you mean 'beta'?"),
            (
                8,
                "plugins.zulu",
                "no installed plugin is called 'zulu'",
                "`agentframework plugins` lists those that are installed",
            ),
        ]
        (problem,) = three.load('[plugins]\nautoload = false\nenable = ["gamma"]\n').problems
        assert problem.key == "plugins.enable[0]"

    def test_the_table_of_a_disabled_plugin_is_no_problem(self, three: World) -> None:
        assert three.load('[plugins]\ndisable = ["alpha"]\n[plugins.alpha]\nx = 1\n').problems == ()
