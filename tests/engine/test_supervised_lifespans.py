"""A process whose lifespan cannot be opened ends with one sentence, and the supervisor starts another."""

from pathlib import Path

import pytest

from redisched import Scheduler
from redisched.chaos import Server
from tests.engine.supervised import SupervisedFleet

pytestmark = pytest.mark.fault

NOT_AT_FIRST = """
@app.lifespan
def database():
    with open("opened", "a+") as tries:
        tries.write("!")
        tries.seek(0)
        if len(tries.read()) < 3:
            raise ConnectionRefusedError("no database")
    yield
    print("closed")


@app.task(name="pid")
def pid():
    return os.getpid()
"""


@pytest.mark.parametrize("options", [(), ("--burst",)], ids=["forever", "burst"])
def test_it_is_started_again_until_its_lifespan_can_be_opened(tmp_path: Path, options: tuple[str, ...]) -> None:
    with Server() as server:
        ref = Scheduler(server.url).enqueue("pid")
        with SupervisedFleet(tmp_path, server.url, NOT_AT_FIRST, *options) as fleet:
            assert isinstance(ref.result(timeout=60), int)
            assert (fleet.ended() if options else fleet.stop()) == 0
            said = "the lifespan database of the application cannot be opened: ConnectionRefusedError: no database"
            assert fleet.log.count(said) == 2
            assert "Traceback" not in fleet.log
            assert "died" not in fleet.log
            assert "closed" in fleet.log
