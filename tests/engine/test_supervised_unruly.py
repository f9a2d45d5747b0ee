"""Handlers that try to end their worker, on purpose or not, end themselves only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched.chaos import Server
from redisched.errors import TaskFailed
from tests.engine.supervised import SupervisedFleet
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

UNRULY = """
@app.task(name="pid")
async def pid():
    return os.getpid()


async def _exit():
    sys.exit(7)


@app.task(name="exits", max_attempts=1)
async def exits():
    await asyncio.create_task(_exit())


@app.task(name="exits_apart", max_attempts=1, isolation="process")
async def exits_apart():
    await asyncio.gather(_exit(), asyncio.sleep(30))


@app.task(name="stops")
async def stops():
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0.01)
    return "whole"


@app.task(name="cancels_all")
async def cancels_all():
    for task in asyncio.all_tasks():
        if task is not asyncio.current_task():
            task.cancel()
    await asyncio.sleep(0.1)
    return "whole"


@app.task(name="apart", isolation="process")
async def apart():
    await asyncio.sleep(0)
    return os.getpid()
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def test_they_end_no_worker(server: Server, tmp_path: Path) -> None:
    with SupervisedFleet(tmp_path, server.url, UNRULY) as fleet:
        worker = fleet.result("pid")
        with pytest.raises(TaskFailed, match="SystemExit: 7"):
            fleet.result("exits")
        with pytest.raises(TaskFailed, match="SystemExit: 7"):
            fleet.result("exits_apart")
        assert fleet.result("stops") == "whole"
        assert fleet.result("cancels_all") == "whole"
        # All services go on: tasks are claimed, settled, and end.
        assert [fleet.result("pid") for _ in range(3)] == [worker] * 3
        assert fleet.stop() == 0
        assert "died" not in fleet.log


def test_an_exit_in_the_loop_that_isolated_handlers_share_reaches_no_later_handler(
    server: Server, tmp_path: Path
) -> None:
    lifespan = "\n@app.lifespan\ndef opened():\n    yield\n"
    with SupervisedFleet(tmp_path, server.url, UNRULY + lifespan) as fleet:
        process = fleet.result("apart")
        with pytest.raises(TaskFailed, match="SystemExit: 7"):
            fleet.result("exits_apart")
        assert fleet.result("apart") == process


def test_a_crashed_process_ends_though_a_thread_of_the_application_goes_on(server: Server, tmp_path: Path) -> None:
    thread = """
threading.Thread(target=threading.Event().wait).start()


@app.task(name="closes_all", max_attempts=1)
def closes_all():
    os.closerange(3, 4096)
"""
    with SupervisedFleet(tmp_path, server.url, UNRULY + thread) as fleet:
        worker = fleet.result("pid")
        fleet.enqueue("closes_all")
        wait_until(lambda: "died (exit 1)" in fleet.log, "the process has ended", timeout_s=30.0)
        assert fleet.result("pid") != worker


def test_a_worker_without_standard_error_goes_on(server: Server, tmp_path: Path) -> None:
    closes = """
@app.task(name="closes")
def closes():
    sys.stderr.close()


@app.task(name="fails", max_attempts=1)
def fails():
    raise ValueError("no")
"""
    with SupervisedFleet(tmp_path, server.url, UNRULY + closes) as fleet:
        worker = fleet.result("pid")
        fleet.result("closes")
        with pytest.raises(TaskFailed):
            fleet.result("fails")
        assert fleet.result("pid") == worker
        assert fleet.stop() == 0
        assert "died" not in fleet.log
