"""S10: nothing that a program prints, logs or sends by itself shows a secret of its URL."""

import logging
import traceback
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from redisched import Scheduler
from redisched.chaos import Server
from redisched.config import Settings
from redisched.embedded import Transport
from redisched.errors import BrokerError
from redisched.url import parse_address
from tests.client.callers import Caller, Manner
from tests.engine.running import work_off

SECRET = "m4rk3r@/:%#?"
SHOWN = "m4rk3r"
HASTY = Settings(timeout_s=0.5)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    with Server(transport=Transport.LOOPBACK, arguments=("--requirepass", "another")) as server:
        yield server


def chain(error: BaseException | None) -> str:
    """All that can be printed of an error and of those behind it."""
    text = ""
    while error is not None:
        text += "".join(traceback.format_exception(error)) + repr(error) + repr(error.args) + repr(vars(error))
        error = error.__cause__ or error.__context__
    return text


URLS = {
    "refused": "redis://{user}:{secret}@{place}/0",
    "as options": "redis://{place}/0?username={user}&password={secret}",
    "nobody there": "redis://{user}:{secret}@127.0.0.1:1/0",
    "no such socket": "unix://{user}:{secret}@/no/such.sock",
    "no such host": "redis://{user}:{secret}@no-such-host.invalid/0",
    "encrypted": "rediss://{user}:{secret}@127.0.0.1:1/0",
    "no Sentinel": "redis+sentinel://{user}:{secret}@{place}/tasks?sentinel_username={user}&sentinel_password={secret}",
    "nobody at the Sentinel's": "redis+sentinel://:{secret}@127.0.0.1:1/tasks?sentinel_password={secret}",
    "no cluster": "redis+cluster://{user}:{secret}@{place}",
}


@pytest.fixture(params=list(URLS.values()), ids=list(URLS))
def url(request: pytest.FixtureRequest, guarded: Server) -> str:
    secret = quote(SECRET, safe="")
    return str(request.param).format(user=secret, secret=secret, place="{}:{}".format(*guarded.address))


@pytest.mark.parametrize("manner", Manner)
def test_s10_no_error_of_a_call_shows_a_secret(url: str, manner: Manner, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    app = Scheduler(url, settings=HASTY)
    call = Caller(app, manner)
    with pytest.raises(BrokerError) as enqueued:
        call(app.enqueue, "send")
    with pytest.raises(BrokerError) as asked:
        call(app.ref("a").status)
    assert SHOWN not in chain(enqueued.value) + chain(asked.value)
    assert SHOWN not in caplog.text
    app.close()


def test_s10_no_error_of_a_worker_shows_a_secret(guarded: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = quote(SECRET, safe="")
    app = Scheduler(f"redis://:{secret}@{'{}:{}'.format(*guarded.address)}", settings=HASTY)

    with pytest.raises(BrokerError) as failed:
        work_off(app)

    assert SHOWN not in chain(failed.value) + caplog.text


def test_s10_no_object_made_from_a_url_shows_its_secret(url: str) -> None:
    app = Scheduler(url)
    address = parse_address(url)
    server = address.server(address.nodes[0] if address.nodes else None)

    @app.task
    def send() -> None: ...

    things = [app, app.settings, app.broker, app.broker.address, app.broker.client(), send, app.ref("a"), server]
    for thing in things:
        assert SHOWN not in f"{thing} {thing!r}"
    assert SHOWN not in repr(vars(app.broker))
