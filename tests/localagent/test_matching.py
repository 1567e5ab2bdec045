"""The choice of a tool follows the words of the declarations, whatever these are."""

from __future__ import annotations

import string
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.matching import Matcher, read_tool
from agentframework.localagent.talker import Call, Talker
from agentframework.localagent.words import (
    PARTICLES,
    STOP_WORDS,
    WEAK_WORDS,
    is_typo_of,
    read_line,
    stem_of,
)
from talker_reading import is_expected, talker_for, tool_of
from talker_sets import (
    CALENDAR,
    DEMO,
    HOME,
    SHOP,
    Which,
    declared,
    with_descriptions_exchanged,
    with_names_exchanged,
)


@pytest.mark.parametrize(
    ("tools", "one", "other", "said"),
    [
        (HOME, "get_temperature", "play_music", "is it warm or cold in here?"),
        (HOME, "set_volume", "start_vacuum", "make the speakers quieter"),
        (HOME, "set_heating", "set_volume", "I want it louder"),
        (CALENDAR, "list_events", "set_working_hours", "show what is planned on Monday"),
        (CALENDAR, "create_event", "cancel_event", "delete the appointment"),
        (SHOP, "show_cart", "check_out", "I want to pay for everything"),
        (SHOP, "track_order", "search_products", "look for products in the shop"),
        (DEMO, "add_note", "unstable", "which machine always fails?"),
    ],
)
def test_the_choice_follows_exchanged_descriptions(
    tools: list[ToolDeclaration], one: str, other: str, said: str
) -> None:
    before = tool_of(talker_for(tools).hear(said))
    after = tool_of(talker_for(with_descriptions_exchanged(tools, one, other)).hear(said))
    assert {before, after} == {one, other}


@pytest.mark.parametrize(
    ("tools", "one", "other", "said"),
    [
        (HOME, "set_volume", "set_heating", "volume"),
        (HOME, "play_music", "get_temperature", "music"),
        (SHOP, "check_out", "redeem_coupon", "check out"),
        (CALENDAR, "find_free_slot", "set_working_hours", "a free slot"),
        (DEMO, "count_primes", "roll_dice", "primes"),
    ],
)
def test_the_choice_follows_exchanged_names(
    tools: list[ToolDeclaration], one: str, other: str, said: str
) -> None:
    nameless = [ToolDeclaration(tool.name, "", tool.parameters) for tool in tools]
    exchanged = with_names_exchanged(nameless, one, other)
    assert tool_of(talker_for(nameless).hear(said)) == one
    assert tool_of(talker_for(exchanged).hear(said)) == one
    assert exchanged[[tool.name for tool in nameless].index(other)].name == one


def test_a_name_that_contradicts_its_description_makes_the_choice_unclear() -> None:
    exchanged = with_descriptions_exchanged(HOME, "lock_door", "unlock_door")
    assert tool_of(talker_for(HOME).hear("lock the front door")) == "lock_door"
    assert is_expected(talker_for(exchanged).hear("lock the front door"), Which(("lock_door", "unlock_door")))


_SYLLABLE = st.tuples(st.sampled_from("bdfgklmnprtvz"), st.sampled_from("aiou")).map("".join)
_INVENTED = st.lists(_SYLLABLE, min_size=3, max_size=4).map(lambda parts: "".join(parts) + "k")


@st.composite
def _invented_tools(draw: st.DrawFn) -> list[tuple[str, list[str], list[str]]]:
    """For each tool its name, and the words of its name and of its description; no word is like another."""
    count = draw(st.integers(2, 6))
    words = draw(st.lists(_INVENTED, min_size=count * 5, max_size=count * 5, unique_by=stem_of))
    assume(not any(is_typo_of(one, other) for one in words for other in words))
    assume(not set(words) & (STOP_WORDS | WEAK_WORDS | PARTICLES))
    parts = [words[at : at + 5] for at in range(0, len(words), 5)]
    return [("_".join(part[:2]), part[:2], part[2:]) for part in parts]


def _described(tools: Sequence[tuple[str, list[str], list[str]]]) -> list[ToolDeclaration]:
    return [ToolDeclaration(name, f"{' '.join(words).capitalize()}.") for name, _, words in tools]


@given(_invented_tools(), st.data())
def test_invented_words_choose_the_tool_that_has_them(
    tools: list[tuple[str, list[str], list[str]]], data: st.DataObject
) -> None:
    name, named, described = data.draw(st.sampled_from(tools))
    talker = Talker(_described(tools))
    assert talker.hear(" ".join(named)) == Call(name, {})
    assert talker.hear(f"please {described[0]} the {described[1]}s") == Call(name, {})
    assert talker.hear(f"Could you {named[0]} my {described[2]}?") == Call(name, {})


@given(_invented_tools())
def test_with_invented_words_the_choice_follows_exchanged_descriptions(
    tools: list[tuple[str, list[str], list[str]]],
) -> None:
    declarations = _described(tools)
    one, other = declarations[0].name, declarations[1].name
    said = " ".join(tools[0][2])
    assert Talker(declarations).hear(said) == Call(one, {})
    assert Talker(with_descriptions_exchanged(declarations, one, other)).hear(said) == Call(other, {})


@given(_invented_tools(), _INVENTED, st.integers(-999, 999))
def test_invented_parameters_are_filled_by_their_types(
    tools: list[tuple[str, list[str], list[str]]], text: str, number: int
) -> None:
    words = {stem_of(word) for _, named, described in tools for word in named + described}
    assume(stem_of(text) not in words)
    assume(not any(is_typo_of(text, word) for _, named, said in tools for word in named + said))
    name, named, described = tools[0]
    properties = {"zzyx": {"type": "integer"}, "qqyx": {"type": "string"}}
    first = declared(name, f"{' '.join(described).capitalize()}.", properties)
    talker = Talker([first, *_described(tools[1:])])
    said = f"{described[0]} the {text} {named[0]} to {number}"
    assert talker.hear(said) == Call(name, {"zzyx": number, "qqyx": text})


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    tools = [
        read_tool(ToolDeclaration(name, text))
        for name, text in (("a", "Paint the door."), ("b", "Close the door."), ("c", "Sell the door."))
    ]
    fits = Matcher(tools).weigh(read_line("paint door"))
    assert fits[0].score > 2 * fits[1].score > 0
    assert fits[1].score == fits[2].score


def test_examples_names_and_what_a_description_negates_are_no_words_of_the_tool() -> None:
    tool = read_tool(
        ToolDeclaration(
            "where_is",
            "Find a place such as a museum, in Oslo or elsewhere, not a person. "
            "Never use it for animals. It knows streets.",
        )
    )
    assert {stem_of(word) for word in ("place", "find", "street")} <= tool.core.keys()
    assert not {stem_of(word) for word in ("museum", "oslo", "person", "animals")} & tool.core.keys()


def test_a_typing_error_in_a_long_word_is_understood() -> None:
    for said in ("what is the temprature in the hall", "the tempearture in the hall, please"):
        assert tool_of(talker_for(HOME).hear(said)) == "get_temperature"


def test_a_title_in_capitals_and_a_name_in_any_case_are_read_alike() -> None:
    for name in ("countPrimes", "count-primes", "count_primes", "CountPrimes", "COUNT_PRIMES"):
        tool = read_tool(ToolDeclaration(name))
        assert tool.named == {"count", "prim"}, name


@given(st.text(string.printable + "äß中😀\u2028\ud800", max_size=80))
def test_weighing_takes_any_text(text: str) -> None:
    tools = [read_tool(tool) for tool in HOME]
    fits = Matcher(tools).weigh(read_line(text))
    assert len(fits) == len(tools)
    assert all(fit.score >= 0 for fit in fits)
