"""What signals do to a fleet, from any sender and any number of times."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from tests.brokers import BrokerKind, Servers
from tests.engine.supervised import SupervisedFleet
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

SLOW = """
@app.task(name="slow")
def slow(begun, go_on):
    open(begun, "w").close()
    while not os.path.exists(go_on):
        time.sleep(0.01)
    return "whole"


@app.task(name="slow_async")
async def slow_async(begun, go_on):
    open(begun, "w").close()
    while not os.path.exists(go_on):
        await asyncio.sleep(0.01)
    return "whole"


@app.task(name="slow_apart", isolation="process")
def slow_apart(begun, go_on):
    return slow(begun, go_on)
"""
PROGRAMS = """
@app.task(name="program")
def program():
    child = subprocess.Popen(["sleep", "60"])
    child.send_signal(signal.SIGINT)
    return child.wait()


@app.task(name="program_async")
async def program_async():
    child = await asyncio.create_subprocess_exec("sleep", "60")
    child.send_signal(signal.SIGINT)
    return await child.wait()


@app.task(name="program_apart", isolation="process")
def program_apart():
    return program()
"""
SLOW_NAMES = ["slow", "slow_async", "slow_apart"]

StartService = Callable[..., SupervisedFleet]


@pytest.fixture
def begin(servers: Servers, tmp_path: Path) -> Iterator[StartService]:
    servers.broker(BrokerKind.VALKEY).close()  # a task that an earlier fleet left would keep the next one from ending
    fleets: list[SupervisedFleet] = []

    def begin(code: str, *options: str, before: tuple[str, ...] = ()) -> SupervisedFleet:
        url = servers.url(BrokerKind.VALKEY)
        fleets.append(SupervisedFleet(tmp_path, url, code, *options, before=before))
        return fleets[-1]

    yield begin
    for fleet in fleets:
        fleet.__exit__(None, None, None)


def hold(fleet: SupervisedFleet, name: str, folder: Path) -> Callable[[], object]:
    """Begin a task that runs until the returned function is called; that function answers the result."""
    begun, go_on = folder / f"{name}-begun", folder / f"{name}-go-on"
    task = fleet.enqueue(name, str(begun), str(go_on))
    wait_until(begun.exists, f"{name} begins")

    def release() -> object:
        go_on.touch()
        return task.result(timeout=30)

    return release


@pytest.mark.parametrize("name", SLOW_NAMES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_same_signal_twice_at_once_counts_once(
    begin: StartService, tmp_path: Path, name: str, number: signal.Signals
) -> None:
    fleet = begin(SLOW)
    release = hold(fleet, name, tmp_path)
    fleet.signal_all(number)
    fleet.process.send_signal(number)

    assert release() == "whole"
    assert fleet.ended() == 0
    assert "died" not in fleet.log


def test_a_second_signal_later_ends_the_fleet_at_once(begin: StartService, tmp_path: Path) -> None:
    fleet = begin(SLOW)
    hold(fleet, "slow", tmp_path)

    def has_ended() -> bool:
        fleet.process.send_signal(signal.SIGTERM)
        return fleet.process.poll() is not None

    wait_until(has_ended, "the fleet ends at a second signal")


def shows_stack(fleet: SupervisedFleet, processes: Iterator[int]) -> bool:
    """Ask the next process for its stack, only one: the output of several would be mixed letter by letter."""
    os.kill(next(processes), signal.SIGUSR1)
    return " in slow\n" in fleet.log


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
def test_no_process_dies_of_sigusr1_or_sigusr2(begin: StartService, tmp_path: Path, number: signal.Signals) -> None:
    fleet = begin(SLOW, "--processes", "2")
    releases = [hold(fleet, name, tmp_path) for name in SLOW_NAMES]
    before = set(fleet.children())
    fleet.signal_all(number)
    if number is signal.SIGUSR1:
        wait_until(partial(shows_stack, fleet, cycle(before)), "the stacks are shown")

    assert [release() for release in releases] == ["whole"] * 3
    assert before <= set(fleet.children())
    assert fleet.stop() == 0


@pytest.mark.parametrize("name", ["program", "program_async", "program_apart"])
def test_a_program_that_a_handler_starts_ends_on_sigint(begin: StartService, name: str) -> None:
    assert begin(PROGRAMS).result(name) == -signal.SIGINT


def test_a_fleet_stopped_while_it_imports_ends_without_an_error(begin: StartService, tmp_path: Path) -> None:
    begun = tmp_path / "importing"
    fleet = begin(f"open({str(begun)!r}, 'w').close()\ntime.sleep(60)\n")
    wait_until(begun.exists, "the import begins", timeout_s=20.0)

    assert fleet.stop() == 0
    assert "ERROR" not in fleet.log
    assert "CRITICAL" not in fleet.log


def test_a_fleet_stopped_before_all_processes_have_started_ends_without_an_error(begin: StartService) -> None:
    fleet = begin("", "--processes", "4")
    wait_until(lambda: bool(fleet.children()), "the first process has started", timeout_s=20.0)
    fleet.signal_all(signal.SIGTERM)

    assert fleet.ended() == 0
    assert "ERROR" not in fleet.log


def test_a_fleet_with_closed_output_stops_as_usual(begin: StartService, tmp_path: Path) -> None:
    fleet = begin("", before=("sh", "-c", 'exec "$@" >&- 2>&-', "sh"))
    fleet.wait_ready()

    assert fleet.stop() == 0


def test_a_supervisor_that_is_process_1_reaps_orphans(begin: StartService, tmp_path: Path) -> None:
    if subprocess.run(["unshare", "--pid", "--fork", "true"], check=False, capture_output=True).returncode:
        assert not os.environ.get("CI"), "unshare is not permitted here"
        pytest.skip("a namespace of its own for processes is not permitted here")
    code = """
@app.task(name="orphan")
def orphan():
    # Its parent, the shell, ends at once.
    return int(subprocess.check_output("sleep 0.1 >/dev/null & echo $!", shell=True))


@app.task(name="zombies")
def zombies():
    stats = subprocess.check_output("cat /proc/[0-9]*/stat 2>/dev/null || true", shell=True, text=True)
    return [line for line in stats.splitlines() if "(sleep)" in line]
"""
    fleet = begin(code, before=("unshare", "--pid", "--fork", "--mount-proc", "--kill-child"))
    for _ in range(3):
        fleet.result("orphan")

    wait_until(lambda: fleet.result("zombies") == [], "no orphan is left", timeout_s=20.0)
