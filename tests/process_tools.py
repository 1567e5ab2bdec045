"""Tools that a worker process finds by import, with each way to declare arguments."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, SecretStr, ValidationInfo, field_validator

from agentframework import Tool, ToolContext, tool


def plus(a: int, b: int = 1) -> int:
    """Add."""
    return a + b


class Person(BaseModel):
    name: str
    born: date

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str, info: ValidationInfo) -> str:
        if name == "nobody":
            raise ValueError("nobody has no birthday")
        return name


@tool(parameters=Person)
def birthday(person: Person) -> str:
    """Say a birthday."""
    return f"{person.name}: {person.born:%d %B}"


@tool
def days(since: date, until: date = date(2020, 1, 1)) -> int:
    """Count days."""
    return (until - since).days


@tool(parameters={"type": "object", "properties": {"x-y": {"type": "integer"}}, "required": ["x-y"]})
def as_dict(arguments: dict[str, int]) -> int:
    """Take all as one dict."""
    return arguments["x-y"]


class Settings(BaseModel):
    key: SecretStr
    city: str = "Oslo"


@tool
def say_settings(context: ToolContext) -> str:
    """Say what the plugin has read."""
    settings: Settings = context.settings
    return f"{settings.city} {settings.key.get_secret_value()}"


class Shop:
    @staticmethod
    def open_at(day: str) -> str:
        """Say when it opens."""
        return f"at 8 on {day}"

    def close_at(self, day: str) -> str:
        """Say when it closes."""
        return f"at 6 on {day}"


added: Tool[..., int] = Tool("added", plus)
