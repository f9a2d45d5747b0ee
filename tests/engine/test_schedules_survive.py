"""Slots are fired although the processes that fire them are killed."""

import os
import signal
from pathlib import Path

import pytest

from tests.brokers import BrokerKind, Servers
from tests.engine.slot_record import Started
from tests.engine.supervised import SupervisedFleet
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

CODE = """
from redisched import current_task


@app.every("1s", name="often")
@app.every("1s", name="skipping", overlap="skip")
@app.task(name="note")
async def note():
    with open("slots", "a") as slots:
        slots.write(current_task().id + "\\n")
"""
KILLS = 3
SLOTS = 3


@pytest.fixture
def url(servers: Servers) -> str:
    servers.broker(BrokerKind.VALKEY).close()
    return servers.url(BrokerKind.VALKEY)


def slots_of(folder: Path, schedule: str) -> list[int]:
    """The slots whose tasks have started, in the order of their starts (ms since 1970)."""
    lines = (folder / "slots").read_text().splitlines() if (folder / "slots").exists() else []
    return [Started(line, 0, 0.0).slot_ms for line in lines if line.startswith(f"{schedule}@")]


def wait_for_more(folder: Path, after_ms: int = 0) -> int:
    """Return once some slots of both schedules have started that come after a moment; answers the latest one."""

    def later() -> list[list[int]]:
        found = [slots_of(folder, schedule) for schedule in ("often", "skipping")]
        return [[slot_ms for slot_ms in slots if slot_ms > after_ms] for slots in found]

    wait_until(lambda: all(len(slots) >= SLOTS for slots in later()), "more slots have started", timeout_s=60)
    return max(map(max, later()))


def check(folder: Path, killed: int) -> None:
    """No slot is missing, and only what ran in a killed process has run twice."""
    slots = slots_of(folder, "often")
    assert sorted({*slots}) == list(range(min(slots), max(slots) + 1, 1_000))
    assert len(slots) - len({*slots}) <= killed


def test_no_slot_is_missing_when_processes_are_killed(tmp_path: Path, url: str) -> None:
    with SupervisedFleet(tmp_path, url, CODE, "--processes", "2", "--lease", "2") as fleet:
        latest_ms = wait_for_more(tmp_path)
        for _ in range(KILLS):
            os.kill(fleet.children()[0], signal.SIGKILL)
            latest_ms = wait_for_more(tmp_path, latest_ms)
    check(tmp_path, KILLS)


def test_the_next_fleet_fires_the_slots_of_the_time_without_one(tmp_path: Path, url: str) -> None:
    with SupervisedFleet(tmp_path, url, CODE, "--lease", "2"):
        latest_ms = wait_for_more(tmp_path)
    # The first fleet was killed, supervisor and all, and has said nothing to anybody.
    with SupervisedFleet(tmp_path, url, CODE, "--lease", "2"):
        wait_for_more(tmp_path, latest_ms)
    check(tmp_path, 1)
