"""A registry hosts tools by name; a name has one owner, and finding one tool twice is no clash."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from agentframework.errors import DuplicateToolError, ToolDefinitionError
from agentframework.tools.registry import ToolRegistry
from agentframework.tools.tool import Tool, tool


def get_weather(city: str) -> str:
    """Tell the weather."""
    return city


def get_time() -> str:
    return "now"


@tool
def play_music() -> str:
    return "la la"


def registry_of(*names: str) -> ToolRegistry:
    registry = ToolRegistry()
    for name in names:
        registry.add(Tool(name, get_time))
    return registry


def test_a_plain_function_is_hosted_as_a_tool_of_its_owner() -> None:
    registry = ToolRegistry()
    added = registry.add(get_weather, owner="weather 1.0")
    assert (added.name, added.owner, added.description) == ("get_weather", "weather 1.0", "Tell the weather.")
    assert registry.get("get_weather") is added
    assert "get_weather" in registry
    assert registry.get("missing") is None
    assert "missing" not in registry


def test_whoever_registers_a_tool_owns_it() -> None:
    added = ToolRegistry().add(play_music, owner="music 1.0")
    assert added.owner == "music 1.0"
    assert play_music.owner == ""
    assert ToolRegistry().add(Tool("a", get_time, owner="mine")).owner == "mine"


def test_tools_come_sorted_by_name() -> None:
    registry = registry_of("b", "c", "a")
    assert registry.names() == ("a", "b", "c")
    assert [hosted.name for hosted in registry] == ["a", "b", "c"]
    assert len(registry) == 3


def test_two_owners_of_one_name_are_both_named() -> None:
    registry = ToolRegistry()
    first = registry.add(Tool("search", get_weather), owner="books 1.0")
    with pytest.raises(DuplicateToolError) as caught:
        registry.add(Tool("search", get_time), owner="films 2.0")
    assert (caught.value.owner, caught.value.first_owner) == ("films 2.0", "books 1.0")
    assert "books 1.0" in str(caught.value)
    assert "films 2.0" in str(caught.value)
    assert registry.get("search") is first


def test_tools_that_nobody_owns_are_named_by_their_modules() -> None:
    registry = ToolRegistry()
    registry.add(Tool("search", get_weather))
    with pytest.raises(DuplicateToolError) as caught:
        registry.add(Tool("search", len))
    assert (caught.value.owner, caught.value.first_owner) == ("builtins", __name__)


class Speaker:
    def say(self) -> str:
        return "hello"


def test_one_tool_that_is_found_twice_stays_one() -> None:
    registry = ToolRegistry()
    speaker = Speaker()
    # a bound method is a new object each time it is looked up
    finds: list[Callable[[], Any]] = [lambda: play_music, lambda: get_weather, lambda: speaker.say]
    for find in finds:
        first = registry.add(find(), owner="a 1.0")
        assert registry.add(find(), owner="a 1.0") is first
        assert registry.add(find(), owner="b 1.0") is first
    assert len(registry) == 3
    assert [hosted.owner for hosted in registry] == ["a 1.0"] * 3


def test_one_function_in_other_words_is_another_tool() -> None:
    registry = ToolRegistry()
    registry.add(Tool("a", get_time, description="one"))
    for other in (
        Tool("a", get_time, description="two"),
        Tool("a", get_time, description="one", timeout=1),
        Tool("a", get_time, description="one", parameters={"additionalProperties": False}),
        Tool("a", Speaker().say, description="one"),
    ):
        with pytest.raises(DuplicateToolError):
            registry.add(other)


def test_what_cannot_be_a_tool_is_refused_with_its_owner() -> None:
    for odd in (lambda: None, 7, Speaker()):
        with pytest.raises(ToolDefinitionError, match=r"of odd 1\.0: "):
            ToolRegistry().add(odd, owner="odd 1.0")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Get_Weather", "get_weather"),
        ("get-weather", "get_weather"),
        ("get weather", "get_weather"),
        ("getweather", "get_weather"),
        ("get_whether", "get_weather"),
        ("set_volume", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_offered(name: str, near: str | None) -> None:
    assert registry_of("get_weather", "play_music").nearest(name) == near


@pytest.mark.parametrize(
    ("enable", "disable", "names"),
    [
        ([], [], ()),
        (["*"], [], ("get_time", "get_weather", "play")),
        (["get_*"], [], ("get_time", "get_weather")),
        (["play", "get_t*"], [], ("get_time", "play")),
        (["get_[tx]ime"], [], ("get_time",)),
        (["GET_*"], [], ()),
        (["*"], ["get_*"], ("play",)),
        (["get_*"], ["*weather"], ("get_time",)),
        (["play"], ["play"], ()),
    ],
)
def test_globs_choose_tools(enable: list[str], disable: list[str], names: tuple[str, ...]) -> None:
    registry = registry_of("get_time", "get_weather", "play")
    chosen = registry.select(enable, disable)
    assert chosen.names() == names
    assert all(hosted is registry.get(hosted.name) for hosted in chosen)
    assert len(registry) == 3


def test_an_owners_tools_are_taken_back() -> None:
    registry = registry_of("a")
    registry.add(get_weather, owner="weather 1.0")
    registry.add(get_time, owner="weather 1.0")
    registry.add(play_music, owner="music 1.0")
    assert registry.remove_owner("weather 1.0") == ("get_time", "get_weather")
    assert registry.names() == ("a", "play_music")
    assert registry.remove_owner("weather 1.0") == ()


def test_reading_is_safe_while_another_thread_adds() -> None:
    registry = ToolRegistry()
    template = Tool("tool_0", get_time)
    is_done = threading.Event()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            while not is_done.is_set():
                names = [hosted.name for hosted in registry]
                assert names == sorted(names)
                assert len(registry.names()) >= len(names)
        except BaseException as error:  # noqa: BLE001  whatever it is, the test must tell it
            failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(2000):
        added: Any = template.with_owner(f"owner {number}")
        added.name = f"tool_{number}"
        registry.add(added)
    is_done.set()
    reader.join()
    assert failures == []
    assert len(registry) == 2000
