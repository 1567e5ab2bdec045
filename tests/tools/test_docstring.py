"""A docstring gives the description, and what it says of each parameter, in three styles."""

from __future__ import annotations

import pytest

from agentframework.tools.docstring import Docstring, read_docstring

GOOGLE = """Tell the weather.

    Use it when somebody asks for the weather,
    today or later.

    Args:
        city: The city's name,
            with its country: Oslo, Norway.
        days (int, optional): How many days.
        *rest: Ignored.

        unit (Literal["c", "f"]): Celsius or Fahrenheit.

    Returns:
        text: What is said.

    Raises:
        ToolError: No such city.
    """

NUMPY = """Tell the weather.

    Use it when somebody asks for the weather,
    today or later.

    Parameters
    ----------
    city : str
        The city's name,
        with its country: Oslo, Norway.
    days : int, optional
        How many days.
    **rest
        Ignored.
    unit : {"c", "f"}
        Celsius or Fahrenheit.

    Returns
    -------
    text
        What is said.
    """

REST = """Tell the weather.

    Use it when somebody asks for the weather,
    today or later.

    :param str city: The city's name,
        with its country: Oslo, Norway.
    :param days: How many days.
    :type days: int
    :param rest: Ignored.
    :param unit: Celsius or Fahrenheit.
    :returns: What is said.
    :raises ToolError: No such city.
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, REST], ids=["google", "numpy", "rest"])
def test_three_styles_say_the_same(text: str) -> None:
    assert read_docstring(text) == Docstring(
        "Tell the weather.\n\nUse it when somebody asks for the weather,\ntoday or later.",
        {
            "city": "The city's name, with its country: Oslo, Norway.",
            "days": "How many days.",
            "rest": "Ignored.",
            "unit": "Celsius or Fahrenheit.",
        },
    )


def test_two_parameters_may_share_a_line_in_numpys_style() -> None:
    text = "Move.\n\nParameters\n----------\nx, y : int\n    Where to."
    assert read_docstring(text).parameters == {"x": "Where to.", "y": "Where to."}


@pytest.mark.parametrize("text", [None, "", "   \n  "])
def test_no_docstring_says_nothing(text: str | None) -> None:
    assert read_docstring(text) == Docstring("", {})


@pytest.mark.parametrize(
    "text",
    [
        "Just a sentence.",
        "Do.\n\nNote:\n    this is: no parameter",
        "Returns the parameters of a thing.",
        "Parameters are nice",
        "Lists what there is:\n\n- city: a city",
    ],
)
def test_a_docstring_in_no_style_is_all_description(text: str) -> None:
    assert read_docstring(text) == Docstring(text, {})


def test_sections_that_name_no_parameters_are_not_read_as_parameters() -> None:
    assert read_docstring("Do.\n\nRaises:\n    city: never\n\nReturns:\n    days: some") == Docstring(
        "Do.", {}
    )


def test_parameters_may_come_after_another_section() -> None:
    text = "Do.\n\nReturns:\n    days: some\n\nArgs:\n    city: a city"
    assert read_docstring(text) == Docstring("Do.", {"city": "a city"})


def test_text_after_the_parameters_belongs_to_none_of_them() -> None:
    text = "Do.\n\nArgs:\n    city: a city\n\nAnd then: it is done."
    assert read_docstring(text) == Docstring("Do.", {"city": "a city"})
