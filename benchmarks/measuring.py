"""One measurement: one client does one piece of work, and the server and the system say what it took."""

from __future__ import annotations

from benchmarks.plan import Kind, Work
from benchmarks.processes import Client, Server, SilenceError

__all__ = ["Figures", "measure"]

Figures = dict[str, float | None]
"""What was measured, by name: times in ms, `cpu` in seconds, `memory` in KiB a conversation."""


def measure(server: Server, kind: Kind, work: Work) -> Figures | None:
    """The figures, or None where the client did not get through."""
    base_url = f"http://127.0.0.1:{server.port}"
    arguments = [base_url, work.agent, "--sessions", str(work.sessions), *work.arguments, *kind.arguments]
    try:
        with Client(kind.python, kind.module, arguments) as client:
            try:
                before = client.usage()
                client.go()
                server.await_event("begun", work.timeout)
                begun = client.usage()
                server.await_event("sent", work.timeout)
                sent = client.usage()
                done = server.await_event("done", work.timeout)
            finally:
                server.write("close")
            cpu = sent.cpu - begun.cpu
            memory = (sent.memory_bytes - before.memory_bytes) / work.sessions / 1024
            return {
                **{key: value for key, value in done.items() if key != "event"},
                "cpu": cpu,
                "memory": memory,
            }
    except (SilenceError, BrokenPipeError) as error:
        print(f"{kind.name} did not get through {work.name}: {error}")
        return None
