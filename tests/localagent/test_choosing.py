"""A tool is chosen by its words, and by what its parameters can take of the rest."""

from __future__ import annotations

import pytest

from agentframework.localagent.choosing import Chooser, Chosen, Unclear
from agentframework.localagent.matching import read_tool
from agentframework.localagent.words import read_line
from talker_sets import DEMO, TODAY, declared

_LAMPS = [read_tool(declared(f"{name}_lamp", f"The {name} lamp.")) for name in ("red", "green", "blue")]


def _chooser(*tools: tuple[str, str]) -> Chooser:
    return Chooser([read_tool(declared(name, text)) for name, text in tools], lambda: TODAY)


def test_tools_that_fit_alike_are_unclear() -> None:
    choice = Chooser(_LAMPS, lambda: TODAY).choose(read_line("the lamp, please"))
    assert isinstance(choice, Unclear)
    assert list(choice.tools) == _LAMPS


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("the first one", "red_lamp"),
        ("the second", "green_lamp"),
        ("3", "blue_lamp"),
        ("the last one", "blue_lamp"),
        ("green", "green_lamp"),
        ("the blue lamp", "blue_lamp"),
        ("blue_lamp", "blue_lamp"),
        ("a lamp", None),
        ("whatever", None),
    ],
)
def test_the_answer_to_which_one_is_a_place_or_a_word_of_its_own(said: str, name: str | None) -> None:
    tool = Chooser(_LAMPS, lambda: TODAY).among(read_line(said), _LAMPS)
    assert (tool and tool.name) == name


def test_a_question_goes_to_the_tool_that_tells_something_before_the_one_that_does_something() -> None:
    chooser = _chooser(("door_state", "Tell the state of the door."), ("door_lock", "Lock the door."))
    for said in ("is the door open?", "what about the door", "has the door been opened"):
        choice = chooser.choose(read_line(said))
        assert isinstance(choice, Chosen)
        assert choice.tool.name == "door_state"
    choice = chooser.choose(read_line("could you lock the door?"))
    assert isinstance(choice, Chosen)
    assert choice.tool.name == "door_lock"


def test_values_alone_choose_where_nothing_is_left_unexplained() -> None:
    chooser = Chooser([read_tool(tool) for tool in DEMO], lambda: TODAY)
    choice = chooser.choose(read_line("10 miles in kilometers"))
    assert isinstance(choice, Chosen)
    assert choice.tool.name == "convert_units"
    assert chooser.choose(read_line("I ran 10 miles, not kilometers")) is None


def test_a_word_of_a_description_does_not_choose_against_all_the_others() -> None:
    chooser = _chooser(("set_light", "Turn the light on."), ("play", "Make music in the house."))
    assert chooser.choose(read_line("my house burns badly")) is None
    assert isinstance(chooser.choose(read_line("make some music")), Chosen)


def test_a_choice_is_clear_where_all_that_was_said_belongs_to_it() -> None:
    chooser = Chooser([read_tool(tool) for tool in DEMO], lambda: TODAY)
    for said, is_clear in (("roll two dice", True), ("dice", True), ("roll over, rover", False)):
        choice = chooser.choose(read_line(said))
        assert isinstance(choice, Chosen)
        assert choice.is_clear == is_clear, said
