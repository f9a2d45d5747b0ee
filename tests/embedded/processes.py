"""Other processes, for tests that kill them."""

import subprocess
import sys
from pathlib import Path
from typing import Self

_ROOT = Path(__file__).resolve().parents[2]

USER = """
import sys
from pathlib import Path
from redisched.embedded import join

print("waiting", flush=True)
sys.stdin.readline()
user = join(Path(sys.argv[1]))
print(user.pid, flush=True)
sys.stdin.read()
"""
"""Joins the project's server after a line of input, prints the server's pid, and uses it until its input ends."""

OWNER = """
import sys
from redisched.embedded import PrivateServer

with PrivateServer() as server:
    print(server.pid, flush=True)
    sys.stdin.read()
"""
"""Runs a private server, prints its pid, and ends when its input ends."""


class ScriptProcess:
    """A Python script in a process of its own, which a test talks with line by line, and kills."""

    def __init__(self, script: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            (sys.executable, "-c", script, *arguments),
            cwd=_ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with self._process:
            self._process.kill()

    def say(self, line: str) -> None:
        """Send the script one line."""
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)

    def hear(self) -> str:
        """Return the next line of the script, or an empty text when it has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        """Kill the process, as kill -9 does, and return when it has ended."""
        self._process.kill()
        self._process.wait()


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended and was not yet reaped does not."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return facts.rpartition(")")[2].split()[0] not in "ZX"
