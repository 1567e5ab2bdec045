"""Tool sets that the talker was not written for, and what it should make of what people type to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.talker import Call

__all__ = [
    "CALENDAR",
    "CALENDAR_ROWS",
    "DEMO",
    "DEMO_ROWS",
    "HOME",
    "HOME_ROWS",
    "SHOP",
    "SHOP_ROWS",
    "TODAY",
    "Asks",
    "Drops",
    "Expected",
    "NoFit",
    "Row",
    "Which",
    "call",
    "declared",
    "one",
    "with_descriptions_exchanged",
    "with_names_exchanged",
]

TODAY: Final = date(2026, 3, 4)
"""A Wednesday."""


@dataclass(frozen=True, slots=True)
class Asks:
    """The talker asks for a parameter of a tool."""

    tool: str
    parameter: str


@dataclass(frozen=True, slots=True)
class Which:
    """The talker asks which of these tools is meant."""

    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoFit:
    """The talker says that nothing fits, and shows /tools."""


@dataclass(frozen=True, slots=True)
class Drops:
    """The talker leaves what it asked for."""


Expected = Call | Asks | Which | NoFit | Drops
Row = tuple[tuple[str, Expected], ...]
"""A short dialogue: what is said, and what each line should lead to."""


def one(said: str, expected: Expected) -> Row:
    return ((said, expected),)


def call(name: str, /, **arguments: Any) -> Call:
    return Call(name, arguments)


def declared(
    name: str, description: str, properties: Mapping[str, Any] | None = None, *, optional: Sequence[str] = ()
) -> ToolDeclaration:
    properties = properties or {}
    required = [key for key in properties if key not in optional]
    return ToolDeclaration(
        name, description, {"type": "object", "properties": dict(properties), "required": required}
    )


def with_descriptions_exchanged(
    tools: Sequence[ToolDeclaration], one: str, other: str
) -> list[ToolDeclaration]:
    """The same tools; these two have each other's description."""
    said = {tool.name: tool.description for tool in tools}
    said[one], said[other] = said[other], said[one]
    return [replace(tool, description=said[tool.name]) for tool in tools]


def with_names_exchanged(tools: Sequence[ToolDeclaration], one: str, other: str) -> list[ToolDeclaration]:
    """The same tools; these two have each other's name."""
    names = {one: other, other: one}
    return [replace(tool, name=names.get(tool.name, tool.name)) for tool in tools]


ROOM: Final = {
    "type": "string",
    "enum": ["kitchen", "living room", "bedroom", "bathroom", "hall"],
    "description": "Which room.",
}
DOOR: Final = {"type": "string", "enum": ["front door", "back door", "garage"]}

HOME: Final = [
    declared(
        "set_light",
        "Switch the light in a room on or off, or dim it.",
        {
            "room": ROOM,
            "on": {"type": "boolean", "description": "Whether the light is to be on."},
            "brightness": {"type": "integer", "minimum": 1, "maximum": 100, "description": "In percent."},
        },
        optional=["on", "brightness"],
    ),
    declared(
        "set_heating",
        "Set the heating to a temperature.",
        {"degrees": {"type": "number", "minimum": 5, "maximum": 30, "description": "In degrees Celsius."}},
    ),
    declared("get_temperature", "Tell how warm or cold it is in a room.", {"room": ROOM}),
    declared(
        "play_music",
        "Play music on the speakers.",
        {"query": {"type": "string", "description": "What to play: a song, an artist or a genre."}},
    ),
    declared(
        "set_volume",
        "Make the speakers louder or quieter.",
        {"level": {"type": "integer", "minimum": 0, "maximum": 100, "description": "How loud."}},
    ),
    declared("lock_door", "Lock a door of the house.", {"door": DOOR}),
    declared("unlock_door", "Unlock a door of the house.", {"door": DOOR}),
    declared(
        "start_vacuum",
        "Send the robot to vacuum and clean some rooms.",
        {"rooms": {"type": "array", "items": ROOM, "minItems": 1}},
    ),
]

HOME_ROWS: Final[list[Row]] = [
    one("turn on the light in the kitchen", call("set_light", room="kitchen", on=True)),
    one("switch off the living room light please", call("set_light", room="living room", on=False)),
    one("could you dim the bedroom light to 30%?", call("set_light", room="bedroom", brightness=30)),
    one("Kitchen light on!", call("set_light", room="kitchen", on=True)),
    (
        ("turn the lights on", Asks("set_light", "room")),
        ("in the hall", call("set_light", room="hall", on=True)),
    ),
    one("set the heating to twenty-one degrees", call("set_heating", degrees=21)),
    one("heating to 19.5", call("set_heating", degrees=19.5)),
    one("how warm is it in the bathroom?", call("get_temperature", room="bathroom")),
    one("is it cold in the Living Room", call("get_temperature", room="living room")),
    one("what's the temperature in the livingroom", call("get_temperature", room="living room")),
    one("play some jazz", call("play_music", query="jazz")),
    one('play "Bohemian Rhapsody"', call("play_music", query="Bohemian Rhapsody")),
    (
        ("I'd like to hear some music", Asks("play_music", "query")),
        ("something by Nina Simone", call("play_music", query="something by Nina Simone")),
    ),
    one("put the volume at fifty", call("set_volume", level=50)),
    (("make it louder", Asks("set_volume", "level")), ("80", call("set_volume", level=80))),
    (
        ("change the volume", Asks("set_volume", "level")),
        ("quite a lot", Asks("set_volume", "level")),
        ("sixty five", call("set_volume", level=65)),
    ),
    one("lock the front door", call("lock_door", door="front door")),
    one("please unlock the garage", call("unlock_door", door="garage")),
    one("vacuum the kitchen and the hall", call("start_vacuum", rooms=["kitchen", "hall"])),
    one(
        "clean the bedroom, the bathroom and the living room",
        call("start_vacuum", rooms=["bedroom", "bathroom", "living room"]),
    ),
    (
        ("the front door", Which(("lock_door", "unlock_door"))),
        ("unlock it", call("unlock_door", door="front door")),
    ),
    (
        ("do something with the garage door", Which(("lock_door", "unlock_door"))),
        ("the first one", call("lock_door", door="garage")),
    ),
    one("order a pizza", NoFit()),
    one("what's the capital of France?", NoFit()),
    one("is there any milk left in the kitchen", NoFit()),
]

MEETING: Final = {"type": "string", "description": "What it is about."}
DAY: Final = {"type": "string", "format": "date"}

CALENDAR: Final = [
    declared(
        "create_event",
        "Put a new meeting or appointment into the calendar.",
        {
            "title": MEETING,
            "date": DAY,
            "start": {"type": "string", "format": "time", "description": "When it starts."},
            "guests": {"type": "array", "items": {"type": "string", "format": "email"}},
        },
        optional=["start", "guests"],
    ),
    declared("list_events", "Show what is planned on a day.", {"date": DAY}),
    declared("cancel_event", "Delete a meeting or an appointment from the calendar.", {"title": MEETING}),
    declared(
        "move_event", "Move a meeting or an appointment to another day.", {"title": MEETING, "date": DAY}
    ),
    declared(
        "remind_me",
        "Remind me of something after some minutes.",
        {"text": {"type": "string"}, "minutes": {"type": "integer", "minimum": 1}},
    ),
    declared(
        "find_free_slot",
        "Find a time when nothing is planned.",
        {"date": DAY, "minutes": {"type": "integer", "description": "How long it has to be."}},
    ),
    declared(
        "invite_guest",
        "Invite somebody to a meeting by e-mail.",
        {"email": {"type": "string", "format": "email"}, "title": MEETING},
    ),
    declared(
        "set_working_hours",
        "Say from when to when I work.",
        {"start": {"type": "string", "format": "time"}, "end": {"type": "string", "format": "time"}},
    ),
]

CALENDAR_ROWS: Final[list[Row]] = [
    one(
        "create an event called Team lunch on Friday",
        call("create_event", title="Team lunch", date="2026-03-06"),
    ),
    one(
        "new appointment tomorrow at 3 pm: dentist",
        call("create_event", title="dentist", date="2026-03-05", start="15:00:00"),
    ),
    one(
        "put a meeting with Anna into the calendar for 12 March",
        call("create_event", title="Anna", date="2026-03-12"),
    ),
    (
        ("new meeting next Monday at half past nine", Asks("create_event", "title")),
        (
            "Budget for the summer",
            call("create_event", title="Budget for the summer", date="2026-03-09", start="09:30:00"),
        ),
    ),
    (
        ("create an event called Standup", Asks("create_event", "date")),
        ("whenever you like", Asks("create_event", "date")),
        ("the day after tomorrow, please", call("create_event", title="Standup", date="2026-03-06")),
    ),
    one("what's planned for tomorrow?", call("list_events", date="2026-03-05")),
    one("show my events on 2026-03-20", call("list_events", date="2026-03-20")),
    (
        ("show me what is planned", Asks("list_events", "date")),
        ("today", call("list_events", date="2026-03-04")),
    ),
    one("cancel the dentist appointment", call("cancel_event", title="dentist")),
    one("delete the meeting about budgets", call("cancel_event", title="budgets")),
    one(
        "move the dentist appointment to next Monday",
        call("move_event", title="dentist", date="2026-03-09"),
    ),
    (
        ("move my meeting to Friday", Asks("move_event", "title")),
        ("the standup", call("move_event", title="standup", date="2026-03-06")),
    ),
    one("remind me to call mum in 20 minutes", call("remind_me", text="call mum", minutes=20)),
    one(
        "remind me in half an hour to take the cake out",
        call("remind_me", text="take the cake out", minutes=30),
    ),
    (
        ("remind me to buy 3 lemons", Asks("remind_me", "minutes")),
        ("ten", call("remind_me", text="buy 3 lemons", minutes=10)),
    ),
    (
        ("remind me to water the plants", Asks("remind_me", "minutes")),
        ("in two hours", call("remind_me", text="water the plants", minutes=120)),
    ),
    (
        ("remind me to feed the cat", Asks("remind_me", "minutes")),
        ("never mind", Drops()),
        ("what is planned on Sunday?", call("list_events", date="2026-03-08")),
    ),
    (
        ("remind me to feed the cat", Asks("remind_me", "minutes")),
        ("cancel the dentist appointment", call("cancel_event", title="dentist")),
    ),
    one(
        "find a free slot of 45 minutes on Thursday",
        call("find_free_slot", date="2026-03-05", minutes=45),
    ),
    one("when am I free tomorrow for an hour?", call("find_free_slot", date="2026-03-05", minutes=60)),
    one(
        "invite bob@example.com to the Team lunch",
        call("invite_guest", email="bob@example.com", title="Team lunch"),
    ),
    (
        ("invite somebody to the Standup", Asks("invite_guest", "email")),
        ("Bob", Asks("invite_guest", "email")),
        ("bob@example.com", call("invite_guest", email="bob@example.com", title="Standup")),
    ),
    one("I work from 9 to 17:30", call("set_working_hours", start="09:00:00", end="17:30:00")),
    one(
        "the appointment",
        Which(("create_event", "cancel_event", "move_event")),
    ),
    one("book a flight to Rome", NoFit()),
    one("how tall is the Eiffel Tower", NoFit()),
    one("sing me a song", NoFit()),
]

ORDER: Final = {"type": "integer", "description": "The number on the bill."}
PRODUCT: Final = {"type": "string", "description": "What the customer wants."}

SHOP: Final = [
    declared(
        "search_products",
        "Look for products in the shop.",
        {
            "query": {"type": "string", "description": "What to look for."},
            "max_price": {"type": "number", "description": "In euros."},
            "category": {"type": "string", "enum": ["books", "toys", "kitchen", "garden"]},
        },
        optional=["max_price", "category"],
    ),
    declared(
        "add_to_cart",
        "Put a product into the shopping cart.",
        {"product": PRODUCT, "quantity": {"type": "integer", "minimum": 1, "default": 1}},
        optional=["quantity"],
    ),
    declared("remove_from_cart", "Take a product out of the shopping cart.", {"product": PRODUCT}),
    declared("show_cart", "Show what is in the shopping cart."),
    declared("track_order", "Say where an order is.", {"order_number": ORDER}),
    declared(
        "cancel_order",
        "Cancel an order that was not sent yet.",
        {
            "order_number": ORDER,
            "reason": {"type": "string", "enum": ["too late", "wrong item", "changed my mind"]},
        },
        optional=["reason"],
    ),
    declared(
        "check_out",
        "Pay for everything and order it.",
        {
            "payment": {"type": "string", "enum": ["credit card", "invoice", "PayPal"]},
            "express": {"type": "boolean", "description": "Deliver it faster."},
        },
        optional=["express"],
    ),
    declared("redeem_coupon", "Redeem a coupon.", {"code": {"type": "string"}}),
]

SHOP_ROWS: Final[list[Row]] = [
    one("look for a coffee grinder", call("search_products", query="coffee grinder")),
    one(
        "search for garden chairs under 50 euros",
        call("search_products", query="chairs", category="garden", max_price=50),
    ),
    one("do you have any products from Norway?", call("search_products", query="Norway")),
    one(
        "add two bottles of olive oil to my cart",
        call("add_to_cart", product="bottles of olive oil", quantity=2),
    ),
    one("put a teapot into the cart", call("add_to_cart", product="teapot")),
    (
        ("add something to the cart", Asks("add_to_cart", "product")),
        ("the blue kettle, please", call("add_to_cart", product="blue kettle")),
    ),
    one("take the teapot out of the cart", call("remove_from_cart", product="teapot")),
    one("remove olive oil from my shopping cart", call("remove_from_cart", product="olive oil")),
    one("what is in my cart?", call("show_cart")),
    one("show the cart", call("show_cart")),
    one("where is order 4711", call("track_order", order_number=4711)),
    (
        ("track my order", Asks("track_order", "order_number")),
        ("I don't know", Asks("track_order", "order_number")),
        ("it's number 815", call("track_order", order_number=815)),
    ),
    one(
        "cancel order 4711, it was the wrong item",
        call("cancel_order", order_number=4711, reason="wrong item"),
    ),
    (("cancel", Asks("cancel_order", "order_number")), ("cancel", Drops())),
    (
        ("the order 4711", Which(("track_order", "cancel_order"))),
        ("where is it", call("track_order", order_number=4711)),
    ),
    (
        ("my order", Which(("track_order", "cancel_order"))),
        ("cancel_order", Asks("cancel_order", "order_number")),
        ("12", call("cancel_order", order_number=12)),
    ),
    one(
        "check out with PayPal, express please",
        call("check_out", payment="PayPal", express=True),
    ),
    one("I want to pay by credit card", call("check_out", payment="credit card")),
    one("pay by invoice, no express", call("check_out", payment="invoice", express=False)),
    (
        ("I'd like to pay", Asks("check_out", "payment")),
        ("with shells", Asks("check_out", "payment")),
        ("credit card", call("check_out", payment="credit card")),
    ),
    one("redeem coupon SPRING20", call("redeem_coupon", code="SPRING20")),
    one("tell me a joke", NoFit()),
    one("what's the weather like?", NoFit()),
    one("how much is the fish", NoFit()),
]

UNITS: Final = ["meters", "kilometers", "miles", "celsius", "fahrenheit"]

DEMO: Final = [
    declared("world_time", "Tell the current time in a city.", {"city": {"type": "string"}}),
    declared(
        "roll_dice",
        "Roll dice and tell what came up.",
        {
            "dice": {"type": "integer", "description": "How many dice to roll."},
            "sides": {"type": "integer", "description": "How many sides each of them has."},
        },
        optional=["dice", "sides"],
    ),
    declared(
        "convert_units",
        "Convert a value from one unit to another.",
        {
            "value": {"type": "number", "description": "How much of it."},
            "from_unit": {"type": "string", "enum": UNITS},
            "to_unit": {"type": "string", "enum": UNITS},
        },
    ),
    declared(
        "add_note", "Write a note down.", {"text": {"type": "string", "description": "What to write down."}}
    ),
    declared(
        "count_primes",
        "Count the prime numbers up to a limit.",
        {"limit": {"type": "integer", "description": "Up to which number to count."}},
    ),
    declared(
        "book_table",
        "Book a table at the restaurant.",
        {
            "people": {"type": "integer", "minimum": 1, "description": "For how many people."},
            "day": {"type": "string", "format": "date", "description": "On which day."},
            "name": {"type": "string", "description": "In whose name."},
        },
    ),
    declared("unstable", "A machine that always fails."),
]

DEMO_ROWS: Final[list[Row]] = [
    one("what time is it in Oslo?", call("world_time", city="Oslo")),
    one("what time is it in new york right now", call("world_time", city="new york")),
    one("New York time please", call("world_time", city="New York")),
    (("what time is it?", Asks("world_time", "city")), ("Oslo", call("world_time", city="Oslo"))),
    (
        ("what time is it?", Asks("world_time", "city")),
        ("in New York, please", call("world_time", city="New York")),
    ),
    (
        ("what time is it?", Asks("world_time", "city")),
        ("roll two dice", call("roll_dice", dice=2)),
    ),
    one("roll a die", call("roll_dice")),
    one("roll 3 dice with 20 sides", call("roll_dice", dice=3, sides=20)),
    one("roll two twenty-sided dice", call("roll_dice", dice=2, sides=20)),
    one(
        "convert 10 miles to kilometers",
        call("convert_units", value=10, from_unit="miles", to_unit="kilometers"),
    ),
    one(
        "how many kilometres are 26.2 miles?",
        call("convert_units", value=26.2, from_unit="miles", to_unit="kilometers"),
    ),
    one(
        "convert minus five celsius into fahrenheit",
        call("convert_units", value=-5, from_unit="celsius", to_unit="fahrenheit"),
    ),
    one("add a note: I have to call Anna", call("add_note", text="I have to call Anna")),
    one("write down buy milk and eggs", call("add_note", text="buy milk and eggs")),
    one("how many primes are there below a million", call("count_primes", limit=1000000)),
    one("count the primes up to 1,000", call("count_primes", limit=1000)),
    one(
        "book a table for 4 people tomorrow under the name Smith",
        call("book_table", people=4, day="2026-03-05", name="Smith"),
    ),
    (
        ("book a table", Asks("book_table", "people")),
        ("we are five", Asks("book_table", "day")),
        ("Saturday", Asks("book_table", "name")),
        ("Miller", call("book_table", people=5, day="2026-03-07", name="Miller")),
    ),
    (
        ("book a table for Anna", Asks("book_table", "people")),
        ("four, on Friday", call("book_table", people=4, day="2026-03-06", name="Anna")),
    ),
    one("start the machine that fails", call("unstable")),
    one("who won the match yesterday", NoFit()),
]
