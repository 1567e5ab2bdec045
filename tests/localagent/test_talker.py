"""A talker turns what people type into calls, questions and answers, for tools that it never saw before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.talker import Call, Leave, Say, Talker
from talker_later_rows import (
    BANK,
    BANK_LATER,
    CALENDAR_LATER,
    FITNESS,
    FITNESS_LATER,
    HOME_LATER,
    OFFICE,
    OFFICE_LATER,
    SHOP_LATER,
)
from talker_reading import heard, is_expected, talker_for
from talker_sets import (
    CALENDAR,
    CALENDAR_ROWS,
    DEMO,
    DEMO_ROWS,
    HOME,
    HOME_ROWS,
    SHOP,
    SHOP_ROWS,
    Asks,
    Drops,
    Expected,
    NoFit,
    Row,
    declared,
)

_ALL = [
    *((HOME, row) for row in HOME_ROWS + HOME_LATER),
    *((CALENDAR, row) for row in CALENDAR_ROWS + CALENDAR_LATER),
    *((SHOP, row) for row in SHOP_ROWS + SHOP_LATER),
    *((DEMO, row) for row in DEMO_ROWS),
    *((OFFICE, row) for row in OFFICE_LATER),
    *((BANK, row) for row in BANK_LATER),
    *((FITNESS, row) for row in FITNESS_LATER),
]


@pytest.mark.parametrize(("tools", "row"), _ALL, ids=[row[0][0] for _, row in _ALL])
def test_what_people_type_leads_to_the_call_or_question_that_they_expect(
    tools: list[ToolDeclaration], row: Row
) -> None:
    for (said, expected), reaction in zip(row, heard(tools, row), strict=True):
        assert is_expected(reaction, expected), (said, expected, reaction)


def test_the_order_of_the_tools_changes_nothing() -> None:
    rows = [(tools, row) for tools, row in _ALL if "the first one" not in {said for said, _ in row}]
    for tools, row in rows:
        for (said, expected), reaction in zip(row, heard(tools[::-1], row), strict=True):
            assert is_expected(reaction, expected), (said, expected, reaction)


def test_a_question_names_the_parameter_its_description_and_what_it_takes() -> None:
    assert talker_for(HOME).hear("make it louder") == Say(
        "For set_volume I need level (how loud; a whole number from 0 to 100). What should it be?"
    )
    assert talker_for(HOME).hear("turn the light on") == Say(
        "For set_light I need room (which room; kitchen, living room, bedroom, bathroom or hall). "
        "What should it be?"
    )


def _conversation(tools: list[ToolDeclaration], *lines: tuple[str, Expected]) -> None:
    for (said, expected), reaction in zip(lines, heard(tools, lines), strict=True):
        assert is_expected(reaction, expected), (said, expected, reaction)


def test_a_value_that_does_not_fit_is_asked_for_once_more_and_then_left() -> None:
    talker = talker_for(HOME)
    talker.hear("make it louder")
    assert talker.hear("as loud as you can") == Say(
        "That does not fit: level of set_volume is to be a whole number from 0 to 100. What should it be?"
    )
    assert talker.hear("a thousand") == Say("I still have no level for set_volume, so I leave it.")
    assert is_expected(talker.hear("50"), NoFit())


def test_a_number_out_of_its_bounds_is_asked_for_again() -> None:
    _conversation(
        HOME,
        ("set the volume to 120", Asks("set_volume", "level")),
        ("100 then", Call("set_volume", {"level": 100})),
    )


@pytest.mark.parametrize("words", ["never mind", "Cancel", "cancel that, please", "forget it!", "no, thanks"])
def test_a_question_is_dropped_when_the_user_leaves_it(words: str) -> None:
    _conversation(
        HOME,
        ("make it louder", Asks("set_volume", "level")),
        (words, Drops()),
        ("50", NoFit()),
    )


def test_a_clear_request_for_another_tool_drops_the_question() -> None:
    _conversation(
        HOME,
        ("make it louder", Asks("set_volume", "level")),
        ("lock the front door", Call("lock_door", {"door": "front door"})),
        ("50", NoFit()),
    )


def test_the_same_request_with_what_was_missing_answers_the_question() -> None:
    _conversation(
        DEMO,
        ("what time is it?", Asks("world_time", "city")),
        ("what time is it in Bergen?", Call("world_time", {"city": "Bergen"})),
    )


def test_an_answer_may_hold_more_than_was_asked_for() -> None:
    _conversation(
        DEMO,
        ("book a table", Asks("book_table", "people")),
        ("four people on Friday", Asks("book_table", "name")),
        ("Ada Lovelace", Call("book_table", {"people": 4, "day": "2026-03-06", "name": "Ada Lovelace"})),
    )


def test_a_command_leaves_the_question_open_and_a_call_drops_it() -> None:
    talker = talker_for(HOME)
    talker.hear("make it louder")
    talker.hear("/tools")
    talker.hear("what can you do?")
    assert talker.hear("50") == Call("set_volume", {"level": 50})
    talker.hear("make it louder")
    assert talker.hear("/call lock_door door=garage") == Call("lock_door", {"door": "garage"})
    assert is_expected(talker.hear("50"), NoFit())


def test_which_tool_is_meant_is_asked_twice_at_most() -> None:
    talker = talker_for(HOME)
    question = talker.hear("the front door")
    assert isinstance(question, Say)
    assert question.text == (
        "Do you mean lock_door (lock a door of the house) or unlock_door (unlock a door of the house)?"
    )
    assert talker.hear("the door") == question
    assert talker.hear("the second one, please") == Call("unlock_door", {"door": "front door"})
    talker.hear("the front door")
    talker.hear("the door")
    assert talker.hear("no idea") != question


def test_many_tools_that_fit_alike_are_named_and_nothing_is_asked() -> None:
    tools = [declared(f"lamp_{name}", "Switch a lamp.") for name in ("red", "green", "blue", "white")]
    reaction = talker_for(tools).hear("the lamp")
    assert isinstance(reaction, Say)
    assert all(tool.name in reaction.text for tool in tools)
    assert "/tools" in reaction.text


def test_an_object_is_asked_for_as_json() -> None:
    tools = [declared("save_profile", "Save a profile.", {"profile": {"type": "object"}})]
    talker = talker_for(tools)
    question = talker.hear("save my profile")
    assert isinstance(question, Say)
    assert "JSON" in question.text
    assert is_expected(talker.hear("just do it"), Asks("save_profile", "profile"))
    assert talker.hear('{"age": 7}') == Call("save_profile", {"profile": {"age": 7}})


def test_a_list_is_read_from_words_or_from_json() -> None:
    tools = [
        declared("shopping_list", "Write a shopping list.", {"things": {"type": "array"}}),
        declared(
            "average", "Compute an average.", {"numbers": {"type": "array", "items": {"type": "number"}}}
        ),
    ]
    for answer in ("milk, brown bread and eggs", '["milk", "brown bread", "eggs"]'):
        talker = talker_for(tools)
        assert is_expected(talker.hear("write a shopping list"), Asks("shopping_list", "things"))
        assert talker.hear(answer) == Call("shopping_list", {"things": ["milk", "brown bread", "eggs"]})
    assert talker_for(tools).hear("the average of 3, 4.5 and ten") == Call(
        "average", {"numbers": [3, 4.5, 10]}
    )


@pytest.mark.parametrize(
    "words", ["bye", "Goodbye!", "quit", "exit", "/bye", "ok bye", "thanks, bye", "see you"]
)
def test_a_farewell_ends_the_conversation(words: str) -> None:
    assert talker_for(HOME).hear(words) == Leave("Goodbye.")


def test_a_farewell_in_a_request_is_no_farewell() -> None:
    tools = [declared("add_note", "Write a note.", {"text": {"type": "string"}})]
    assert talker_for(tools).hear("add a note: bye bye birdie") == Call(
        "add_note", {"text": "bye bye birdie"}
    )


@pytest.mark.parametrize(
    "words", ["hello", "Hi there!", "good morning", "thanks", "Thank you so much", "ok thanks", "oh, great"]
)
def test_greetings_and_thanks_are_answered_and_tell_what_there_is(words: str) -> None:
    reaction = talker_for(HOME).hear(words)
    assert isinstance(reaction, Say)
    assert "/tools" in reaction.text


@pytest.mark.parametrize("words", ["/tools", "what can you do?", "Which tools do you have?"])
def test_the_tools_are_listed_with_parameters_and_first_sentence(words: str) -> None:
    tools = [
        declared("a_tool", "Does this. And that.", {"x": {}, "y": {}}, optional=["y"]),
        declared("b_tool", ""),
    ]
    assert talker_for(tools).hear(words) == Say("2 tools:\n  a_tool(x, [y]): Does this.\n  b_tool()")


def test_a_greeting_is_an_answer_where_a_text_was_asked_for() -> None:
    _conversation(
        OFFICE,
        ("send a message to Bob", Asks("send_message", "text")),
        ("hello", Call("send_message", {"recipient": "Bob", "text": "hello"})),
    )


def test_help_says_what_is_understood() -> None:
    for words in ("/help", "help", "help me please"):
        reaction = talker_for(HOME).hear(words)
        assert isinstance(reaction, Say)
        assert all(part in reaction.text for part in ("/call NAME key=value", "/tools", "never mind", "bye"))


def test_an_unknown_command_and_an_unreadable_call_are_said_so() -> None:
    talker = talker_for(HOME)
    assert talker.hear("/explode now") == Say(
        "I know no command /explode. There are /call, /tools, /help and /bye."
    )
    reaction = talker.hear("/call lock_door {nonsense")
    assert isinstance(reaction, Say)
    assert "no JSON object" in reaction.text


def test_a_call_goes_out_exactly_as_written_also_to_a_tool_that_is_not_declared() -> None:
    talker = talker_for(HOME)
    assert talker.hear("/call set_volume level=far door='a b'") == Call(
        "set_volume", {"level": "far", "door": "a b"}
    )
    assert talker.hear('/call no_such_tool {"a": [1, null]}') == Call("no_such_tool", {"a": [1, None]})


def test_the_greeting_counts_the_tools_and_offers_an_example_that_works() -> None:
    for tools in (HOME, CALENDAR, SHOP, DEMO, OFFICE):
        talker = talker_for(tools)
        greeting = talker.greet()
        assert f"{len(tools)} tools" in greeting
        assert "/help" in greeting
        example = greeting.partition('Try "')[2].partition('"')[0]
        assert any(example.casefold() in tool.description.casefold() for tool in tools)
        assert not is_expected(talker.hear(example), NoFit())


def test_a_talker_without_tools_says_so() -> None:
    talker = talker_for([])
    assert "no tools" in talker.greet()
    for words in ("what time is it?", "/tools", "hello"):
        reaction = talker.hear(words)
        assert isinstance(reaction, Say)
        assert "no tools" in reaction.text


def test_a_talker_whose_tools_say_nothing_of_themselves_still_greets_and_calls() -> None:
    talker = talker_for([ToolDeclaration("frobnicate")])
    assert "one tool" in talker.greet()
    assert talker.hear("frobnicate") == Call("frobnicate", {})


def test_of_two_tools_with_one_name_the_first_counts() -> None:
    tools = [
        declared("ring", "Ring the bell."),
        declared("ring", "Buy a ring.", {"size": {"type": "integer"}}),
    ]
    assert talker_for(tools).hear("ring the bell") == Call("ring", {})


def test_without_a_clock_of_its_own_a_talker_takes_the_day_of_this_machine() -> None:
    reaction = Talker(CALENDAR).hear("what is planned for today?")
    assert isinstance(reaction, Call)
    assert reaction.name == "list_events"


def test_nothing_and_too_much_are_answered() -> None:
    for text in ("", "   ", "?!", "x" * 30_000):
        assert isinstance(talker_for(HOME).hear(text), Say)


_WORDS = st.text("bdfgklmnprstvz", min_size=1, max_size=3).flatmap(
    lambda ends: st.text("aeiou", min_size=1, max_size=3).map(lambda vowels: ends + vowels)
)


@given(_WORDS, _WORDS, st.booleans())
def test_what_is_said_of_a_result_holds_its_live_text(one: str, other: str, is_error: bool) -> None:
    said = talker_for(HOME).tool_answered("set_light", {}, f"{one} {other}", is_error)
    assert f"{one} {other}" in said
    said = talker_for(HOME).tool_answered("set_light", {}, f'{{"{one}": "{other}"}}', is_error)
    assert f"{one} {other}" in said
