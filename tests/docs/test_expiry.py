"""The guide to expiry is true: its program prints the shown output, if a worker starts when one task has expired."""

import re
from pathlib import Path

import pytest

from redisched import Scheduler, TaskState
from redisched.chaos import Server
from tests.docs.guide import Guide
from tests.engine.running import counts, work_off
from tests.waiting import wait_until

pytestmark = pytest.mark.measured

GUIDE = Guide("expiry")
ID = re.compile(r"task '\w{20}' ")


def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    with Server() as server:
        program = GUIDE.start(tmp_path, server.url)
        app = Scheduler(server.url)
        app.task(name="shop.send_code")(lambda phone, code: f"{code} is on its way to {phone}")
        app.task(name="shop.remind")(lambda meeting: f"{meeting} begins soon")
        wait_until(lambda: counts(app.broker).ready == 3, "the program has enqueued its tasks")
        work_off(app)
        printed, _ = program.communicate(timeout=60)

    assert ID.sub("task ID ", printed) == ID.sub("task ID ", GUIDE.printed)


def test_the_states_that_the_guide_names_exist() -> None:
    assert f"`{TaskState.EXPIRED}`" in GUIDE.text
