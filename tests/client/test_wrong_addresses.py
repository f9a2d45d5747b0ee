"""T40: an address without a Redis that we may use is an error that says so in time. No worker waits for it."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from redisched.chaos import Server
from redisched.client.scheduler import Scheduler
from redisched.config import Settings
from redisched.embedded import Transport
from redisched.errors import BrokerError, BrokerRefused, BrokerUnavailable
from tests.client.callers import Caller, Manner
from tests.engine.running import work_off

HASTY = Settings(timeout_s=1.0)
PASSWORD = "secret"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    """Asks for a password."""
    with Server(transport=Transport.LOOPBACK, arguments=("--requirepass", PASSWORD)) as server:
        yield server


class Silent(BaseHTTPRequestHandler):
    """Answers whatever it does not understand as HTTP servers do, and keeps it to itself."""

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def web_server() -> Iterator[str]:
    """Where somebody speaks another protocol."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"redis://127.0.0.1:{server.server_port}/0"
        server.shutdown()
        thread.join()


def at(server: Server, credentials: str = "", database: int = 0, scheme: str = "redis") -> str:
    host, port = server.address
    return f"{scheme}://{credentials}{host}:{port}/{database}"


REFUSED: dict[str, tuple[Callable[[Server], str], str]] = {
    "no password": (at, "Authentication required"),
    "a wrong password": (lambda server: at(server, ":wrong@"), "invalid username-password pair"),
    "a wrong user": (lambda server: at(server, f"nobody:{PASSWORD}@"), "invalid username-password pair"),
    "a wrong database": (lambda server: at(server, f":{PASSWORD}@", 99), "out of range"),
}


def produce(url: str, manner: Manner, expected: type[BrokerError], said: str) -> None:
    """Every call of a producer must raise the error."""
    app = Scheduler(url, settings=HASTY)
    call = Caller(app, manner)
    with pytest.raises(expected, match=said):
        call(app.enqueue, "send")
    with pytest.raises(expected):
        call(app.enqueue_many, [app.request("send")])
    with pytest.raises(expected) as failed:
        call(app.ref("a").status)
    assert PASSWORD not in str(failed.value)
    app.close()


@pytest.mark.parametrize("manner", Manner)
@pytest.mark.parametrize(("make_url", "said"), REFUSED.values(), ids=REFUSED)
def test_t40_a_redis_that_refuses_access_raises_its_reason(
    guarded: Server, make_url: Callable[[Server], str], said: str, manner: Manner
) -> None:
    produce(make_url(guarded), manner, BrokerRefused, said)


@pytest.mark.parametrize(("make_url", "said"), REFUSED.values(), ids=REFUSED)
def test_t40_a_worker_that_is_refused_access_ends_with_the_reason(
    guarded: Server, make_url: Callable[[Server], str], said: str
) -> None:
    with pytest.raises(BrokerRefused, match=said):
        work_off(Scheduler(make_url(guarded), settings=HASTY))


@pytest.mark.parametrize("manner", Manner)
def test_t40_a_server_of_another_protocol_is_not_a_redis(web_server: str, manner: Manner) -> None:
    produce(web_server, manner, BrokerRefused, "Protocol error")


@pytest.mark.parametrize("manner", Manner)
def test_t40_tls_to_a_server_without_tls_is_an_error_in_time(guarded: Server, manner: Manner) -> None:
    produce(at(guarded, f":{PASSWORD}@", scheme="rediss"), manner, BrokerUnavailable, "unavailable")


@pytest.mark.parametrize("manner", Manner)
def test_t40_an_unknown_host_is_an_error_in_time(manner: Manner) -> None:
    produce("redis://no-such-host.invalid:6379/0", manner, BrokerUnavailable, "not known|resolution|resolve")
