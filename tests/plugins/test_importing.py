"""What an entry point names is imported, and a single tool made of it."""

from __future__ import annotations

import pytest

from agentframework.errors import PluginError
from agentframework.plugins import LoadedPlugins
from throwaway import GOOD, World, error_of, report_of


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("throwaway_absent", "its entry point names the module 'throwaway_absent', which is not there"),
        ("throwaway_absent.sub:x", "its entry point names the module 'throwaway_absent', which is not there"),
        (
            "throwaway_here:plugn",
            "its entry point is 'throwaway_here:plugn', and throwaway_here has no 'plugn'; did you mean 'plugin'?",
        ),
        ("throwaway_here:Plugin", "its entry point names the class 'Plugin'"),
        ("not a module!", "its entry point is 'not a module!'"),
        ("throwaway_here:nothing", "it has no hook"),
        ("throwaway_here:unhashable", "at import it raised TypeError: unhashable type: 'list'"),
        ("throwaway_here:incomparable", "at import it raised ZeroDivisionError"),
    ],
)
def test_an_entry_point_that_names_no_plugin_is_reported(world: World, value: str, cause: str) -> None:
    code = (
        "nothing = None\nunhashable = []\nclass Plugin: ...\nplugin = Plugin()\nclass Odd:\n"
        "    __hash__ = object.__hash__\n    def __eq__(self, other): return 1 / 0\nincomparable = Odd()"
    )
    world.install("here", modules={"throwaway_here": code}, plugins={"hue": value})
    world.plugin("zzz", GOOD)
    assert cause in error_of(world.load(), "hue").cause
    assert world.registry.names() == ("greet",)


class TestSingleTools:
    CODE = """
    from agentframework import tool

    def water_plants(litres: int) -> str:
        "Water the plants."
        return f"{litres} litres"

    @tool(name="mow", description="Mow the lawn.")
    def mow_lawn() -> str:
        return "mown"

    number = 3
    """

    def garden(self, world: World, **tools: str) -> None:
        points = {name: f"throwaway_garden:{value}" for name, value in tools.items()}
        world.install("garden-tools", "1.2", modules={"throwaway_garden": self.CODE}, tools=points)

    def test_a_plain_function_is_a_tool_and_its_distribution_the_owner(self, world: World) -> None:
        self.garden(world, sprinkle="water_plants", mow="mow_lawn")
        loaded = world.load()
        sprinkle, mow = world.registry.get("sprinkle"), world.registry.get("mow")
        assert sprinkle is not None
        assert (sprinkle.owner, sprinkle.description) == ("garden-tools", "Water the plants.")
        assert sprinkle(3) == "3 litres"
        assert mow is not None
        assert (mow.owner, mow.description) == ("garden-tools", "Mow the lawn.")
        assert report_of(loaded, "mow").kind == "tool"
        assert report_of(loaded, "mow").tools == ("mow",)

    @pytest.mark.parametrize(
        ("name", "value", "cause", "fix"),
        [
            ("lawn", "mow_lawn", "its entry point is called 'lawn' and its tool 'mow'", '@tool(name="lawn")'),
            ("lawn", "number", "its entry point names a int, not a function", "module:function"),
            ("lawn", "mow_lawm", "did you mean 'mow_lawn'?", '[tools] disable = ["lawn"]'),
            (
                "a.b",
                "water_plants",
                "tool 'a.b' of garden-tools: a tool's name is",
                '[tools] disable = ["a.b"]',
            ),
        ],
    )
    def test_a_broken_tool_fails_alone(
        self, world: World, name: str, value: str, cause: str, fix: str
    ) -> None:
        self.garden(world, **{name: value, "sprinkle": "water_plants"})
        loaded = world.load()
        fault = error_of(loaded, name)
        assert cause in fault.cause
        assert fix in fault.fix
        assert (fault.plugin, fault.distribution, fault.version) == (name, "garden-tools", "1.2")
        assert world.registry.names() == ("sprinkle",)

    def test_a_module_is_no_tool(self, world: World) -> None:
        world.install("garden", modules={"throwaway_garden": self.CODE}, tools={"lawn": "throwaway_garden"})
        assert error_of(world.load(), "lawn").cause == "its entry point names a module, not a function"

    @pytest.mark.parametrize("error_type", [ImportError, SyntaxError, SystemExit])
    def test_one_that_cannot_be_imported_is_reported_and_can_be_disabled(
        self, world: World, error_type: type[BaseException]
    ) -> None:
        code = f"raise {error_type.__name__}('gone')"
        world.install("bad", modules={"throwaway_bad": code}, tools={"dig": "throwaway_bad:dig"})
        self.garden(world, sprinkle="water_plants")
        assert '[tools] disable = ["dig"]' in error_of(world.load(), "dig").fix
        loaded = world.load('[tools]\ndisable = ["d*"]\n')
        assert report_of(loaded, "dig").state == "disabled"
        assert loaded.tool_names == {"dig", "sprinkle"}
        assert report_of(world.load('[plugins]\ndisable = ["bad"]\n'), "dig").state == "disabled"

    def test_one_whose_name_a_plugin_has_fails_and_names_it(self, world: World) -> None:
        world.plugin("greeting", GOOD)
        self.garden(world, greet="water_plants")
        fault = error_of_kind(world.load(), "tool")
        assert fault.cause == "its tool 'greet' is already there, from plugin 'greeting' (greeting-dist 1.0)"
        assert fault.fix == (
            'Disable one of the two: [plugins] disable = ["garden-tools"] or [plugins] disable = ["greeting"].'
        )
        loaded = world.load('[plugins]\ndisable = ["Garden_Tools"]\n')
        assert [one.state for one in loaded.reports] == ["loaded", "disabled"]
        assert loaded.problems == ()


def error_of_kind(loaded: LoadedPlugins, kind: str) -> PluginError:
    (found,) = [one.error for one in loaded.reports if one.kind == kind]
    assert found is not None
    return found
