"""A border through a network, which can be shut: data that would cross it waits, as packets without an answer do.

Cutting a real network takes rights that a test run may not have. So every server is reached through a gate.
"""

import subprocess
import sys
from pathlib import Path

from redisched.embedded.lifetime import Lifetime
from tests.chaos.gates import Side

ROOT = Path(__file__).parents[2]


class Border(Lifetime):
    """Open at first."""

    def __init__(self) -> None:
        self._gates: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the process that has the gates."""
        self._gates = subprocess.Popen(
            (sys.executable, "-m", "tests.chaos.gates"),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def gate(self, side: Side, port: int) -> int:
        """A port, on the addresses of both sides, that leads to the port of a server on one of them."""
        return int(self._order(f"gate {side} {port}"))

    def shut(self) -> None:
        """From now on, let no data cross."""
        self._order("shut")

    def open(self) -> None:
        """Let all data cross, including data that has waited."""
        self._order("open")

    def close(self) -> None:
        """End every connection. May be called again."""
        if self._gates is not None:
            self._gates.kill()
            self._gates.communicate()
            self._gates = None

    def _order(self, words: str) -> str:
        assert self._gates is not None
        assert self._gates.stdin is not None
        assert self._gates.stdout is not None
        self._gates.stdin.write(f"{words}\n")
        self._gates.stdin.flush()
        return self._gates.stdout.readline()
