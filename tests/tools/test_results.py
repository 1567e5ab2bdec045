"""Any result becomes a text: a string as it is, everything else as compact JSON, and what has no text as an error."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import ipaddress
import itertools
import json
import math
import pathlib
import threading
import types
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, computed_field

from agentframework.tools.results import MAX_RESULT_BYTES, EncodedResult, encode_result


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Mode(enum.StrEnum):
    FAST = "fast"


class OldMode(str, enum.Enum):  # noqa: UP042  the old way of writing a StrEnum must work too
    SLOW = "slow"


class Point(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Track:
    title: str
    length: dt.timedelta
    next: Track | None = None


class Weather(BaseModel):
    city: str
    at: dt.datetime
    mood: Colour = Colour.RED
    depth: float = math.nan


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise ZeroDivisionError


UTC = dt.UTC

# a model that was not checked when it was made
BROKEN: dict[str, Any] = {"city": 5}

ENCODED: list[tuple[object, str]] = [
    ("", ""),
    ("It is raining.", "It is raining."),
    ('{"a": 1}', '{"a": 1}'),
    ("null", "null"),
    (None, "ok"),
    (0, "0"),
    (7, "7"),
    (10**30, "1" + "0" * 30),
    (7.0, "7.0"),
    (0.1, "0.1"),
    (False, "false"),
    (True, "true"),
    ([], "[]"),
    ({}, "{}"),
    ((), "[]"),
    ([None, 0, False, ""], '[null,0,false,""]'),
    ({"a": [1, {"b": None}]}, '{"a":[1,{"b":null}]}'),
    ({"city": "Tromsø"}, '{"city":"Tromsø"}'),
    (math.nan, "null"),
    ([math.inf, -math.inf], "[null,null]"),
    (Colour.RED, '"red"'),
    (Level.HIGH, "3"),
    (Mode.FAST, "fast"),
    (OldMode.SLOW, "slow"),
    ([Mode.FAST, Colour.RED], '["fast","red"]'),
    (Text("text"), "text"),
    (dt.datetime(2026, 11, 22, 16, 38, tzinfo=UTC), '"2026-11-22T16:38:00Z"'),
    (dt.date(2026, 11, 22), '"2026-11-22"'),
    (dt.time(16, 38), '"16:38:00"'),
    (dt.timedelta(minutes=90), '"PT1H30M"'),
    (decimal.Decimal("1.50"), '"1.50"'),
    (fractions.Fraction(1, 2), '"1/2"'),
    (uuid.UUID(int=5), '"00000000-0000-0000-0000-000000000005"'),
    (pathlib.PurePosixPath("/tmp/a"), '"/tmp/a"'),
    (ipaddress.ip_address("127.0.0.1"), '"127.0.0.1"'),
    (b"hi", '"aGk="'),
    (b"\xff\xfe", '"__4="'),
    (bytearray(b"hi"), '"aGk="'),
    (memoryview(b"hi"), '"aGk="'),
    ({3}, "[3]"),
    (frozenset({3}), "[3]"),
    (collections.deque([1, 2]), "[1,2]"),
    (range(3), "[0,1,2]"),
    ({"a": 1}.keys(), '["a"]'),
    ({"a": 1}.values(), "[1]"),
    ({"a": 1}.items(), '[["a",1]]'),
    (Point(1, 2), "[1,2]"),
    (types.MappingProxyType({"a": 1}), '{"a":1}'),
    (collections.OrderedDict(a=1), '{"a":1}'),
    (collections.ChainMap({"a": 1}), '{"a":1}'),
    (collections.Counter("aab"), '{"a":2,"b":1}'),
    (
        {1: "a", dt.date(2026, 1, 1): "b", Colour.RED: "c", (1, 2): "d"},
        '{"1":"a","2026-01-01":"b","red":"c","1,2":"d"}',
    ),
    (
        Track("one", dt.timedelta(seconds=5), Track("two", dt.timedelta(0))),
        '{"title":"one","length":"PT5S","next":{"title":"two","length":"PT0S","next":null}}',
    ),
    (
        Weather(city="Oslo", at=dt.datetime(2026, 1, 1, tzinfo=UTC)),
        '{"city":"Oslo","at":"2026-01-01T00:00:00Z","mood":"red","depth":null}',
    ),
    (Weather.model_construct(**BROKEN), '{"city":5,"mood":"red","depth":null}'),
    ("half \ud800 a pair", "half � a pair"),
    ("a whole \ud83d\ude00", "a whole 😀"),
    (["\ud800"], '["�"]'),
    ({"a": ["\udfff", math.nan, b"\xff", pathlib.PurePosixPath("/b")]}, '{"a":["�",null,"_w==","/b"]}'),
]


@pytest.mark.parametrize(("value", "text"), ENCODED)
def test_a_result_becomes_this_text(value: object, text: str) -> None:
    assert encode_result(value) == EncodedResult(text, is_error=False)


class Raising:
    """Raises whatever is asked of it."""

    def __str__(self) -> str:
        raise ZeroDivisionError("secret")

    __repr__ = __str__

    def __iter__(self) -> Iterator[int]:
        raise ZeroDivisionError("secret")


class RaisingAttributes:
    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError("secret")


class RaisingMapping(collections.UserDict[str, int]):
    def __iter__(self) -> Iterator[str]:
        raise SystemExit("secret")


class RaisingField(BaseModel):
    @computed_field  # type: ignore[prop-decorator]
    @property
    def field(self) -> int:
        raise ZeroDivisionError("secret")


class Nameless(type):
    def __getattribute__(cls, name: str) -> Any:
        raise ZeroDivisionError("secret")


class WithoutName(metaclass=Nameless):
    pass


class Open(BaseModel):
    model_config = {"arbitrary_types_allowed": True}
    lock: Any


async def coroutine() -> None:
    pass


async def async_generator() -> Any:
    yield 1


def a_list_in_itself() -> list[object]:
    itself: list[object] = []
    itself.append(itself)
    return itself


def a_dict_in_itself() -> dict[str, object]:
    itself: dict[str, object] = {}
    itself["it"] = [itself]
    return itself


def a_deep_list() -> list[object]:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    return deep


WITHOUT_TEXT: list[Callable[[], object]] = [
    object,
    threading.Lock,
    lambda: [threading.Lock()],
    lambda: {"a": {"b": threading.Lock()}},
    lambda: Track("a", threading.Lock()),  # type: ignore[arg-type]
    lambda: Open(lock=threading.Lock()),
    lambda: (n for n in range(3)),
    lambda: itertools.count(),
    lambda: [itertools.count()],
    lambda: collections.UserList([itertools.count()]),
    lambda: range(10**12),
    lambda: {"a": map(str, [1])},
    lambda: types.MappingProxyType({"a": iter([])}),
    lambda: Track("a", iter([])),  # type: ignore[arg-type]
    lambda: Open(lock=itertools.count()),
    async_generator,
    a_list_in_itself,
    a_dict_in_itself,
    a_deep_list,
    Raising,
    lambda: [Raising()],
    lambda: [RaisingAttributes()],
    lambda: {Raising(): 1},
    RaisingMapping,
    RaisingField,
    lambda: WithoutName(),  # the class itself would have pytest ask for its name
    lambda: WithoutName,
    lambda: {"\ud800": 1},
    lambda: int,
    lambda: len,
    lambda: math,
    lambda: ...,
    lambda: ZeroDivisionError("secret"),
]


@pytest.mark.parametrize("make", WITHOUT_TEXT)
def test_what_has_no_text_is_an_error_that_keeps_the_model_from_repeating(make: Callable[[], object]) -> None:
    encoded = encode_result(make())
    assert encoded.is_error
    assert encoded.text.startswith("The tool ran but its result could not be turned into text (")
    assert encoded.text.endswith("What it did is done: do not repeat it.")
    assert "secret" not in encoded.text


def test_a_coroutine_is_an_error_that_names_it() -> None:
    never_awaited = coroutine()
    encoded = encode_result(never_awaited)
    asyncio.run(never_awaited)
    assert encoded.is_error
    assert "coroutine" in encoded.text


def test_an_iterator_is_not_run() -> None:
    given = iter([1, 2])
    assert encode_result({"a": [given]}).is_error
    assert list(given) == [1, 2]


def test_the_error_names_the_type_that_has_no_text() -> None:
    assert "generator" in encode_result({"a": (n for n in "a")}).text
    assert "a value of type object" in encode_result(object()).text
    assert "a value of type lock" in encode_result({"a": [threading.Lock()]}).text


@pytest.mark.parametrize("character", ["a", "é", "😀"])
def test_a_text_of_64_kib_goes_out_and_a_longer_one_is_an_error_that_says_so(character: str) -> None:
    most = character * (MAX_RESULT_BYTES // len(character.encode()))
    assert encode_result(most) == EncodedResult(most, is_error=False)
    encoded = encode_result(most + character)
    assert encoded.is_error
    assert "too long" in encoded.text
    assert str(MAX_RESULT_BYTES + len(character.encode())) in encoded.text


def test_json_is_measured_as_it_goes_out() -> None:
    assert not encode_result(["a" * (MAX_RESULT_BYTES - 4)]).is_error
    assert encode_result(["a" * (MAX_RESULT_BYTES - 3)]).is_error


def test_the_user_may_still_interrupt() -> None:
    class Interrupted(collections.UserDict[str, int]):
        def __iter__(self) -> Iterator[str]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode_result(Interrupted())


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.decimals() | st.uuids() | st.dates()
    | st.datetimes() | st.times() | st.timedeltas() | st.fractions() | st.complex_numbers()
    | st.text(st.characters()) | st.sampled_from([Colour.RED, Level.HIGH, Mode.FAST, object(), range(2)])
)  # fmt: skip
values = st.recursive(
    scalars | st.builds(Track, st.text(), st.timedeltas()) | st.builds(Open, lock=scalars),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.dates() | st.none(), inner)
        | st.builds(collections.deque, st.lists(inner))
        | st.builds(types.MappingProxyType, st.dictionaries(st.text(), inner))
        | st.frozensets(st.integers() | st.binary())
    ),
    max_leaves=10,
)


@given(values)
def test_whatever_a_tool_returns_can_be_sent(value: object) -> None:
    encoded = encode_result(value)
    encoded.text.encode()
    if isinstance(value, str) or value is None or encoded.is_error:
        return
    json.loads(encoded.text, parse_constant=pytest.fail)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=10).filter(bool)
)
def test_json_comes_out_as_it_went_in(value: object) -> None:
    encoded = encode_result(value)
    if not isinstance(value, str):
        assert json.loads(encoded.text) == value
