"""The nemesis does what its plan says, and heals what it broke."""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from redisched.chaos import Recorder, Server, read_history
from redisched.chaos.history.record import Disturbed
from redisched.embedded import Persistence
from redisched.errors import BrokerError, BrokerUnavailable, QueueFull
from redisched.store.broker import connect
from redisched.store.operation import Argument
from tests.brokers import BrokerKind, binary_of
from tests.chaos.nemesis import HOUR_S, Nemesis, Victims
from tests.chaos.nemesis_plan import Disturbance, Habit, Strike, draw_plan
from tests.chaos.servers_moved_clock import MovedClock
from tests.chaos.servers_small_disk import NoSmallDisk, SmallDisk
from tests.embedded.processes import ScriptProcess, is_alive
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

TRY_S = 0.2
FOREVER_S = 3_600.0
SLEEPER = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"
HABITS = {
    Disturbance.KILL_WORKER: Habit(every_s=2.0),
    Disturbance.PAUSE_SERVER: Habit(every_s=1.0, lasts_s=3.0),
}


class Stricken:
    """A server that a nemesis breaks, as its clients see it."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.server = server
        self._folder = folder

    def by(self, disturbance: Disturbance, victims: Victims | None = None) -> Nemesis:
        """Carry out one disturbance at once; it is healed at the end."""
        strike = Strike(at_s=0.0, disturbance=disturbance, lasts_s=FOREVER_S, chance=0.0)
        return Nemesis([strike], victims or Victims(server=self.server), Recorder(self._folder))

    def command(self, *command: Argument) -> object:
        """The reply to a command on a new connection, or the type of its error."""
        broker = connect(self.server.url, TRY_S)
        try:
            reply: object = broker.client().perform(command)
        except BrokerError as error:
            return type(error)
        finally:
            broker.close()
        return reply

    def set(self) -> object:
        return self.command("SET", "key", "value")

    def said(self) -> list[tuple[str, str]]:
        """The records that the nemesis wrote."""
        return [(record.what, record.victim) for record in read_history(self._folder) if isinstance(record, Disturbed)]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Stricken]]:
    """Starts the server of a test."""
    started: list[Stricken] = []

    def start(binary: Path | None = None, arguments: tuple[str, ...] = ()) -> Stricken:
        server = Server(
            binary=binary or binary_of(BrokerKind.VALKEY), arguments=arguments, persistence=Persistence.EVERYSEC
        )
        server.start()
        started.append(Stricken(tmp_path, server))
        return started[-1]

    yield start
    for stricken in started:
        stricken.server.close()


def process_state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_plan_follows_from_its_seed() -> None:
    plans = [draw_plan(seed, 60.0, HABITS) for seed in (1, 1, 2)]

    assert plans[0] == plans[1] != plans[2]
    assert [strike.at_s for strike in plans[0]] == sorted(strike.at_s for strike in plans[0])
    assert all(strike.at_s + strike.lasts_s <= 60.0 for strike in plans[0])


def test_habits_do_not_change_each_other() -> None:
    alone = draw_plan(1, 60.0, {Disturbance.KILL_WORKER: HABITS[Disturbance.KILL_WORKER]})

    assert [
        strike for strike in draw_plan(1, 60.0, HABITS) if strike.disturbance in HABITS and strike in alone
    ] == alone
    assert 15 < len(alone) < 60


def test_nothing_is_broken_again_before_it_is_healed() -> None:
    pauses = draw_plan(3, 600.0, {Disturbance.PAUSE_SERVER: HABITS[Disturbance.PAUSE_SERVER]})

    assert len(pauses) > 50
    assert all(first.at_s + first.lasts_s <= second.at_s for first, second in pairwise(pauses))


def test_a_killed_server_comes_back_with_its_data(start: Callable[..., Stricken]) -> None:
    stricken = start()
    stricken.set()
    with stricken.by(Disturbance.KILL_SERVER):
        wait_until(lambda: stricken.server.pid is None, "the victim is gone")

    assert stricken.command("GET", "key") == b"value"
    assert stricken.said() == [("kill server", "hit"), ("kill server", "healed")]


def test_a_paused_server_is_resumed(start: Callable[..., Stricken]) -> None:
    stricken = start()
    with stricken.by(Disturbance.PAUSE_SERVER):
        wait_until(lambda: stricken.set() is BrokerUnavailable, "the server is silent")

    assert stricken.set() == b"OK"


def test_a_restarted_server_is_another_process_with_the_same_data(start: Callable[..., Stricken]) -> None:
    stricken = start()
    stricken.set()
    first = stricken.server.pid
    with stricken.by(Disturbance.RESTART_SERVER):
        wait_until(lambda: stricken.server.pid not in (None, first), "another server process runs")

    assert stricken.command("GET", "key") == b"value"


def test_the_nemesis_makes_the_server_forget_its_scripts(start: Callable[..., Stricken]) -> None:
    stricken = start()
    digest = stricken.command("SCRIPT", "LOAD", "return 1")
    assert isinstance(digest, bytes)
    with stricken.by(Disturbance.FLUSH_SCRIPTS):
        wait_until(lambda: stricken.command("SCRIPT", "EXISTS", digest) == [0], "the script is forgotten")


def test_the_nemesis_closes_connections(start: Callable[..., Stricken]) -> None:
    stricken = start()
    client = connect(stricken.server.url, TRY_S).client()
    client.perform(("PING",))
    with stricken.by(Disturbance.KILL_CLIENTS):
        wait_until(stricken.said, "the connections are closed")

    with pytest.raises(BrokerUnavailable):
        client.perform(("PING",))


def test_memory_is_full_until_it_is_healed(start: Callable[..., Stricken]) -> None:
    stricken = start()
    with stricken.by(Disturbance.FILL_MEMORY):
        wait_until(lambda: stricken.set() is QueueFull, "the server takes no more data")

    assert stricken.set() == b"OK"


@pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])
def test_a_disk_is_full_until_it_is_healed(start: Callable[..., Stricken], tmp_path: Path, kind: BrokerKind) -> None:
    try:
        disk = SmallDisk(tmp_path, binary_of(kind), "8m")
    except NoSmallDisk as error:
        pytest.skip(f"nothing can be mounted here: {error}")
    with disk:
        stricken = start(disk.binary, disk.arguments)
        assert stricken.set() == b"OK"
        with stricken.by(Disturbance.FILL_DISK, Victims(server=stricken.server, disk=disk)):
            wait_until(lambda: stricken.set() is BrokerUnavailable, "the server takes no more data")

        wait_until(lambda: stricken.set() == b"OK", "the server writes again")
        stricken.server.kill()
        stricken.server.start()
        assert stricken.command("GET", "key") == b"value"


def test_a_moved_clock_is_set_right_again(start: Callable[..., Stricken], tmp_path: Path) -> None:
    clock = MovedClock(tmp_path, binary_of(BrokerKind.VALKEY))
    stricken = start(clock.binary)

    def hours_ahead() -> int:
        reply = stricken.command("TIME")
        assert isinstance(reply, list)
        return round((int(reply[0]) - time.time()) / HOUR_S)

    assert hours_ahead() == 0
    with stricken.by(Disturbance.MOVE_CLOCK, Victims(server=stricken.server, clock=clock)):
        wait_until(lambda: hours_ahead() == 1, "the clock is an hour ahead")

    wait_until(lambda: hours_ahead() == 0, "the clock is right")


def test_workers_are_killed_and_paused(start: Callable[..., Stricken]) -> None:
    stricken = start()
    with ScriptProcess(SLEEPER) as worker:
        pid = int(worker.hear())
        victims = Victims(server=stricken.server, workers=lambda: [pid])
        with stricken.by(Disturbance.PAUSE_WORKER, victims):
            wait_until(lambda: process_state(pid) == "T", "the worker is stopped")
        assert process_state(pid) != "T"
        with stricken.by(Disturbance.KILL_WORKER, victims):
            wait_until(lambda: not is_alive(pid), "the victim is gone")


@pytest.mark.parametrize(
    "disturbance",
    [Disturbance.KILL_WORKER, Disturbance.FILL_DISK, Disturbance.MOVE_CLOCK, Disturbance.FLUSH_SCRIPTS],
)
def test_a_strike_without_a_victim_is_written_down(start: Callable[..., Stricken], disturbance: Disturbance) -> None:
    stricken = start()
    stricken.server.kill()
    with stricken.by(disturbance):
        wait_until(stricken.said, "the strike is written down")

    assert stricken.said() == [(disturbance, "missed")]


def test_a_fault_healed_too_early_is_healed_again_at_the_end(start: Callable[..., Stricken], tmp_path: Path) -> None:
    stricken = start()
    strikes = [
        Strike(at_s=0.0, disturbance=Disturbance.FILL_MEMORY, lasts_s=0.1, chance=0.0),
        Strike(at_s=0.05, disturbance=Disturbance.PAUSE_SERVER, lasts_s=0.1, chance=0.0),
    ]
    Nemesis(strikes, Victims(server=stricken.server), Recorder(tmp_path)).carry_out()

    assert stricken.set() == b"OK"
    assert stricken.said()[-2:] == [("pause server", "healed"), ("fill memory", "healed")]


def test_an_error_of_the_nemesis_is_raised(start: Callable[..., Stricken]) -> None:
    stricken = start()

    def workers() -> list[int]:
        raise RuntimeError("a defect")

    with (
        pytest.raises(RuntimeError, match="a defect"),
        stricken.by(Disturbance.KILL_WORKER, Victims(server=stricken.server, workers=workers)),
    ):
        pass
