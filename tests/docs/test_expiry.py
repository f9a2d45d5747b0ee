"""The guide to expiry is true: its program prints the shown output, if a worker starts when one task has expired."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from redisched import Scheduler, TaskState
from redisched.chaos import Server
from tests.cli.commands import environment
from tests.engine.running import counts, work_off
from tests.waiting import wait_until

pytestmark = pytest.mark.measured

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "expiry.md").read_text(encoding="utf-8")
(PROGRAM,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
(PRINTED,) = re.findall(r"```text\n(.*?)```", GUIDE, re.DOTALL)
ID = re.compile(r"task '\w{20}' ")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(PROGRAM)
    with Server() as server:
        here = environment(REDISCHED_URL=server.url)
        program = subprocess.Popen(
            (sys.executable, "shop.py"), cwd=tmp_path, env=here, stdout=subprocess.PIPE, text=True
        )
        app = Scheduler(server.url)
        app.task(name="shop.send_code")(lambda phone, code: f"{code} is on its way to {phone}")
        app.task(name="shop.remind")(lambda meeting: f"{meeting} begins soon")
        wait_until(lambda: counts(app.broker).ready == 3, "the program has enqueued its tasks")
        work_off(app)
        printed, _ = program.communicate(timeout=60)

    assert ID.sub("task ID ", printed) == ID.sub("task ID ", PRINTED)


def test_the_states_that_the_guide_names_exist() -> None:
    assert f"`{TaskState.EXPIRED}`" in GUIDE
