"""The guide to ended tasks is true: its program prints the shown output, and its tables match the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from redisched.chaos import Server
from redisched.config import Settings
from redisched.handler_options import HandlerOptions
from redisched.model import Keep
from tests.cli.commands import environment
from tests.waiting import wait_until

pytestmark = pytest.mark.measured

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "ended-tasks.md").read_text(encoding="utf-8")
(PROGRAM,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
(PRINTED,) = re.findall(r"```text\n(.*?)```", GUIDE, re.DOTALL)


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(PROGRAM)
    with Server() as server:
        here = environment(REDISCHED_URL=server.url)
        program = subprocess.Popen(
            (sys.executable, "shop.py"), cwd=tmp_path, env=here, stdout=subprocess.PIPE, text=True
        )
        worker = subprocess.Popen((sys.executable, "-m", "redisched", "worker", "shop:app"), cwd=tmp_path, env=here)
        try:
            printed, _ = program.communicate(timeout=60)
        finally:
            worker.terminate()
        wait_until(lambda: worker.poll() is not None, "the worker has stopped")

    assert printed == PRINTED


def test_the_table_has_every_value_and_the_default() -> None:
    assert re.findall(r"^\| `\"(\w+)\"`", GUIDE, re.MULTILINE) == list(Keep)
    assert f'`"{HandlerOptions().keep}"`, the default' in GUIDE


def test_the_figures_of_the_guide_are_those_of_the_settings() -> None:
    assert f"{Settings().kept_results:,} ended tasks" in GUIDE
    assert Settings().dead_retention_s == 30 * 24 * 3600
    assert "for 30 days" in GUIDE
