"""Errors reach the parent of a pool of processes as they are: a pool hangs or breaks if one cannot be made again."""

import inspect
import multiprocessing
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from redisched import errors
from redisched.client.scheduler import Scheduler
from redisched.errors import BrokerUnavailable, InvalidArguments, InvalidOption, RedischedError
from redisched.testing import failures

NOBODY = "redis://127.0.0.1:1/0?"
ERRORS = [
    kind
    for module in (errors, failures)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, RedischedError)
]


def example(kind: type[RedischedError]) -> RedischedError:
    """An error of this type, made of whatever its parameters take."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except ValueError:
        return kind("a text")
    needed = [one for one in parameters if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD]
    fitting: dict[str, Any] = {
        "waited_s": 1.5,
        "in_s": 2.0,
        "attempts": 3,
        "pid": 4,
        "rights": ("a",),
        "confirmed": 1,
        "timeout_s": 2.0,
    }
    numbers = ("wanted", "limit", "size", "found", "current", "asked", "tasks", "left", "shards")
    fitting |= dict.fromkeys(numbers, 5)
    return kind(*(fitting.get(one.name, "a text") for one in needed))


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_is_the_same_after_its_journey(kind: type[RedischedError]) -> None:
    error = example(kind)
    back = pickle.loads(pickle.dumps(error))

    assert type(back) is kind
    assert (str(back), back.args) == (str(error), error.args)
    assert vars(back).keys() == vars(error).keys()


def test_a_value_that_cannot_be_pickled_is_a_text_there() -> None:
    back = pickle.loads(pickle.dumps(InvalidOption("timeout", threading.Lock(), "seconds")))

    assert back.value.startswith("<unlocked _thread.lock object")
    assert (back.argument, back.allowed) == ("timeout", "seconds")


def test_requests_of_an_error_can_be_sent_again_by_the_process_that_gets_it() -> None:
    request = Scheduler("redis://127.0.0.1:1/0").request("pay", 5)
    error = BrokerUnavailable("gone", 1.0).about([request.id])
    error.requests = (request,)

    (back,) = pickle.loads(pickle.dumps(error)).requests
    assert (back.id, back.task) == (request.id, request.task)


def refused(number: int) -> int:
    app = Scheduler()

    pay: Any = app.task(name="pay")(lambda: None)
    pay.request(number)
    return number


@pytest.mark.parametrize("way", ["executor", "pool"])
def test_a_pool_of_processes_gets_it(way: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    if way == "executor":
        with ProcessPoolExecutor(1, mp_context=spawn) as executor:
            with pytest.raises(InvalidArguments, match=r"arguments of pay=.*too many positional arguments"):
                list(executor.map(refused, [1]))
            return
    with spawn.Pool(1) as pool:
        mapped = pool.map_async(refused, [1])
        with pytest.raises(InvalidArguments, match=r"arguments of pay=.*too many positional arguments"):
            mapped.get(60)
