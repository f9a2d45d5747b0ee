"""When Redis cannot be reached: an error in time, and the same call can be repeated."""

import itertools
import socket
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest

from redisched.client.scheduler import Scheduler
from redisched.config import Settings
from redisched.embedded import PrivateServer, Transport
from redisched.errors import BrokerUnavailable
from redisched.keys import keys_of
from redisched.routing.chunk import CHUNK_TASKS
from redisched.store.broker import Broker, connect
from redisched.store.operation import Argument, Command
from tests.client.callers import Caller, Manner
from tests.client.stand_in import StandIn

HASTY = Settings(timeout_s=0.3)


@pytest.fixture
def closed_port() -> Iterator[str]:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{reserved.getsockname()[1]}/0"


@pytest.fixture
def black_hole() -> Iterator[str]:
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.mark.parametrize("manner", Manner)
@pytest.mark.parametrize("place", ["closed_port", "black_hole"])
def test_t40_an_unreachable_redis_is_an_error_in_time(
    request: pytest.FixtureRequest, place: str, manner: Manner
) -> None:
    app = Scheduler(request.getfixturevalue(place), settings=HASTY)
    call = Caller(app, manner)

    with pytest.raises(BrokerUnavailable, match=r"enqueue_many\(error\.requests\) sends it again"):
        call(app.enqueue, "send")
    with pytest.raises(BrokerUnavailable):
        call(app.enqueue_many, [app.request("send")])
    with pytest.raises(BrokerUnavailable):
        call(app.ref("a").status)

    app.close()


def test_a_missing_socket_is_an_error_too(tmp_path: Any) -> None:
    with pytest.raises(BrokerUnavailable):
        Scheduler(f"unix://{tmp_path}/none.sock", settings=HASTY).enqueue("send")


@pytest.mark.parametrize("manner", Manner)
def test_the_same_call_works_once_redis_is_back(manner: Manner) -> None:
    with PrivateServer(transport=Transport.LOOPBACK) as server:
        app = Scheduler(server.url, settings=Settings(timeout_s=1))
        call = Caller(app, manner)
        request = app.request("send", 1)
        server.stop()
        with pytest.raises(BrokerUnavailable):
            call(app.enqueue_many, [request])
        with pytest.raises(BrokerUnavailable):
            call(app.enqueue, "send", 2, id="order-2")

        server.start()
        refs = [*call(app.enqueue_many, [request]), call(app.enqueue, "send", 2, id="order-2")]

        assert {lease.id for lease in StandIn(app, "default").lease()} == {ref.id for ref in refs}
        app.close()


def test_a_restart_between_two_calls_is_not_noticed() -> None:
    with PrivateServer() as server:
        app = Scheduler(server.url)
        app.enqueue("send", 1)

        server.restart()
        app.enqueue("send", 2)

        assert [body.args for body in StandIn(app, "default").bodies()] == [[1], [2]]
        app.close()


class Severed:
    """Performs commands, and loses the replies of the first few script calls."""

    def __init__(self, broker: Broker, losses: int) -> None:
        self._client = broker.client()
        self._losses = losses
        self.performed = 0

    def perform(self, command: Command) -> Any:
        reply = self._client.perform(command)
        if command[0] in {"EVAL", "EVALSHA"}:
            self.performed += 1
            if self.performed <= self._losses:
                raise BrokerUnavailable("the reply was lost", 0.0)
        return reply

    def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        """The reply to the last of the commands is lost, too, as long as there are losses to come."""
        replies = self._client.perform_all(commands)
        self.performed += len(replies)
        return replies if self.performed > self._losses else replies[:-1]


def test_a_lost_reply_does_not_make_a_second_task(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    app = Scheduler(broker=broker, settings=Settings(timeout_s=30))
    severed = Severed(broker, losses=2)
    with monkeypatch.context() as patched:
        patched.setattr(broker, "client", lambda: severed)

        app.enqueue("send", 1)

    assert severed.performed == 3
    assert len(StandIn(app, "default").lease()) == 1


def test_scripts_that_were_flushed_are_loaded_again(broker: Broker) -> None:
    app = Scheduler(broker=broker)
    app.enqueue("send", 1)

    broker.client().perform(("SCRIPT", "FLUSH"))
    app.enqueue("send", 2)

    assert len(StandIn(app, "default").lease()) == 2


def test_a_single_try_takes_less_than_half_of_the_timeout() -> None:
    app = Scheduler("redis://127.0.0.1:1", settings=Settings(timeout_s=5))

    assert app.broker.timeout_s == 2.0


def test_a_forked_or_closed_scheduler_opens_new_connections() -> None:
    with PrivateServer() as server:
        app = Scheduler(broker=connect(server.url, 5.0))
        app.enqueue("send", 1)

        app.close()
        app.enqueue("send", 2)

        assert len(StandIn(app, "default").lease()) == 2
        app.close()


def test_a_reply_lost_in_the_middle_of_many_tasks_adds_none_twice(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Scheduler(broker=broker, settings=Settings(timeout_s=30))
    requests = [app.request("send", number) for number in range(3 * CHUNK_TASKS)]
    severed = Severed(broker, losses=4)
    with monkeypatch.context() as patched:
        patched.setattr(broker, "client", lambda: severed)

        refs = app.enqueue_many(requests)

    assert severed.performed > 4
    assert [ref.id for ref in refs] == [request.id for request in requests]
    assert broker.client().perform(("ZCARD", keys_of("default").waiting)) == len(requests)


@pytest.mark.parametrize("moment", range(4))
def test_scripts_flushed_in_the_middle_of_many_tasks_are_loaded_again(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    app = Scheduler(broker=broker)
    requests = [app.request("send", number) for number in range(5 * CHUNK_TASKS)]
    make_command = broker.script_runner.command
    made = itertools.count()

    def flush_at_the_moment(name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Command:
        if next(made) == moment:
            broker.client().perform(("SCRIPT", "FLUSH"))
        return make_command(name, keys, arguments)

    monkeypatch.setattr(broker.script_runner, "command", flush_at_the_moment)
    refs = app.enqueue_many(requests)

    assert next(made) > moment
    assert [ref.id for ref in refs] == [request.id for request in requests]
    assert broker.client().perform(("ZCARD", keys_of("default").waiting)) == len(requests)
