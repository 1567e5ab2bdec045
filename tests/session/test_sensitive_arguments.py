"""A value that is marked sensitive is in no event, no log and no error text, whatever becomes of its call."""

from __future__ import annotations

import logging
import threading
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, field_validator

from agentframework import App, Callbacks, Config, Sensitive, ToolContext, ToolError, ToolRegistry, tool
from agentframework.callbacks import Event
from agentframework.config import AgentConfig
from agentframework.plugins import LoadedPlugins
from agentframework.trial.trial import Trial

CANARY = "canary-4111-1111"


class Card(BaseModel):
    number: Annotated[str, Sensitive]

    @field_validator("number")
    @classmethod
    def is_known(cls, number: str) -> str:
        if number.endswith("x"):
            raise KeyError(number)
        if number.endswith("y"):
            raise ValueError(f"{number} is not known")
        return number


@tool
def pay(amount: int, pin: Annotated[str, Sensitive], cards: list[Card] = [], how: str = "") -> object:  # noqa: B006
    if how == "raise":
        raise RuntimeError(f"cannot pay with {pin} of {cards!r}")
    if how == "cause":
        try:
            raise KeyError(pin)
        except KeyError as error:
            raise RuntimeError("cannot pay") from error
    if how == "refuse":
        raise ToolError("the card is refused")
    return object() if how == "odd" else "paid"


@tool
async def pay_later(pin: Annotated[str, Sensitive], context: ToolContext) -> str:
    context.logger.info("on the way")
    raise RuntimeError(f"cannot pay with {pin}")


class Ears(Callbacks):
    """Hears everything."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.over = threading.Event()

    def on_event(self, event: Event) -> None:
        self.heard.append(repr(event))
        if event.type == "session_ended":
            self.over.set()


def sent(**more: Any) -> dict[str, Any]:
    return {"amount": 7, "pin": CANARY, "cards": [{"number": CANARY}], **more}


CALLS: list[tuple[str, Any, str]] = [
    ("pay", sent(), "ok"),
    ("pay", sent(amount="7"), "ok"),
    ("pay", sent(cards=f'[{{"number": "{CANARY}"}}]'), "ok"),
    ("pay", sent(how="raise"), "exception"),
    ("pay", sent(how="cause"), "exception"),
    ("pay", sent(how="refuse"), "tool error"),
    ("pay", sent(how="odd"), "unencodable result"),
    ("pay", sent(amount="much"), "bad arguments"),
    ("pay", sent(pin=[CANARY]), "bad arguments"),
    ("pay", sent(pinn=CANARY), "bad arguments"),
    ("pay", sent(cards=CANARY), "bad arguments"),
    ("pay", sent(cards=[{"number": f"{CANARY}x"}]), "bad arguments"),
    ("pay", sent(cards=[{"number": f"{CANARY}y"}]), "bad arguments"),
    ("pay_later", {"pin": CANARY}, "exception"),
]


def app_with_tools() -> App:
    registry = ToolRegistry()
    for one in (pay, pay_later):
        registry.add(one, owner="a plugin")
    return App(Config(agent=AgentConfig(url="local")), registry, LoadedPlugins(), [])


@pytest.mark.parametrize(("name", "parameters", "outcome"), CALLS)
def test_a_marked_value_is_nowhere(
    name: str, parameters: Any, outcome: str, caplog: pytest.LogCaptureFixture
) -> None:
    ears = Ears()
    app = app_with_tools()

    def new_session(connect: Any, handlers: Any, *, is_silent: bool = False) -> Any:
        return app.new_session(connect, [*handlers, ears], is_silent=is_silent)

    with caplog.at_level(logging.DEBUG):
        with Trial(new_session, error_handling="passthrough") as trial:
            ending = trial.call(name, parameters)
        assert ears.over.wait(5)
    assert ending.answered.outcome == outcome
    assert ending.heard == ending.answered.text
    assert "ToolCalled" in "".join(ears.heard)
    assert "ClientToolCallMessage" in "".join(ears.heard)
    for text in (*ears.heard, ending.answered.text, caplog.text, *map(repr, caplog.records)):
        assert CANARY not in text
    if outcome == "exception":
        assert "Traceback" in caplog.text
        assert "cannot pay" in caplog.text
