"""A codec of the application's own carries its arguments and results, and no other application reads them."""

import json
from typing import Any

import pytest

from redisched import Scheduler, TaskState
from redisched.backoff import Backoff
from redisched.codec import decode_task
from redisched.errors import InvalidArguments, InvalidOption, TaskFailed, Undecodable
from redisched.model import DeathReason
from redisched.store.broker import Broker
from tests.brokers import fake_broker
from tests.engine.running import RunningWorker, look
from tests.waiting import wait_until

HOURS = Backoff(base_s=3_600.0, cap_s=3_600.0)


class Money:
    """A class that no annotation has a form for."""

    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and other.cents == self.cents

    def __hash__(self) -> int:
        return self.cents


class JsonCodec:
    """Carries JSON as bytes, and Money as its cents."""

    def __init__(self, name: str = "json 1") -> None:
        self.name = name

    def encode(self, value: Any) -> bytes:
        return json.dumps(value.cents if isinstance(value, Money) else value).encode()

    def decode(self, encoded: bytes, annotation: Any) -> Any:
        value = json.loads(encoded)
        return Money(value) if annotation is Money else value


def application(broker: Broker, codec: JsonCodec | None) -> Scheduler:
    app = Scheduler(broker=broker, codec=codec)

    @app.task(name="double")
    def double(price: Any, times: int = 2) -> Any:
        return price * times

    if codec is not None:

        @app.task(name="pay")
        def pay(price: Money, *more: Money, tip: "Money | None" = None) -> Money:
            return Money(price.cents + sum(one.cents for one in more) + (tip or 0))  # type: ignore[operator]

    return app


def test_arguments_and_results_go_through_the_codec(broker: Broker) -> None:
    app = application(broker, JsonCodec())
    with RunningWorker(app):
        task = app.handler("pay").enqueue(Money(5), Money(6), tip=4)
        by_name = app.enqueue("pay", Money(5), kwargs={"tip": 1})
        assert task.result(timeout=10) == Money(15)
        assert by_name.result(timeout=10) == Money(6)


def test_what_is_written_is_what_the_codec_made_and_its_name() -> None:
    app = application(fake_broker(), JsonCodec())
    body = decode_task(app.handler("pay").request(Money(5), tip=1).task.record, 1_000)

    assert (body.args, body.kwargs, body.codec) == ([b"5"], {"tip": b"1"}, "json 1")
    unknown = decode_task(app.request("elsewhere", Money(5)).task.record, 1_000)
    assert (unknown.args, unknown.codec) == ([b"5"], "json 1")


def test_a_task_without_a_codec_is_dead_and_says_so(broker: Broker) -> None:
    with RunningWorker(application(broker, JsonCodec())):
        task = application(broker, None).handler("double").enqueue(3)
        said = "encoded without a codec, and the application of this worker has the codec 'json 1'"
        with pytest.raises(TaskFailed, match=said) as caught:
            task.result(timeout=10)
    assert caught.value.reason == DeathReason.ARGUMENTS


@pytest.mark.parametrize("served", [None, JsonCodec()], ids=["none", "another"])
def test_a_task_of_a_codec_that_the_worker_has_not_waits(broker: Broker, served: JsonCodec | None) -> None:
    task = application(broker, JsonCodec("json 2")).handler("double").enqueue(3)
    with RunningWorker(application(broker, served), unroutable_backoff=HOURS):
        wait_until(lambda: look(broker, task.id).redeliveries, "it is put off")
    assert (look(broker, task.id).attempts, task.status()) == (0, TaskState.SCHEDULED)


def test_a_dead_task_can_be_replayed_with_what_the_codec_makes(broker: Broker) -> None:
    app = application(broker, JsonCodec())
    with RunningWorker(app):
        task = application(broker, None).handler("double").enqueue(3)
        with pytest.raises(TaskFailed):
            task.result(timeout=10)
        here = app.ref(task.id)
        here.replay_with(4)
        assert here.result(timeout=10) == 8


def test_what_the_codec_cannot_do_is_refused_in_words(broker: Broker) -> None:
    app = application(broker, JsonCodec())

    with pytest.raises(InvalidArguments, match="the codec 'json 1' can encode; it raised TypeError"):
        app.handler("pay").enqueue(object())
    with RunningWorker(application(broker, None)):
        done = Scheduler(broker=broker).enqueue("double", 3)
        assert done.result(timeout=10) == 6
        with pytest.raises(Undecodable, match="result of double cannot be decoded by the codec 'json 1'"):
            app.ref(done.id).result()


class Nameless:
    def encode(self, value: object) -> object:
        return value

    def decode(self, encoded: object, annotation: object) -> object:
        return encoded


@pytest.mark.parametrize(
    "codec", [3, "json", JsonCodec, Nameless(), JsonCodec(""), JsonCodec("a\n"), JsonCodec("x" * 101)]
)
def test_what_is_no_codec_is_refused(codec: Any) -> None:
    with pytest.raises(InvalidOption, match="codec"):
        Scheduler(codec=codec)
