"""Run commands: in this process to test what they do, in one of their own to test the process itself."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from redisched.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(cli, words, prog_name="redisched")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs commands on the Redis of a URL."""

    url: str

    def run(self, *words: str) -> Result:
        return run(*words, "--url", self.url)

    def output(self, *words: str) -> str:
        """The output of a command, which must succeed."""
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def rows(self, *words: str) -> list[list[str]]:
        """The cells of the lines below the headings that a listing prints."""
        return [line.split("\t") for line in self.output(*words).splitlines()[1:]]

    def record(self, *words: str) -> Any:
        """The output of a command with --json, parsed."""
        return json.loads(self.output(*words, "--json"))


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that can import the library from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def run_process(*words: str, cwd: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a process of its own, in a folder, with additional environment variables."""
    return subprocess.run(
        (sys.executable, "-m", "redisched", *words),
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def run_on_terminal(*words: str, **variables: str) -> str:
    """The output of a command on a terminal."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            (sys.executable, "-m", "redisched", *words),
            env=environment(**{"COLUMNS": "200", **variables}),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        printed = b""
        # The end of a terminal is an error on Linux, and an empty read elsewhere.
        with suppress(OSError):
            while some := os.read(ours, 65_536):
                printed += some
        assert process.wait() in (0, 1, 2), printed
    finally:
        os.close(ours)
    return printed.decode()
