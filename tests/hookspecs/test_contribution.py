"""A plugin reads its settings, and makes its handlers and backends when they are needed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agentframework.errors import AudioError, PluginError
from agentframework.hookspecs import hookimpl
from agentframework.plugins import LoadedPlugins, load_plugins
from agentframework.tools.registry import ToolRegistry
from throwaway import GOOD, World, error_of, report_of


class TestSettings:
    CODE = """
    from pydantic import BaseModel, SecretStr
    from agentframework.hookspecs import hookimpl

    class Lamp(BaseModel):
        name: str
        level: int = 100

    class Settings(BaseModel):
        host: str = "localhost"
        lamps: list[Lamp] = []
        pin: SecretStr | None = None
        retries: int | float = 3

    @hookimpl
    def register_tools(register):
        settings = register.settings(Settings)
        def settings_of_hue() -> str:
            return f"{settings.host} {[lamp.name for lamp in settings.lamps]} {settings.retries}"
        register(settings_of_hue)
    """

    TOOLS = """
    from pydantic import BaseModel, SecretStr
    from agentframework import ToolContext, tool
    from agentframework.hookspecs import hookimpl

    class Settings(BaseModel):
        pin: SecretStr = SecretStr("0000")

    class Others(BaseModel, extra="allow"):
        pass

    @tool
    def switch(context: ToolContext) -> str:
        return "switched"

    @hookimpl
    def register_tools(register):
        register(switch)
        assert register(lambda: "", name="dim") is not None
        assert register.settings(Settings) is register.settings(Settings)

    @hookimpl
    def register_callbacks(register):
        register.settings(Others)
    """

    def test_the_plugins_tools_have_what_was_read_first(self, world: World) -> None:
        world.plugin("hue", self.TOOLS)
        world.load("[plugins.hue]\npin = '4711'")
        tools = [world.registry.get(name) for name in ("switch", "dim")]
        first, second = (tool.settings for tool in tools if tool is not None)
        assert first is second
        assert first.pin.get_secret_value() == "4711"
        assert type(first).__name__ == "Settings"
        assert "4711" not in repr(tools)

    def test_a_plugin_that_reads_none_has_tools_without_settings(self, world: World) -> None:
        world.plugin("greeting", GOOD)
        world.load("[plugins.greeting]\npin = '4711'")
        tool = world.registry.get("greet")
        assert tool is not None
        assert tool.settings is None

    def said(self, world: World) -> object:
        tool = world.registry.get("settings_of_hue")
        assert tool is not None
        return tool()

    def test_a_plugin_reads_its_table_as_its_own_model(self, world: World) -> None:
        world.plugin("hue", self.CODE)
        world.load('[plugins.hue]\nhost = "bridge"\nlamps = [{ name = "hall" }]\nretries = "${R:-5}"\n')
        assert self.said(world) == "bridge ['hall'] 5"

    def test_without_a_table_the_defaults_count(self, world: World) -> None:
        world.plugin("hue", self.CODE)
        world.load()
        assert self.said(world) == "localhost [] 3"

    def test_mistakes_are_said_with_line_key_and_the_nearest_word_and_show_no_value(
        self, world: World
    ) -> None:
        world.plugin("hue", self.CODE)
        world.plugin("zzz", GOOD)
        loaded = world.load(
            '[plugins.hue]\nhots = "canary"\npin = { x = "canary" }\nretries = "canary"\n'
            '[[plugins.hue.lamps]]\nnam = "canary"\nlevel = "canary"\n'
        )
        path = world.folder / "config.toml"
        assert [str(problem) for problem in loaded.problems] == [
            f"{path}:4: plugins.hue.hots: unknown key (did you mean 'host'?)",
            f"{path}:5: plugins.hue.pin: expected text, got a table",
            f"{path}:6: plugins.hue.retries: expected a whole number, got text",
            f"{path}:6: plugins.hue.retries: expected a number, got text",
            f"{path}:7: plugins.hue.lamps[0].name: is missing",
            f"{path}:8: plugins.hue.lamps[0].nam: unknown key (did you mean 'name'?)",
            f"{path}:9: plugins.hue.lamps[0].level: expected a whole number, got text",
        ]
        fault = error_of(loaded, "hue")
        assert fault.cause.startswith(f"its settings are wrong: {path}:4: plugins.hue.hots: unknown key")
        assert fault.fix == 'Correct [plugins.hue] or disable it: [plugins] disable = ["hue"].'
        assert "canary" not in f"{fault}{loaded.problems}"
        assert world.registry.names() == ("greet",)

    def test_a_model_may_take_any_key_if_it_says_so(self, world: World) -> None:
        world.plugin(
            "hue",
            self.CODE.replace("class Settings(BaseModel):", "class Settings(BaseModel, extra='allow'):"),
        )
        assert report_of(world.load("[plugins.hue]\nanything = 1\n"), "hue").state == "loaded"

    def test_a_table_that_nobody_reads_is_a_problem(self, world: World) -> None:
        world.plugin("greeting", GOOD)
        (problem,) = world.load("[plugins.greeting]\nx = 1\n").problems
        assert (problem.line, problem.key) == (3, "plugins.greeting")
        assert problem.problem == "this plugin has no settings"


class TestFaultsThatShowLater:
    def loaded(self, hook: str, registered: str) -> LoadedPlugins:
        def implementation(register: Callable[..., object]) -> None:
            factories: dict[str, Callable[[], object]] = {
                "raises": lambda: 1 / 0,
                "odd": lambda: 3,
                "exits": exit_,
            }
            arguments = () if hook == "register_callbacks" else ("tone",)
            register(*arguments, factories[registered])

        def exit_() -> object:
            raise SystemExit

        plugin = type("Plugin", (), {hook: staticmethod(hookimpl(implementation))})()
        return load_plugins(ToolRegistry(), builtins=[("late", plugin)], path=[])

    @pytest.mark.parametrize("factory", ["raises", "odd", "exits"])
    def test_callbacks_that_cannot_be_made_name_their_plugin(self, factory: str) -> None:
        (owned,) = self.loaded("register_callbacks", factory).callbacks
        with pytest.raises(PluginError, match="plugin 'late'"):
            owned.make()

    @pytest.mark.parametrize("factory", ["raises", "odd", "exits"])
    def test_a_backend_that_cannot_be_made_names_its_plugin(self, factory: str) -> None:
        backend = self.loaded("register_audio_backends", factory).audio_backends["tone"]
        with pytest.raises(AudioError, match="audio backend 'tone' of late"):
            backend.make()

    @pytest.mark.parametrize("factory", ["raises", "odd", "exits"])
    def test_an_approver_that_cannot_be_made_names_its_plugin(self, factory: str) -> None:
        approver = self.loaded("register_approvers", factory).approvers["tone"]
        with pytest.raises(PluginError, match=r"plugin 'late'.*approver 'tone'"):
            approver.make()
