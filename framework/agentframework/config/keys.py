"""Every key that a config may have, as a list: what the reference page is checked against."""

from __future__ import annotations

from pydantic import BaseModel

from agentframework.config.layout import in_file
from agentframework.config.models import Config, RuleConfig, ToolConfig
from agentframework.config.workers import WorkerGroupConfig

__all__ = ["config_keys"]


def config_keys() -> dict[str, str]:
    """The description of each key by its path, in order: `agent.url`, `tools.NAME.timeout`, `plugins.NAME`."""
    keys: dict[str, str] = {}
    for section, field in Config.model_fields.items():
        assert isinstance(field.annotation, type)
        assert issubclass(field.annotation, BaseModel)
        for name, described in _descriptions(field.annotation).items():
            is_home_of_tables = in_file((section, name)) == (section,)
            keys[f"{section}.{'NAME' if is_home_of_tables else name}"] = described
    tables: tuple[tuple[str, type[BaseModel]], ...] = (
        ("tools.NAME", ToolConfig),
        ("policy.RULE", RuleConfig),
        ("workers.groups.NAME", WorkerGroupConfig),
    )
    for table, model in tables:
        keys |= {f"{table}.{name}": described for name, described in _descriptions(model).items()}
    return keys


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    return {name: field.description or "" for name, field in model.model_fields.items()}
