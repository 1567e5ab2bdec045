"""No secret is in anything that is written: canaries go over real connections, and all output is searched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from agent_stub import Peer, agent
from agentframework.redaction import _forms
from cli_desk import Desk
from rest_stub import Reply, platform, serving

PROGRAM: Final = Path(__file__).parents[1] / "leaking_program.py"
FRAMEWORK: Final = PROGRAM.parents[1] / "framework"

KEY: Final = "sk_canary_of_the_key_7f3a"
SIGNATURE: Final = "cvtkn_canary_of_the_signature_91bc"
HMAC: Final = "wsec_canary_of_the_webhook_5e2d"
VARIABLE: Final = "canary of the variable 4c8e"
FILE: Final = "canary of the file 2b6f, its bytes"
SECRETS: Final = {"key": KEY, "signature": SIGNATURE, "hmac": HMAC, "variable": VARIABLE, "file": FILE}


def assert_no_secret_in(written: str) -> None:
    """Nor in any other spelling: percent-encoded, escaped, in base64."""
    for name, secret in SECRETS.items():
        for form in _forms(secret):
            place = written.find(form)
            around = written[max(0, place - 300) : place + 100]
            assert place < 0, f"the {name} was written, here:\n{around}"


async def hold(peer: Peer) -> dict[str, Any]:
    """A conversation with one tool call; what came on the way."""
    first = await peer.receive()
    if first["type"] == "enclave_setup_config":
        setup, opening = first, await peer.receive()
    else:
        setup, opening = {}, first
    await peer.send(
        {
            "type": "conversation_initiation_metadata",
            "conversation_initiation_metadata_event": {"conversation_id": "conv_1"},
        }
    )
    await peer.receive()
    # what the agent's side says back may hold a secret too
    await peer.call("look", "tc_1", {"pin": VARIABLE})
    await peer.receive()
    assert peer.connection.request is not None
    return {"opening": opening, "setup": setup, "path": peer.connection.request.path}


def test_a_program_that_logs_everything_at_debug_writes_no_secret() -> None:
    query = f"?agent_id=agent_1&conversation_signature={SIGNATURE}"
    moved = {"location": f"ws://127.0.0.1:bad/{query}"}
    with (
        agent(hold) as served,
        platform(403, SIGNATURE.encode()) as refusing,
        serving(Reply(302, {}, moved)) as moving,
    ):
        signed = {"signed_url": served.url + query}
        replies = [
            Reply(200, signed),
            Reply(200, {"file_id": "file_1"}),
            # conversations that fail
            Reply(401, {"detail": {"message": f"the key {KEY} is wrong"}}),
            Reply(404, {"detail": {"status": "document_not_found", "message": KEY}}),
            Reply(500, f"<html>{KEY}".encode()),
            Reply(drop=True),
            Reply(200, b"{" + KEY.encode()),
            Reply(307, {}, {"location": f"http://127.0.0.1:1/?token={KEY}"}),
            Reply(200, {"signed_url": f"javascript:{SIGNATURE}"}),
            Reply(200, {"signed_url": f"ws://127.0.0.1:bad/{query}"}),
            Reply(200, {"signed_url": f"ws://[bad/{query}"}),
            Reply(200, {"signed_url": f"ws://user:{SIGNATURE}@127.0.0.1:1/{query}"}),
            Reply(200, {"signed_url": refusing.url.replace("http:", "ws:") + f"/{query}"}),
            Reply(200, {"signed_url": moving.url.replace("http:", "ws:") + f"/{query}"}),
            # uploads that fail
            Reply(422, {"detail": [{"loc": ["body", "file"], "msg": "too bad", "input": FILE}]}),
            Reply(503, {"detail": "later"}, {"set-cookie": f"session={KEY}"}),
            Reply(drop=True),
            Reply(200, {}),
        ]
        with serving(*replies) as server:
            given = {
                "secrets": SECRETS,
                "base_url": server.url,
                "websocket_url": f"{served.url}?token={HMAC}",
                "failing_conversations": 12,
                "failing_uploads": 3,
            }
            done = subprocess.run(
                [sys.executable, "-W", "error", str(PROGRAM)],
                input=json.dumps(given),
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(FRAMEWORK),
                    # asyncio then writes what its callbacks were given
                    "PYTHONASYNCIODEBUG": "1",
                },
                capture_output=True,
                encoding="utf-8",
                timeout=25,
                check=False,
            )
        results = served._results
    written = done.stdout + done.stderr
    assert "DONE" in done.stdout, written[-3000:]
    # the canaries were really on the way, and what could have told of them was really on
    assert [headers.get("xi-api-key") for _, headers in server.requests] == [KEY] * (len(replies) - 1) + [
        None
    ]
    assert FILE.encode() in server.bodies[1]
    assert [SIGNATURE in result["path"] for result in results] == [True, False]
    assert [result["opening"]["dynamic_variables"]["secret__pin"] for result in results] == [VARIABLE] * 2
    assert results[1]["setup"]["post_call_transcription_webhook"]["hmac_secret"] == HMAC
    assert done.stdout.count("ENDED conv_1 1") == 2
    assert done.stdout.count("FAILED") == 12 + 3 + 3
    for logger in ("httpcore2.http11", "httpx2", "agentframework.session"):
        assert f" {logger} " in done.stdout, f"nothing of {logger} was logged"
    # httpcore2 tells the program of its own request, and of no other
    assert done.stdout.count("LOG DEBUG httpcore2.http11 receive_response_headers.complete") == 1
    assert_no_secret_in(written)


CONFIG: Final = f"""\
[agent]
id = "agent_1"
url = "URL"
requires_auth = true
environment = "staging"
branch_id = "br_1"
api_key = {{ env = "SOME_KEY" }}

[conversation.dynamic_variables]
user_name = "Ann"
secret__pin = "{VARIABLE}"

[plugins]
autoload = false
enable = ["desk"]
"""


@pytest.mark.parametrize("verbosity", [[], ["-vv"]])
def test_the_command_writes_no_secret_however_much_it_says(tmp_path: Path, verbosity: list[str]) -> None:
    desk = Desk(tmp_path)
    with agent(hold) as served:
        replies = [
            Reply(503, {}, {"retry-after": "0"}),
            Reply(200, {"signed_url": f"{served.url}?conversation_signature={SIGNATURE}"}),
            Reply(401, {"detail": {"message": f"the key {KEY} is wrong"}}),
            Reply(200, {"signed_url": f"ws://127.0.0.1:1/?conversation_signature={SIGNATURE}"}),
        ]
        with serving(*replies) as server:
            desk.write("config.toml", CONFIG.replace("URL", server.url))
            command = ["run", "config.toml", *verbosity, "--log-file", "run.log"]
            done = [desk.run(*command, given="hello\n", SOME_KEY=KEY) for _ in range(3)]
        result = served.wait()
    written = "".join(one.stdout + one.stderr for one in done)
    log = (desk.folder / "run.log").read_text(encoding="utf-8")
    assert [one.returncode for one in done] == [0, 1, 1], written
    assert SIGNATURE in result["path"]
    assert server.requests[0][0].endswith("?agent_id=agent_1&environment=staging&branch_id=br_1")
    assert result["opening"]["dynamic_variables"]["secret__pin"] == VARIABLE
    assert [headers["xi-api-key"] for _, headers in server.requests] == [KEY] * 4
    assert "no signed URL yet: the server answered 503" in log
    assert "the key *** is wrong" in written
    assert_no_secret_in(written + log)


def test_a_signed_url_in_the_config_is_used_and_not_shown(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    query = f"?agent_id=agent_1&conversation_signature={SIGNATURE}"
    with agent(hold) as served:
        written = ""
        for url, code in ((served.url + query, 0), (f"ws://127.0.0.1:1/conversation{query}", 1)):
            config = CONFIG.partition("requires_auth")[0].replace("URL", url)
            desk.write("config.toml", config + "\n" + CONFIG[CONFIG.index("[conversation") :])
            done = desk.run("run", "config.toml", "-vv", "--log-file", "run.log", given="hello\n")
            written += done.stdout + done.stderr
            assert done.returncode == code, written
        assert SIGNATURE in served.wait()["path"]
    assert "cannot connect to ws://127.0.0.1:1/conversation: nothing listens there" in written
    assert_no_secret_in(written + (desk.folder / "run.log").read_text(encoding="utf-8"))
