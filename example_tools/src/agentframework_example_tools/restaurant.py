"""A restaurant's tables: a tool whose arguments are a pydantic model, and which keeps something between calls."""

from __future__ import annotations

import threading
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from agentframework import ToolError

__all__ = ["Booking", "Restaurant"]

_SEATS: Final = 20


class Booking(BaseModel):
    """What the agent must find out before it books."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    people: int = Field(ge=1, le=12, description="For how many people.")
    day: Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] = Field(
        description="On which day of the week."
    )
    name: str = Field(min_length=1, max_length=80, description="In whose name.")


class Restaurant:
    """Twenty seats a day. Sync tools run in several threads at once, hence the lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bookings: list[Booking] = []

    def book(self, booking: Booking) -> str:
        """Book a table at the restaurant."""
        with self._lock:
            free = _SEATS - sum(other.people for other in self._bookings if other.day == booking.day)
            if booking.people > free:
                raise ToolError(
                    f"On {booking.day} only {free} seats are free. Offer another day, or fewer people."
                )
            self._bookings.append(booking)
        seats = "one person" if booking.people == 1 else f"{booking.people} people"
        return f"A table for {seats} on {booking.day} is booked in the name of {booking.name}."
