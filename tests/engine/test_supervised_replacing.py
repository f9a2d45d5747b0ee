"""Worker processes that are replaced while they work: at a limit, and all of them by SIGHUP."""

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from redisched import TaskRef
from tests.brokers import BrokerKind, Servers
from tests.engine.supervised import BASICS, SupervisedFleet
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

BUSY_S = 90.0
"""How long three processes in turn may take to be replaced on a busy machine."""
WORK = """
from redisched import current_task

VERSION = {version!r}


@app.task(name="note")
def note(number):
    with open("notes", "a") as file:
        file.write(f"{{number}} {{os.getpid()}}\\n")
    return VERSION


@app.task(name="slow")
def slow():
    open("begun", "w").close()
    while not os.path.exists("go-on"):
        time.sleep(0.01)
    return os.getpid()
"""
StartService = Callable[..., SupervisedFleet]


@pytest.fixture
def begin(servers: Servers, tmp_path: Path) -> Iterator[StartService]:
    servers.broker(BrokerKind.VALKEY).close()
    fleets: list[SupervisedFleet] = []

    def begin(*options: str) -> SupervisedFleet:
        fleets.append(SupervisedFleet(tmp_path, servers.url(BrokerKind.VALKEY), WORK.format(version="old"), *options))
        fleets[-1].wait_ready()
        return fleets[-1]

    yield begin
    for fleet in fleets:
        fleet.__exit__(None, None, None)


def deploy(folder: Path, code: str) -> None:
    (folder / "shop.py").write_text(BASICS + code)


class Producer:
    """Enqueues one task after the other, in a thread, until it is left."""

    def __init__(self, fleet: SupervisedFleet) -> None:
        self._fleet = fleet
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.tasks: list[TaskRef[object]] = []

    def __enter__(self) -> "Producer":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(0.002):
            self.tasks.append(self._fleet.enqueue("note", len(self.tasks)))


def notes(folder: Path) -> list[tuple[int, int]]:
    """The tasks that ran, in this order, and the process of each."""
    lines = [line.split() for line in (folder / "notes").read_text().splitlines()]
    return [(int(number), int(process)) for number, process in lines]


def check_each_ran_once_in_turn(folder: Path, count: int, *, slots: int) -> None:
    """Each task ran once, and all but a few about in the order in which they were enqueued."""
    numbers = [number for number, _ in notes(folder)]
    assert Counter(numbers) == Counter(range(count))
    # A machine that lets one process stand still makes its tasks late, but not those that were given back.
    late = [number for place, number in enumerate(numbers) if abs(place - number) > 2 * slots]
    assert len(late) <= max(slots, count // 10)


@pytest.mark.parametrize("replaced", [2, pytest.param(12, marks=pytest.mark.nightly)])
def test_processes_that_are_replaced_every_few_tasks_lose_none_and_run_none_twice(
    begin: StartService, tmp_path: Path, replaced: int
) -> None:
    options = ("--max-tasks-per-child", "20", "--processes", "2", "--concurrency", "2", "--window-ms", "0")
    fleet = begin(*options)
    with Producer(fleet) as producer:
        wait_until(lambda: fleet.log.count("which drains") >= replaced, "enough are replaced", timeout_s=90)
    for task in producer.tasks:
        assert task.result(timeout=20) == "old"

    check_each_ran_once_in_turn(tmp_path, len(producer.tasks), slots=6)
    assert len({process for _, process in notes(tmp_path)}) > replaced
    assert fleet.stop() == 0
    assert "died" not in fleet.log


@pytest.mark.timeout(300)
@pytest.mark.parametrize("processes", [1, pytest.param(3, marks=pytest.mark.nightly)])
def test_sighup_loads_new_code_without_a_gap_and_keeps_the_old_if_it_cannot_be_imported(
    begin: StartService, tmp_path: Path, processes: int
) -> None:
    health = tmp_path / "health"
    fleet = begin("--processes", str(processes), "--concurrency", "2", "--window-ms", "0", "--health-file", str(health))
    old = set(fleet.children())
    with Producer(fleet) as producer:
        deploy(tmp_path, WORK.format(version="new code"))
        fleet.signal_all(signal.SIGHUP)
        wait_until(lambda: "all worker processes are replaced" in fleet.log, "all are replaced", timeout_s=BUSY_S)
        wait_until(lambda: not old & set(fleet.children()), "the old ones have ended", timeout_s=BUSY_S)
        new = set(fleet.children())
        assert len(new) == processes
        assert fleet.result("note", -1) == "new code"

        deploy(tmp_path, "import no_such_module\n")
        fleet.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "ERROR" in fleet.log, "the new code cannot be imported", timeout_s=BUSY_S)
        assert fleet.result("note", -2) == "new code"
    for task in producer.tasks:
        assert task.result(timeout=BUSY_S) in ("old", "new code")

    wait_until(lambda: set(fleet.children()) == new, "the process that could not begin is gone")
    assert fleet.log.count("ERROR") == 1
    assert "No module named 'no_such_module'" in fleet.log
    assert health.exists()
    assert Counter(number for number, _ in notes(tmp_path)) == Counter(range(-2, len(producer.tasks)))
    assert fleet.stop() == 0


def test_a_handler_may_end_in_a_process_that_is_replaced_and_a_stop_ends_both(
    begin: StartService, tmp_path: Path
) -> None:
    fleet = begin("--grace", "0s")
    (old,) = fleet.children()
    task = fleet.enqueue("slow")
    wait_until((tmp_path / "begun").exists, "the handler runs")
    fleet.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "is draining" in fleet.log, "the process drains", timeout_s=20)
    assert fleet.result("note", 1) == "old"
    assert old in fleet.children()
    (tmp_path / "go-on").touch()
    assert task.result(timeout=20) == old
    wait_until(lambda: old not in fleet.children(), "the drained process has ended")

    (tmp_path / "begun").unlink()
    (tmp_path / "go-on").unlink()
    task = fleet.enqueue("slow")
    wait_until((tmp_path / "begun").exists, "the handler runs again")
    fleet.process.send_signal(signal.SIGHUP)
    wait_until(lambda: fleet.log.count("is draining") == 2, "the process drains", timeout_s=20)
    assert fleet.stop() == 0
    assert "died" not in fleet.log
    assert task.status() == "ready"
