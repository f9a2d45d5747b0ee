"""What importing an application does to its process, and how it ends, is told truly and kept from the fleet."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched.chaos import Server
from tests.embedded.processes import is_alive
from tests.engine.supervised import SupervisedFleet
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

HANDLERS = """
@app.task(name="pid")
def pid():
    return os.getpid()


@app.task(name="apart", isolation="process", max_attempts=1)
def apart():
    return os.getpid()


@app.task(name="leaves_alarm", isolation="process")
def leaves_alarm():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    return os.getpid()


@app.task(name="outlives_alarm", isolation="process", max_attempts=1)
def outlives_alarm():
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    return os.getpid()
"""
FORKS = """
def remember():
    with open("copies", "a") as copies:
        copies.write(f"{os.getpid()}\\n")


def fork():
    if os.fork() == 0:
        remember()
        LEAVE
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.mark.parametrize("leave", ["sys.exit(3)", "return"])
@pytest.mark.parametrize("place", ["import", "lifespan"])
def test_a_copy_that_the_application_forks_ends_and_says_nothing(
    server: Server, tmp_path: Path, leave: str, place: str
) -> None:
    here = (
        "fork()\n"
        if place == "import"
        else "@app.lifespan\ndef opened():\n    fork()\n    yield\n    print('closed')\n"
    )
    with SupervisedFleet(tmp_path, server.url, HANDLERS + FORKS.replace("LEAVE", leave) + here) as fleet:
        worker, process = fleet.result("pid"), fleet.result("apart")
        copies = [int(line) for line in (tmp_path / "copies").read_text().split()]
        assert len(copies) == 2
        assert not {worker, process} & set(copies)
        wait_until(lambda: not any(map(is_alive, copies)), "the copies have ended")
        assert fleet.stop() == 0
        assert "cannot" not in fleet.log
        assert fleet.log.count("closed") == (2 if place == "lifespan" else 0)


@pytest.mark.parametrize("error", ["asyncio.CancelledError('no')", "KeyboardInterrupt('no')", "GeneratorExit('no')"])
def test_whatever_the_import_raises_ends_the_fleet_with_one_message(server: Server, tmp_path: Path, error: str) -> None:
    with SupervisedFleet(tmp_path, server.url, f"raise {error}\n") as fleet:
        assert fleet.ended() == 1
        assert fleet.log.count("shop:app cannot be loaded:") == 1
        assert fleet.log.count(": no\n") == 1
        assert "died" not in fleet.log


def test_an_error_of_megabytes_is_told(server: Server, tmp_path: Path) -> None:
    with SupervisedFleet(tmp_path, server.url, "raise ValueError('x' * 3_000_000 + ' the end')\n") as fleet:
        assert fleet.ended() == 1
        assert "shop:app cannot be loaded:" in fleet.log
        assert "x the end" in fleet.log
        assert len(fleet.log) < 50_000


def test_signal_handlers_of_the_application_change_nothing(server: Server, tmp_path: Path) -> None:
    sets = "for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):\n    signal.signal(number, signal.SIG_DFL)\n"
    with SupervisedFleet(tmp_path, server.url, HANDLERS + sets) as fleet:
        fleet.result("pid")
        fleet.result("apart")
        for child in fleet.children():
            for number in (signal.SIGINT, signal.SIGHUP):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, number)
        fleet.result("pid")
        assert fleet.stop() == 0
        assert "died" not in fleet.log


def test_a_log_handler_that_raises_ends_no_worker(server: Server, tmp_path: Path) -> None:
    breaks = (
        "import logging\n"
        "class Broken(logging.Handler):\n    def emit(self, record):\n        raise OSError('log broke')\n"
        "logging.getLogger().addHandler(Broken())\nlogging.getLogger().setLevel('INFO')\n"
    )
    with SupervisedFleet(tmp_path, server.url, HANDLERS + breaks) as fleet:
        fleet.result("pid")
        assert fleet.stop() == 0
        assert "OSError: log broke" in fleet.log
        assert "died" not in fleet.log


def test_a_working_folder_that_was_removed_is_the_reason(server: Server, tmp_path: Path) -> None:
    removes = "os.mkdir('gone')\nos.chdir('gone')\nos.rmdir('../gone')\n"
    with SupervisedFleet(tmp_path, server.url, HANDLERS + removes) as fleet:
        ref = fleet.enqueue("apart")
        with pytest.raises(Exception, match="the working folder of the worker was removed"):
            ref.result(timeout=60)
        fleet.result("pid")


def test_an_isolated_handler_leaves_no_alarm_and_no_signal_handler(server: Server, tmp_path: Path) -> None:
    with SupervisedFleet(tmp_path, server.url, HANDLERS) as fleet:
        assert fleet.result("leaves_alarm") == fleet.result("outlives_alarm")


def test_a_stop_does_not_wait_for_a_lifespan_that_blocks_while_it_opens(server: Server, tmp_path: Path) -> None:
    blocks = """
@app.lifespan
def opened():
    print("opens", flush=True)
    try:
        time.sleep(1000)
        yield
    finally:
        print("tidied up", flush=True)
"""
    with SupervisedFleet(tmp_path, server.url, HANDLERS + blocks) as fleet:
        wait_until(lambda: "opens" in fleet.log, "the lifespan opens")
        # With the default grace, a wait for it would be longer than that for the end.
        assert fleet.stop() == 0
        assert "tidied up" in fleet.log
        assert "killing" not in fleet.log
        assert "cannot be opened" not in fleet.log


def test_a_path_in_the_path_of_modules_keeps_no_isolated_handler_from_starting(server: Server, tmp_path: Path) -> None:
    adds = "from pathlib import Path\nsys.path.append(Path('more'))\n"
    with SupervisedFleet(tmp_path, server.url, HANDLERS + adds) as fleet:
        assert fleet.result("apart") != fleet.result("pid")
