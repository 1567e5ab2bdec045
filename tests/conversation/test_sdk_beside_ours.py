"""The ElevenLabs SDK's own client and audio interfaces serve our conversations, in one process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agent_stub import Peer, agent
from doors import base_of
from rest_stub import Reply, serving

PROGRAM = Path(__file__).parent.parent / "clients" / "sdk_beside_ours.py"
AUDIO = {"type": "audio", "audio_event": {"audio_base_64": "AAAA", "event_id": 1}}


@pytest.mark.timeout(90)
def test_the_sdks_own_client_and_sound_are_taken(clients_python: Path) -> None:
    site = clients_python.parent.parent / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    if not site.exists():
        pytest.skip("the environment of foreign clients is of another Python")
    paths: list[str] = []

    async def scenario(peer: Peer) -> None:
        assert peer.connection.request is not None
        paths.append(peer.connection.request.path)
        await peer.open()
        assert await peer.receive() == {"user_audio_chunk": "AQ=="}
        await peer.send(AUDIO)
        if "signature" in paths[-1]:
            assert (await peer.receive())["text"] == "done"

    with agent(scenario) as served:
        signed = Reply(200, {"signed_url": f"{served.url}?conversation_signature=s"})
        uploaded = Reply(200, {"file_id": "f1"})
        with serving(signed, uploaded, signed, uploaded) as platform:
            command = [sys.executable, str(PROGRAM), str(site), base_of(served.url), platform.url]
            ran = subprocess.run(command, capture_output=True, text=True, timeout=80, check=False)
        served.wait(3)
    assert (ran.returncode, ran.stderr) == (0, "")
    log = json.loads(ran.stdout)
    awaited = ["f1", ["awaited", True], ["awaited", "stop"], "conv_1"]
    assert log[:3] == [["plain", 3], ["plain", "stop"], "conv_1"]
    assert sorted(map(str, log[3:])) == sorted(map(str, awaited * 2))
    assert paths[0] == "/v1/convai/conversation?agent_id=agent_1"
    assert [path for path, _ in platform.requests] == [
        "/v1/convai/conversation/get-signed-url?agent_id=agent_1&branch_id=br_1",
        "/v1/convai/conversations/conv_1/files",
    ] * 2
    assert all(headers["xi-api-key"] == "key" for _, headers in platform.requests)
    assert b'filename="a.txt"' in platform.bodies[1]
