"""More of what people type, written after the talker: a fourth set of tools, and new lines for the other three."""

from __future__ import annotations

from typing import Final

from talker_sets import Asks, NoFit, Row, Which, call, declared, one

__all__ = ["CALENDAR_LATER", "HOME_LATER", "OFFICE", "OFFICE_LATER", "SHOP_LATER"]

HOME_LATER: Final[list[Row]] = [
    one("Can you switch on the bathroom light?", call("set_light", room="bathroom", on=True)),
    one("lights off in the bedroom", call("set_light", room="bedroom", on=False)),
    one("set the volume to 120", Asks("set_volume", "level")),
    one("I'm cold, set the heating to 23 degrees", call("set_heating", degrees=23)),
    one("play The Beatles", call("play_music", query="The Beatles")),
    one("is the back door locked?", call("lock_door", door="back door")),
    one("lock up the house", Asks("lock_door", "door")),
    one("send the robot to the hall", call("start_vacuum", rooms=["hall"])),
    one("what's for dinner tonight?", NoFit()),
]

CALENDAR_LATER: Final[list[Row]] = [
    one(
        "remind me to take my pills in an hour and a half",
        call("remind_me", text="take my pills", minutes=90),
    ),
    # no word of the tool that lists is said
    one("what's on my calendar on March 12th", Which(("create_event", "cancel_event"))),
    one(
        "schedule a meeting about the new website on Monday at 10am",
        call("create_event", title="new website", date="2026-03-09", start="10:00:00"),
    ),
    one("delete my yoga appointment", call("cancel_event", title="yoga")),
    one("move lunch with Peter to tomorrow", call("move_event", title="lunch with Peter", date="2026-03-05")),
    one("do I have anything planned next Tuesday?", call("list_events", date="2026-03-10")),
    (
        ("invite anna@example.org", Asks("invite_guest", "title")),
        ("Project kickoff", call("invite_guest", email="anna@example.org", title="Project kickoff")),
    ),
]

SHOP_LATER: Final[list[Row]] = [
    one("I'd like to add 3 red mugs to the cart", call("add_to_cart", product="red mugs", quantity=3)),
    one("search books about gardening", call("search_products", query="gardening", category="books")),
    one("has order 99 been sent?", call("track_order", order_number=99)),
    one(
        "I changed my mind, cancel order 31", call("cancel_order", order_number=31, reason="changed my mind")
    ),
    one("please delete the mug from the cart", call("remove_from_cart", product="mug")),
    one("where is my order?", Asks("track_order", "order_number")),
    one("can you recommend a good restaurant", NoFit()),
]

OFFICE: Final = [
    declared(
        "send_message",
        "Send a message to a colleague.",
        {
            "recipient": {"type": "string", "description": "Who gets it."},
            "text": {"type": "string", "description": "What it says."},
        },
    ),
    declared(
        "translateText",
        "Translate a sentence into another language.",
        {
            "text": {"type": "string"},
            "language": {"type": "string", "description": "The target language, such as Norwegian."},
        },
    ),
    declared(
        "find-train",
        "Look up trains between two stations.",
        {
            "origin": {"type": "string", "description": "Where the journey begins."},
            "destination": {"type": "string", "description": "Where it ends."},
            "departure": {"type": "string", "format": "date-time"},
        },
        optional=["departure"],
    ),
    declared(
        "print_document",
        "Print a document on the office printer.",
        {
            "file_name": {"type": "string"},
            "copies": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None},
            "double_sided": {"type": "boolean", "description": "On both sides of the paper."},
        },
        optional=["copies", "double_sided"],
    ),
    declared(
        "vote",
        "Vote for what we have for lunch.",
        {"dish": {"$ref": "#/$defs/Dish"}},
    ),
    declared("coffee_status", "Tell whether there is coffee left in the machine."),
]

OFFICE_LATER: Final[list[Row]] = [
    one(
        "send a message to Bob: I'll be ten minutes late",
        call("send_message", recipient="Bob", text="I'll be ten minutes late"),
    ),
    one("translate good morning into German", call("translateText", text="good morning", language="German")),
    one('translate "how are you" to french', call("translateText", text="how are you", language="french")),
    one("trains from Oslo to Bergen", call("find-train", origin="Oslo", destination="Bergen")),
    one(
        "look up a train from Bergen to New Haven tomorrow at 8:15",
        call("find-train", origin="Bergen", destination="New Haven", departure="2026-03-05T08:15:00"),
    ),
    one(
        "print report.pdf double sided, 3 copies",
        call("print_document", file_name="report.pdf", copies=3, double_sided=True),
    ),
    one("is there any coffee left?", call("coffee_status")),
    one("I vote for soup", call("vote", dish="soup")),
    (
        ("send a message", Asks("send_message", "recipient")),
        ("to Anna", Asks("send_message", "text")),
        ("the cake is ready", call("send_message", recipient="Anna", text="the cake is ready")),
    ),
    one("who is the boss here", NoFit()),
    one("print the message", Which(("send_message", "print_document"))),
]
