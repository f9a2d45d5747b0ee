"""How the processes of a fleet end, and how their supervisor reacts."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched.chaos import Server
from tests.embedded.processes import is_alive
from tests.engine.supervised import SupervisedFleet
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

LEFT_BEHIND = """
@app.task(name="pid")
def pid():
    return os.getpid()


@app.task(name="shell")
def shell(path):
    os.system(f"sleep 100 & echo $! > {path}")
    return os.getpid()


@app.task(name="fork")
def fork(path):
    if os.fork() == 0:
        os.setsid()
        open(path, "w").write(str(os.getpid()))
        time.sleep(100)
        os._exit(0)
    return os.getpid()
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def left_behind(tmp_path: Path) -> Iterator[Path]:
    """The file for the id of a process that outlives its worker. The process is ended after the test."""
    path = tmp_path / "left-behind"
    yield path
    os.kill(int(path.read_text()), signal.SIGKILL)


@pytest.mark.parametrize("way", ["shell", "fork"])
def test_a_process_left_by_a_handler_hides_no_death_and_delays_no_stop(
    server: Server, tmp_path: Path, left_behind: Path, way: str
) -> None:
    with SupervisedFleet(tmp_path, server.url, LEFT_BEHIND) as fleet:
        worker = fleet.result(way, str(left_behind))
        assert isinstance(worker, int)
        wait_until(
            lambda: left_behind.exists() and bool(left_behind.read_text().strip()), "the id of the process is known"
        )
        os.kill(worker, signal.SIGKILL)

        assert fleet.result("pid") != worker
        assert "died (signal 9)" in fleet.log
        assert fleet.stop() == 0
        assert is_alive(int(left_behind.read_text()))


@pytest.mark.parametrize("way", ["shell", "fork"])
def test_a_process_left_by_a_handler_does_not_hide_the_death_of_the_supervisor(
    server: Server, tmp_path: Path, left_behind: Path, way: str
) -> None:
    with SupervisedFleet(tmp_path, server.url, LEFT_BEHIND) as fleet:
        worker = fleet.result(way, str(left_behind))
        assert isinstance(worker, int)
        fleet.process.kill()

        wait_until(lambda: not is_alive(worker), "the worker ends", timeout_s=20.0)


def test_an_application_may_run_an_event_loop_while_it_is_imported(server: Server, tmp_path: Path) -> None:
    with SupervisedFleet(tmp_path, server.url, "asyncio.run(asyncio.sleep(0))\n") as fleet:
        fleet.wait_ready()
        assert fleet.stop() == 0
        assert "died" not in fleet.log


def test_signal_handlers_set_by_an_import_do_not_replace_those_of_the_worker(server: Server, tmp_path: Path) -> None:
    code = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\n"
    with SupervisedFleet(tmp_path, server.url, code) as fleet:
        fleet.wait_ready()
        assert fleet.stop() == 0
        assert "killing" not in fleet.log


ENDINGS = """
import logging.handlers

buffered = logging.handlers.MemoryHandler(1000, target=logging.FileHandler("buffered.log"))
logging.getLogger("shop").addHandler(buffered)
atexit.register(lambda: open("atexit", "w").close())
left = []


async def leftover():
    try:
        await asyncio.Event().wait()
    finally:
        open("finally", "w").close()


async def generator():
    try:
        while True:
            yield 1
    finally:
        open("generator", "w").close()


@app.task(name="begin")
async def begin():
    left.append(asyncio.create_task(leftover()))
    left.append(generator())
    await anext(left[-1])
    logging.getLogger("shop").warning("a record that is still in a buffer")
    await asyncio.sleep(0)


@app.task(name="begin_apart", isolation="process")
def begin_apart():
    logging.getLogger("shop").warning("a record that is still in a buffer")
"""


def test_a_graceful_stop_runs_exit_hooks_finally_blocks_and_flushes(server: Server, tmp_path: Path) -> None:
    with SupervisedFleet(tmp_path, server.url, ENDINGS) as fleet:
        fleet.result("begin")
        assert fleet.stop() == 0

        assert [name for name in ("atexit", "finally", "generator") if not (tmp_path / name).exists()] == []
        assert "still in a buffer" in (tmp_path / "buffered.log").read_text()
        assert "died" not in fleet.log


def test_the_process_of_an_isolated_handler_runs_its_exit_hooks(server: Server, tmp_path: Path) -> None:
    with SupervisedFleet(tmp_path, server.url, ENDINGS) as fleet:
        fleet.result("begin_apart")
        fleet.stop()

        assert (tmp_path / "buffered.log").read_text().count("still in a buffer") == 1


@pytest.mark.parametrize(
    "hook",
    [
        "raise ValueError('at the end')",
        "sys.exit(7)",
        "os._exit(9)",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "time.sleep(100)",
    ],
)
def test_an_exit_hook_that_fails_or_hangs_does_not_count_as_a_death(server: Server, tmp_path: Path, hook: str) -> None:
    code = f"def at_end():\n    {hook}\n\natexit.register(at_end)\n"
    with SupervisedFleet(tmp_path, server.url, code) as fleet:
        fleet.wait_ready()
        assert fleet.stop() == 0
        assert "died" not in fleet.log


def test_threads_that_never_end_do_not_keep_a_process_alive(server: Server, tmp_path: Path) -> None:
    code = "threading.Thread(target=threading.Event().wait).start()\n"
    with SupervisedFleet(tmp_path, server.url, code) as fleet:
        fleet.wait_ready()
        assert fleet.stop() == 0


@pytest.mark.parametrize("options", [pytest.param((), marks=pytest.mark.nightly), ("--processes", "3")])
def test_a_fleet_stops_even_if_redis_is_silent(server: Server, tmp_path: Path, options: tuple[str, ...]) -> None:
    code = """
from redisched.config import Settings

app = Scheduler(settings=Settings(timeout_s=1.0))


@app.task(name="add")
async def add(one, other):
    return one + other


@app.task(name="hold")
def hold(path):
    open(path, "w").close()
    time.sleep(100)
"""
    begun = tmp_path / "begun"
    with SupervisedFleet(tmp_path, server.url, code, "--grace", "1s", *options) as fleet:
        fleet.wait_ready()
        fleet.enqueue("hold", str(begun))
        wait_until(begun.exists, "a task runs")
        server.pause()
        try:
            assert fleet.stop() == 0
        finally:
            server.resume()


def test_a_killed_supervisor_leaves_no_file_behind(server: Server, tmp_path: Path) -> None:
    with SupervisedFleet(tmp_path, server.url, "") as fleet:
        fleet.wait_ready()
        children = fleet.children()
        fleet.process.kill()
        wait_until(lambda: not any(map(is_alive, children)), "the processes of the fleet end", timeout_s=20.0)

        prefix = Path(tempfile.gettempprefix()).name
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(("redisched-", "pymp-", prefix))] == []


def test_an_error_that_ends_every_process_is_reported_once(server: Server, tmp_path: Path) -> None:
    with SupervisedFleet(tmp_path, server.url, "raise KeyError('no such setting')\n", "--processes", "3") as fleet:
        assert fleet.ended() == 1
        assert fleet.log.count("KeyError: 'no such setting'") == 1
        assert "importlib" not in fleet.log


def test_worker_processes_run_with_the_flags_of_the_interpreter(server: Server, tmp_path: Path) -> None:
    code = "raise KeyError(f'optimized {sys.flags.optimize}')\n"
    with SupervisedFleet(tmp_path, server.url, code, flags=("-O",)) as fleet:
        fleet.ended()
        assert "optimized 1" in fleet.log


def test_a_stopped_fleet_is_not_healthy(server: Server, tmp_path: Path) -> None:
    health = tmp_path / "health"
    with SupervisedFleet(tmp_path, server.url, "", "--health-file", str(health)) as fleet:
        wait_until(health.exists, "the fleet is healthy", timeout_s=20.0)
        assert fleet.stop() == 0
        assert not health.exists()
