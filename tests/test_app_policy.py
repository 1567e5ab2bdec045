"""What an app makes of its config's policy, audit log and processes, in conversations with the local agent."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from agent_stub import Recorder
from agentframework import App, ConfigError, load_config
from agentframework.approval import ApprovalRequest, Approver

LOCAL = '[agent]\nurl = "local"\n'
PRIMES = "/call count_primes limit=10"


def app_of(tmp_path: Path, text: str) -> App:
    """The app of a config."""
    file = tmp_path / "config.toml"
    file.write_text(LOCAL + text, encoding="utf-8")
    return App.load(load_config(file, {}))


def outcome_of(app: App, line: str, approver: Approver | None = None) -> str:
    """How the call ended that a user typed."""
    recorder = Recorder()
    with app.conversation(recorder, approver=approver) as running:
        running.send_user_message(line)
        outcome: str = recorder.wait_for("tool_answered")[0].outcome
    return outcome


class Yes(Approver):
    """Says yes to everything."""

    def approve(self, request: ApprovalRequest) -> bool:
        """Yes."""
        return True


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", "ok"),
        ('[tools.count_primes]\nrisk = "dangerous"\n', "denied"),
        ('[tools.count_primes]\nrisk = "dangerous"\n[[policy.allow]]\ntool = "count_*"\n', "ok"),
        ('[[policy.deny]]\nrisk = "write"\n[tools.count_primes]\nrisk = "write"\n', "denied"),
        ('[[policy.deny]]\ntool = "count_primes"\narguments = { limit = { minimum = 11 } }\n', "ok"),
        ('[[policy.deny]]\ntool = "count_primes"\narguments = { limit = { minimum = 10 } }\n', "denied"),
        ('[[policy.ask]]\ntool = "count_primes"\n', "denied"),
    ],
)
def test_the_policy_of_the_config_decides(tmp_path: Path, text: str, outcome: str) -> None:
    assert outcome_of(app_of(tmp_path, text), PRIMES) == outcome


def test_the_approver_of_the_program_is_asked(tmp_path: Path) -> None:
    asks = app_of(tmp_path, '[[policy.ask]]\ntool = "count_primes"\n')
    assert outcome_of(asks, PRIMES, Yes()) == "ok"


def test_the_approver_of_the_config_is_asked_before_that_of_the_program(tmp_path: Path) -> None:
    text = '[[policy.ask]]\ntool = "*"\n[policy]\napprover = "command"\n'
    text += '[plugins.examples]\napprove_command = ["false"]\n'
    assert outcome_of(app_of(tmp_path, text), PRIMES, Yes()) == "denied"
    agrees = text.replace("false", "true")
    assert outcome_of(app_of(tmp_path, agrees), PRIMES) == "ok"


def test_an_approver_that_nobody_brings_stops_the_start_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"config.toml:4: policy.approver: no plugin brings an approver 'pager'"
    ):
        app_of(tmp_path, '[policy]\napprover = "pager"\n')


def test_an_approver_whose_plugin_fails_is_told_by_what_failed(tmp_path: Path) -> None:
    text = '[policy]\napprover = "examples"\n[plugins.examples]\nhours = 1\n'
    with pytest.raises(ConfigError, match=r"config.toml:\d+: plugins.examples.hours: unknown key") as raised:
        app_of(tmp_path, text)
    assert "no plugin brings" not in str(raised.value)


def test_an_audit_log_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"policy.audit: cannot be written"):
        app_of(tmp_path, '[policy]\naudit = "nowhere/audit.jsonl"\n')


def test_the_audit_log_is_beside_the_config_and_has_a_line_for_each_call(tmp_path: Path) -> None:
    app = app_of(tmp_path, '[policy]\naudit = "audit.jsonl"\n[[policy.deny]]\ntool = "world_*"\n')
    assert outcome_of(app, PRIMES) == "ok"
    assert outcome_of(app, "/call world_time city=Oslo") == "denied"
    assert app._audit is not None
    app._audit.close()
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [(line["tool"], line["outcome"]) for line in lines] == [
        ("count_primes", "ok"),
        ("world_time", "denied"),
    ]
    assert lines[0]["owner"] == "examples"


def test_a_tool_runs_in_a_process_of_its_group_where_the_config_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    text = '[tools.count_primes]\nworker = "process"\nplacement = { group = "heavy" }\n'
    app = app_of(tmp_path, text + "[workers.groups.heavy]\nprocesses = 1\n")
    assert outcome_of(app, PRIMES) == "ok"
    assert app.problems == ()


def test_processes_serve_one_conversation_after_another_and_several_at_once(tmp_path: Path) -> None:
    app = app_of(tmp_path, '[tools.count_primes]\nworker = "process"\n')
    for _ in range(3):  # between them the wire stops, and the next one has another loop
        assert outcome_of(app, PRIMES) == "ok"
    recorders = [Recorder(), Recorder()]
    with app.conversation(recorders[0]) as first, app.conversation(recorders[1]) as second:
        first.send_user_message(PRIMES)
        second.send_user_message(PRIMES)
        assert [one.wait_for("tool_answered")[0].outcome for one in recorders] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('worker = "procces"', "there is no worker 'procces'"),
        ('worker = "process"\nplacement = { group = "heavy" }', "there is no group 'heavy' of processes"),
        ('worker = "process"\nplacement = { gpu = 1 }', "knows no placement by gpu"),
    ],
)
def test_a_tool_that_cannot_run_where_it_is_said_to_is_a_problem_with_its_line(
    tmp_path: Path, text: str, problem: str
) -> None:
    app = app_of(tmp_path, f"[tools.count_primes]\n{text}\n")
    assert [problem in str(one) for one in app.problems] == [True]
    assert "config.toml:" in str(app.problems[0])
