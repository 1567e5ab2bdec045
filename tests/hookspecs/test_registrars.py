"""What a plugin registers is checked when it is registered, and belongs to the plugin."""

from __future__ import annotations

import pytest

from agentframework.audio.base import AudioBackend
from agentframework.callbacks import Callbacks
from throwaway import World, report_of


def test_a_plugin_brings_tools_callbacks_and_backends_under_its_name(world: World) -> None:
    world.plugin(
        "everything",
        """
        from agentframework import AudioBackend, Callbacks, Tool, hookimpl

        class Silence(AudioBackend):
            def start(self, line): ...
            def stop(self): ...

        class Handlers(Callbacks):
            def on_agent_response(self, message): ...

        shared = Handlers()

        class Plugin:
            @hookimpl
            def register_tools(self, register):
                assert register.plugin == "everything"
                register(Tool("one", lambda: 1, parameters={"type": "object"}))
                register(lambda n: n, name="two", description="Two.", timeout=2.0, risk="read", parameters={
                    "type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
                @register
                def three() -> int:
                    return 3
                assert three() == 3

            @hookimpl
            def register_callbacks(self, register):
                register(shared)
                register(Handlers)
                register(lambda: shared)

            @hookimpl
            def register_audio_backends(self, register):
                register("silence", Silence)
                register("quiet", lambda: Silence())

        plugin = Plugin()
        """,
    )
    world.install("more", plugins={"again": "throwaway_everything:plugin"})
    points = world.site / "everything_dist-1.0.dist-info" / "entry_points.txt"
    points.write_text("[agentframework]\neverything = throwaway_everything:plugin\n")
    loaded = world.load('[plugins]\ndisable = ["again"]\n')
    found = report_of(loaded, "everything")
    assert found.error is None
    assert found.tools == ("one", "three", "two")
    assert found.callbacks == 3
    assert found.backends == ("quiet", "silence")
    assert {tool.owner for tool in world.registry} == {"everything"}
    two = world.registry.get("two")
    assert two is not None
    assert (two.timeout, two.description, set(two.schema["properties"])) == (2.0, "Two.", {"n"})
    assert two.options.risk == "read"

    assert {one.owner for one in loaded.callbacks} == {"everything"}
    shared, made, from_function = loaded.callbacks
    assert isinstance(shared.make(), Callbacks)
    assert shared.make() is shared.make() is from_function.make()
    assert made.make() is not made.make()
    backend = loaded.audio_backends["silence"]
    assert backend.owner == "everything"
    assert isinstance(backend.make(), AudioBackend)
    assert backend.make() is not backend.make()


def test_handlers_that_no_event_calls_are_warned_of(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.plugin(
        "typo",
        """
        from agentframework import Callbacks, hookimpl
        class C(Callbacks):
            def on_agent_respons(self, message): ...
            def on_error(self, message): ...
        @hookimpl
        def register_callbacks(register):
            register(C)
        """,
    )
    warning = "C.on_agent_respons is called by no event; did you mean on_agent_response?"
    assert report_of(world.load(), "typo").warnings == (warning,)
    assert f"plugin 'typo' (typo-dist 1.0): {warning}" in caplog.text
