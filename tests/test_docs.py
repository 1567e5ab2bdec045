"""The pages say what is so: their code runs, their links lead somewhere, and every name a user meets is in them."""

from __future__ import annotations

import dataclasses
import inspect
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import BaseModel

import agentframework
from agentframework import Callbacks, Config, errors, hookspecs
from agentframework.protocol.ledger import Outcome
from doc_blocks import run_page
from doc_folder import Folder

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
READMES = (ROOT / "README.md", ROOT / "example_tools" / "README.md", *(ROOT / "plugins").rglob("README.md"))
PAGES = sorted([*READMES, *DOCS.rglob("*.md")])


def page_name(path: Path) -> str:
    return str(path.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", PAGES, ids=page_name)


@pytest.mark.timeout(120)
@every_page
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Folder(tmp_path) as folder:
        # the pages speak of it as seen from a clone
        (folder.work / "example_tools").symlink_to(ROOT / "example_tools")
        monkeypatch.chdir(folder.work)
        run_page(page, folder)


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), f"{page_name(page)} links to {target}"
        if anchor:
            assert anchor in anchors(file), (
                f"{page_name(page)} links to {target}, and no heading is called so"
            )


@every_page
def test_no_page_names_a_path_of_one_machine(page: Path) -> None:
    assert not re.search(
        r"(?<![\w.])/(work|home|root|Users|tmp|mnt)/|[A-Z]:\\", page.read_text(encoding="utf-8")
    )


def test_the_index_links_to_every_page() -> None:
    linked = {(DOCS / target.partition("#")[0]).resolve() for target in links(DOCS / "README.md")}
    pages = {path.resolve() for path in DOCS.rglob("*.md")} - {DOCS / "README.md"}
    assert pages <= linked


@pytest.mark.parametrize("name", agentframework.__all__)
def test_a_public_name_is_in_the_index_of_names(name: str) -> None:
    assert name in first_cells(REFERENCE / "names.md")


def test_the_index_of_names_has_no_name_that_is_not_public() -> None:
    assert first_cells(REFERENCE / "names.md") == set(agentframework.__all__)


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name.endswith("Error")])
def test_an_error_is_described(name: str) -> None:
    assert name in first_cells(REFERENCE / "errors.md")


@pytest.mark.parametrize("outcome", [outcome.value for outcome in Outcome])
def test_what_the_model_is_told_is_described_for_each_outcome(outcome: str) -> None:
    assert f"\n| {outcome} |" in (REFERENCE / "tools.md").read_text(encoding="utf-8")


def hooks() -> list[str]:
    return [name for name, value in vars(hookspecs).items() if hasattr(value, "agentframework_spec")]


@pytest.mark.parametrize("hook", hooks())
def test_a_hook_is_described(hook: str) -> None:
    assert hook in anchors(REFERENCE / "hooks.md")


def config_keys() -> Iterator[tuple[str, str, str]]:
    """The heading, the key and the default of each key of the config."""
    for section, field in Config.model_fields.items():
        yield from section_keys(section, field.annotation)


def section_keys(section: str, model: Any) -> Iterator[tuple[str, str, str]]:
    for key, field in model.model_fields.items():
        inner = [
            part
            for part in get_args(field.annotation)
            if inspect.isclass(part) and issubclass(part, BaseModel)
        ]
        if section == "policy" and inner:
            yield section, key, "[]"
            yield from section_keys("[policy.RULE]", inner[0])
        elif inner:
            table = f"{section}.{key}" if section == "workers" else section
            yield from section_keys(f"{table}.NAME", inner[0])
        elif (section, key) != ("plugins", "settings"):  # its keys are the plugins' own
            yield section, key, "" if field.default is None else toml(field.default)


def toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case tuple():
            return f"[{', '.join(map(toml, value))}]"
    return str(value)


@pytest.mark.parametrize(("section", "key", "default"), list(config_keys()))
def test_a_key_of_the_config_is_described_with_its_default(section: str, key: str, default: str) -> None:
    text = (REFERENCE / "config.md").read_text(encoding="utf-8")
    _, _, rest = text.partition(f"## `[{section}]`\n")
    table = re.split(r"^##", rest, maxsplit=1, flags=re.MULTILINE)[0]
    rows = [
        [cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines() if row.startswith("| `")
    ]
    described = {row[0].strip("`"): row[2].strip("`") for row in rows}
    assert described.get(key) == default


def events() -> dict[str, Any]:
    """Each method of `Callbacks` with the class of what it is given."""
    methods = {name: value for name, value in vars(Callbacks).items() if name.startswith("on_")}
    return {name: next(iter(get_type_hints(method).values())) for name, method in methods.items()}


@pytest.mark.parametrize("method", events())
def test_an_event_is_described_by_fields_that_it_has(method: str) -> None:
    text = (REFERENCE / "callbacks.md").read_text(encoding="utf-8")
    row = next((line for line in text.splitlines() if line.startswith(f"| `{method}` |")), None)
    assert row is not None, f"{method} is not described"
    payload = ""
    for said in re.findall(r"`([\w.]+)`", row.split("|")[2]):
        payload = said.rpartition(".")[0] or payload
        path = f"{payload}{said}" if said.startswith(".") else said
        model = events()[method]
        for name in path.split("."):
            assert name in fields(model), f"{method} has no {path}"
            model = fields(model)[name]


def fields(model: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(model):
        return {field.name: field.type for field in dataclasses.fields(model)}
    options = [model, *get_args(model)]
    models = [option for option in options if inspect.isclass(option) and issubclass(option, BaseModel)]
    return {name: field.annotation for name, field in models[0].model_fields.items()} if models else {}


def test_the_example_config_is_toml_that_says_what_it_shows() -> None:
    tables = tomllib.loads((ROOT / "example_tools" / "quickstart.toml").read_text(encoding="utf-8"))
    assert tables["agent"] == {"url": "local", "tool_error_handling_mode": "passthrough"}


def links(page: Path) -> list[str]:
    """Where a page links to, the web apart."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target for target in targets if not target.startswith(("http://", "https://"))]


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings have, as code hosts make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    found: Counter[str] = Counter()
    names = set()
    for heading in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if found[name] else name)
        found[name] += 1
    return names


def first_cells(page: Path) -> set[str]:
    """What stands as code in the first column of a page's tables."""
    return set(re.findall(r"^\| `([^`]+)`", page.read_text(encoding="utf-8"), flags=re.MULTILINE))
