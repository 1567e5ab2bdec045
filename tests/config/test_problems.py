"""What is said of a table that does not fit the model that somebody else wrote."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from agentframework.config import Source, read_table
from agentframework.errors import ConfigError


class Mode(Enum):
    DAY = "day"
    NIGHT = "night"


class Lamp(BaseModel):
    name: str
    level: Annotated[int, Field(ge=0, le=100)] = 100


class Free(BaseModel):
    model_config = ConfigDict(extra="allow")


class Settings(BaseModel):
    host: str = "localhost"
    port_number: int = Field(80, alias="port")
    mode: Mode = Mode.DAY
    colour: Literal["warm", "cold"] = "warm"
    lamps: list[Lamp] = []
    by_room: dict[str, Lamp] = {}
    main: Lamp | None = None
    since: date | None = None
    pin: SecretStr | None = None
    pair: tuple[int, int] = (0, 0)
    even: int = 0
    choice: int | list[str] = 0

    @field_validator("even")
    @classmethod
    def _check_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("an even number is needed")
        return value


KNOWN = "host, port, mode, colour, lamps, by_room, main, since, pin, pair, even, choice"


def said(table: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_table(Settings, table, Source(), at=("plugins", "hue"))
    return [
        f"{one.key.removeprefix('plugins.hue.')}: {one.problem} ({one.fix})" for one in caught.value.problems
    ]


@pytest.mark.parametrize(
    ("table", "problems"),
    [
        ({"hots": 1}, ["hots: unknown key (did you mean 'host'?)"]),
        ({"volume": 1}, [f"volume: unknown key (known are {KNOWN})"]),
        ({"port": "x"}, ["port: expected a whole number, got text ()"]),
        ({"mode": "nihgt"}, ["mode: expected 'day' or 'night', got text (did you mean 'night'?)"]),
        ({"colour": 3}, ["colour: expected 'warm' or 'cold', got 3 ()"]),
        (
            {"lamps": [{"name": "a"}, {"nam": "b"}]},
            ["lamps[1].nam: unknown key (did you mean 'name'?)", "lamps[1].name: is missing ()"],
        ),
        ({"lamps": {}}, ["lamps: expected a list, got a table ()"]),
        ({"lamps": [3]}, ["lamps[0]: expected a table, got 3 ()"]),
        (
            {"by_room": {"the hall": {"name": "a", "lvl": 1}}},
            ["by_room.\"the hall\".lvl: unknown key (did you mean 'level'?)"],
        ),
        (
            {"by_room": {"hall": {"name": "a", "level": 101}}},
            ["by_room.hall.level: expected at most 100, got 101 ()"],
        ),
        ({"main": {"name": "a", "leve": 1}}, ["main.leve: unknown key (did you mean 'level'?)"]),
        ({"since": "yesterday"}, ["since: expected a date, got text ()"]),
        ({"pin": 1234}, ["pin: expected text, got 1234 ()"]),
        ({"pair": [1]}, ["pair[1]: is missing ()"]),
        ({"even": 3}, ["even: an even number is needed ()"]),
        (
            {"choice": "x"},
            [
                "choice: expected a whole number, got text ()",
                'choice: expected a list, got text (write a list: ["...", "..."])',
            ],
        ),
    ],
)
def test_a_mistake_is_said_with_its_key(table: dict[str, Any], problems: list[str]) -> None:
    assert said(table) == problems


def test_what_fits_is_read() -> None:
    table = {"port": 8080, "mode": "night", "main": {"name": "a"}, "since": date(2020, 1, 1), "pin": "1234"}
    settings = read_table(Settings, table, Source())
    assert (settings.port_number, settings.mode, settings.main) == (8080, Mode.NIGHT, Lamp(name="a"))


def test_a_model_that_takes_any_key_is_taken_at_its_word() -> None:
    assert read_table(Free, {"x": 1}, Source()).model_extra == {"x": 1}
