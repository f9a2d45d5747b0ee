"""The file in which a guardian describes its server, so that other processes find the server.

A reader must also check that the guardian's lock is held: a file that a crash left behind describes no running server.
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
    """Return the state that was last written, or None if there is no file."""
    try:
        facts = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return ServerState(
        pid=facts["pid"],
        guardian_pid=facts["guardian_pid"],
        endpoint=UnixEndpoint(path=Path(facts["socket"])),
    )
