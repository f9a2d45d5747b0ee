"""A guide of the docs: its program, and what it says that the program prints."""

import re
import subprocess
import sys
from pathlib import Path

from redisched.chaos import Server
from tests.cli.commands import environment
from tests.waiting import wait_until

_FOLDER = Path(__file__).parents[2] / "docs" / "guides"


class Guide:
    """A guide with one program, called shop.py, and one block of what it prints."""

    def __init__(self, name: str) -> None:
        self.text = (_FOLDER / f"{name}.md").read_text(encoding="utf-8")
        (self.program,) = re.findall(r"```python\n(.*?)```", self.text, re.DOTALL)
        (self.printed,) = re.findall(r"```text\n(.*?)```", self.text, re.DOTALL)

    def start(self, folder: Path, url: str) -> "subprocess.Popen[str]":
        """Start the program in a folder; its output can be read."""
        (folder / "shop.py").write_text(self.program)
        here = environment(REDISCHED_URL=url)
        return subprocess.Popen((sys.executable, "shop.py"), cwd=folder, env=here, stdout=subprocess.PIPE, text=True)

    def run_beside_a_worker(self, folder: Path) -> str:
        """Run the program with a worker beside it; answers what it prints."""
        with Server() as server:
            program = self.start(folder, server.url)
            here = environment(REDISCHED_URL=server.url)
            worker = subprocess.Popen((sys.executable, "-m", "redisched", "worker", "shop:app"), cwd=folder, env=here)
            try:
                printed, _ = program.communicate(timeout=60)
            finally:
                worker.terminate()
            wait_until(lambda: worker.poll() is not None, "the worker has stopped")
        return printed
