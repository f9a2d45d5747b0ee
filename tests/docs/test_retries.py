"""The guide to retries is true: its program prints what is printed there."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from redisched import Retry, exponential, fixed, linear
from redisched.chaos import Server
from redisched.retry import DEFAULT_ATTEMPTS, DEFAULT_BACKOFF
from tests.cli.commands import environment
from tests.waiting import wait_until

pytestmark = pytest.mark.measured

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "retries.md").read_text(encoding="utf-8")
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


def test_the_guide_names_every_field_of_a_policy_and_the_defaults() -> None:
    fields = re.findall(r"^\| `(\w+)` \|.*\|.*\|$", GUIDE, re.MULTILINE)

    assert fields == [name for name in inspect.signature(Retry).parameters if name != "rules"]
    assert f"there are {DEFAULT_ATTEMPTS} attempts" in GUIDE
    assert exponential(5) == DEFAULT_BACKOFF
    assert exponential(5, cap=3600, jitter=0.5) == exponential(5)
    assert linear(10, cap=3600, jitter=0.0) == linear(10)
    assert fixed(10, jitter=0.0) == fixed(10)
