"""What a guardian writes down about its server, for others to find it.

The file is only believed together with the guardian's lock: left behind by a crash, it says nothing.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from redisched.embedded.endpoint import UnixEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """A server, its guardian, and the socket it listens on."""

    pid: int
    guardian_pid: int
    endpoint: UnixEndpoint


def write_state(path: Path, state: ServerState) -> None:
    """Replace the file in one step, so that a reader sees the old or the new text and never half of one."""
    text = json.dumps({"pid": state.pid, "guardian_pid": state.guardian_pid, "socket": str(state.endpoint.path)})
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


def read_state(path: Path) -> ServerState | None:
    """Return what was last written, or None when there is nothing."""
    try:
        facts = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return ServerState(
        pid=facts["pid"],
        guardian_pid=facts["guardian_pid"],
        endpoint=UnixEndpoint(path=Path(facts["socket"])),
    )
