"""An approver that runs a command: what it reads is the request as JSON, and exit code 0 is a yes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

from agentframework import ApprovalRequest, Approver

__all__ = ["CommandApprover"]


class CommandApprover(Approver):
    """Lets a program of the operator's decide: one that looks something up, or asks on another device.

    The command is run without a shell, so that nothing that the agent sends is ever a part of a command line.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    def approve(self, request: ApprovalRequest) -> bool:
        """Whether the command ends with 0 in time. Raises OSError where it cannot be run, and that is a no."""
        said = {
            "tool": request.tool,
            "owner": request.owner,
            "risk": request.risk,
            "arguments": dict(request.arguments),
            "call_id": request.call_id,
            "timeout": request.timeout,
        }
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command, without a shell
                self._command, input=json.dumps(said).encode(), timeout=request.timeout, check=False
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0
