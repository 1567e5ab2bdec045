"""More of what people type, written after the talker: three more sets of tools, and new lines for the others."""

from __future__ import annotations

from typing import Final

from talker_sets import Asks, Drops, NoFit, Row, Which, call, declared, one

__all__ = [
    "BANK",
    "BANK_LATER",
    "CALENDAR_LATER",
    "FITNESS",
    "FITNESS_LATER",
    "HOME_LATER",
    "OFFICE",
    "OFFICE_LATER",
    "SHOP_LATER",
]

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
    one("pls turn teh kitchen lights off", call("set_light", room="kitchen", on=False)),
    one("dim the light in the hall to fifteen percent", call("set_light", room="hall", brightness=15)),
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
    one("cancel lunch with Anna", call("cancel_event", title="lunch with Anna")),
    one("when is my next appointment?", Which(("create_event", "cancel_event", "move_event"))),
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
    one("do you sell umbrellas?", NoFit()),
    one("add a green umbrella", call("add_to_cart", product="green umbrella")),
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
    one("print the message", call("print_document", file_name="message")),
    one("tell Anna that the meeting starts at noon", NoFit()),
    one(
        "translate where is the station to Norwegian",
        call("translateText", text="where is the station", language="Norwegian"),
    ),
]

BANK: Final = [
    declared(
        "get_balance",
        "Returns the current balance of one of the customer's accounts. "
        "Use this when the customer asks how much money they have.",
        {
            "account": {
                "type": "string",
                "enum": ["checking", "savings", "business"],
                "description": "The account to look at.",
            }
        },
    ),
    declared(
        "transfer_money",
        "Transfers money from one account to another person. Do not use it for bills.",
        {
            "amount": {"type": "number", "exclusiveMinimum": 0, "description": "How much, in euros."},
            "recipient": {"type": "string", "description": "Full name of the person who gets the money."},
            "purpose": {"type": "string"},
        },
        optional=["purpose"],
    ),
    declared(
        "list_transactions",
        "Lists recent transactions (payments and deposits). Returns at most 50.",
        {
            "since": {"type": "string", "description": "First day, as YYYY-MM-DD."},
            "limit": {"type": "integer", "maximum": 50},
        },
        optional=["since", "limit"],
    ),
    declared(
        "block_card",
        "Blocks a debit or credit card immediately, for example when it was lost or stolen.",
        {
            "card_digits": {"type": "string", "description": "The last four digits of the card."},
            "reason": {"type": "string", "enum": ["lost", "stolen", "damaged"]},
        },
        optional=["reason"],
    ),
    declared(
        "exchange_rate",
        "Get the exchange rate between two currencies.",
        {
            "base": {"type": "string", "enum": ["EUR", "USD", "NOK", "GBP"]},
            "quote": {"type": "string", "enum": ["EUR", "USD", "NOK", "GBP"]},
        },
    ),
    declared(
        "schedule_call",
        "Schedule a phone call with an advisor.",
        {
            "when": {"type": "string", "format": "date-time"},
            "topic": {"type": "string", "description": "What you want to talk about."},
        },
    ),
    declared(
        "find_branch",
        "Find the nearest branch or cash machine.",
        {
            "near": {"type": "string", "description": "A street, a place or a city."},
            "open_now": {"type": "boolean"},
        },
        optional=["open_now"],
    ),
]

BANK_LATER: Final[list[Row]] = [
    one("how much money is in my savings account", call("get_balance", account="savings")),
    one("what's the balance on business?", call("get_balance", account="business")),
    (
        ("what's my balance", Asks("get_balance", "account")),
        ("the checking account", call("get_balance", account="checking")),
    ),
    one("transfer 50 euros to Anna Berg", call("transfer_money", amount=50, recipient="Anna Berg")),
    one("send Peter 20 euros", NoFit()),
    one("transfer 12.50 to Peter for pizza", call("transfer_money", amount=12.5, recipient="Peter")),
    (
        ("transfer money to Maria", Asks("transfer_money", "amount")),
        ("a hundred and twenty", call("transfer_money", amount=120, recipient="Maria")),
    ),
    (("I want to transfer some money", Asks("transfer_money", "amount")), ("nothing", Drops())),
    one("show me my transactions since March 1st", call("list_transactions", since="2026-03-01")),
    one("list the last 10 transactions", call("list_transactions", limit=10)),
    one(
        "my card was stolen, the last digits are 1234",
        call("block_card", card_digits="1234", reason="stolen"),
    ),
    (("block my card", Asks("block_card", "card_digits")), ("9876", call("block_card", card_digits="9876"))),
    (
        ("I lost my card", Asks("block_card", "card_digits")),
        ("0042", call("block_card", card_digits="0042", reason="lost")),
    ),
    one("what's the exchange rate from EUR to NOK", call("exchange_rate", base="EUR", quote="NOK")),
    one("usd to gbp", call("exchange_rate", base="USD", quote="GBP")),
    one(
        "schedule a call about mortgages tomorrow at 2 pm",
        call("schedule_call", when="2026-03-05T14:00:00", topic="mortgages"),
    ),
    (
        ("I'd like to talk to an advisor", Asks("schedule_call", "when")),
        ("Monday at 9:30", Asks("schedule_call", "topic")),
        ("my pension", call("schedule_call", when="2026-03-09T09:30:00", topic="my pension")),
    ),
    one("where is the nearest cash machine in Trondheim?", call("find_branch", near="Trondheim")),
    one(
        "find a branch near Karl Johans gate that is open now",
        call("find_branch", near="Karl Johans gate", open_now=True),
    ),
    one("who painted the Mona Lisa", NoFit()),
    one(
        "good evening, what is the exchange rate of USD in NOK?",
        call("exchange_rate", base="USD", quote="NOK"),
    ),
    one("cards", Asks("block_card", "card_digits")),
    one("my account", Which(("get_balance", "transfer_money"))),
    one(
        "please phone me on Friday at noon about my loan",
        call("schedule_call", when="2026-03-06T12:00:00", topic="loan"),
    ),
    one(
        "transfer 1,250.50 euro to Kari Nordmann",
        call("transfer_money", amount=1250.5, recipient="Kari Nordmann"),
    ),
    one(
        "block the card ending in 4321 because it was stolen",
        call("block_card", card_digits="4321", reason="stolen"),
    ),
]

FITNESS: Final = [
    declared(
        "log_workout",
        "Record a workout.",
        {
            "activity": {"type": "string", "enum": ["running", "cycling", "swimming", "yoga"]},
            "minutes": {"type": "integer", "minimum": 1},
            "distance_km": {"type": "number"},
        },
        optional=["distance_km"],
    ),
    declared(
        "log_meal",
        "Record what was eaten.",
        {"food": {"type": "string"}, "calories": {"type": "integer"}},
        optional=["calories"],
    ),
    declared("weekly_report", "Summarize the workouts of this week."),
    declared(
        "set_goal",
        "Set a goal for the number of steps a day.",
        {"steps": {"type": "integer", "minimum": 1000}},
    ),
    declared(
        "drink_water",
        "Count a glass of water.",
        {"glasses": {"type": "integer", "minimum": 1}},
        optional=["glasses"],
    ),
    declared(
        "recipe_search",
        "Search recipes by ingredients.",
        {"ingredients": {"type": "array", "items": {"type": "string"}}, "vegetarian": {"type": "boolean"}},
        optional=["vegetarian"],
    ),
    declared(
        "sleep_log",
        "Record when you went to bed and when you got up.",
        {"bedtime": {"type": "string", "format": "time"}, "wake_up": {"type": "string", "format": "time"}},
    ),
]

FITNESS_LATER: Final[list[Row]] = [
    one("log a workout: 45 minutes of cycling", call("log_workout", activity="cycling", minutes=45)),
    one(
        "record running for half an hour, distance 5.2 km",
        call("log_workout", activity="running", minutes=30, distance_km=5.2),
    ),
    (
        ("record a workout", Asks("log_workout", "activity")),
        ("yoga", Asks("log_workout", "minutes")),
        ("an hour", call("log_workout", activity="yoga", minutes=60)),
    ),
    one("summarize my week", call("weekly_report")),
    one("i drank two glasses of water", call("drink_water", glasses=2)),
    one("set my goal to 10,000 steps", call("set_goal", steps=10000)),
    (
        ("set a goal", Asks("set_goal", "steps")),
        ("five hundred", Asks("set_goal", "steps")),
        ("ten thousand", call("set_goal", steps=10000)),
    ),
    one(
        "search for recipes with rice, beans and chicken",
        call("recipe_search", ingredients=["rice", "beans", "chicken"]),
    ),
    one("vegetarian recipes with tomatoes", call("recipe_search", ingredients=["tomatoes"], vegetarian=True)),
    one(
        "log a meal: pasta with tomato sauce, 650 calories",
        call("log_meal", food="pasta with tomato sauce", calories=650),
    ),
    one("record that I ate an apple", call("log_meal", food="apple")),
    one(
        "I went to bed at 23:15 and got up at 7 am", call("sleep_log", bedtime="23:15:00", wake_up="07:00:00")
    ),
    (
        ("i went to bed at midnight", Asks("sleep_log", "wake_up")),
        ("at half past six", call("sleep_log", bedtime="00:00:00", wake_up="06:30:00")),
    ),
    one("what is the meaning of life", NoFit()),
]
