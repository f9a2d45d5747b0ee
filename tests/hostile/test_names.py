"""Names of handlers and queues that try to import code or to reach keys of other queues."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched import Scheduler
from redisched.codec import encode_task
from redisched.config import WorkerSettings
from redisched.engine.worker_context import served_queues
from redisched.errors import InvalidOption
from redisched.keys import Keys, keys_of
from redisched.model import DeathReason, TaskBody
from redisched.option_checks import check_queue
from redisched.registry import Registry
from redisched.store.broker import Broker
from tests.engine.running import look, work_off
from tests.hostile.stored import store_bodies

NAMES_OF_NO_HANDLER = [
    "../../etc/passwd",
    "a/../b",
    "work\x00",
    "work\n",
    "wo rk",
    "x" * 10_000,
    "w\u043erk",  # with a Cyrillic o
    "\uff57\uff4f\uff52\uff4b",  # in full width
    "work\u200b",
    "work()",
    "",
]
NAMES_OF_MODULES = [
    "os.system",
    "__import__",
    "builtins.eval",
    "subprocess:run",
    "antigravity",
    "this.s",
    "work.__call__",
]
QUEUES = ["", "{", "}", "{}", "a}b", "{a", "a{b}c", "a:b", "*", "a*", "a\x00", "a\n", "\u202ea", "q" * 101, "q" * 512]


@pytest.fixture
def named(app: Scheduler) -> Scheduler:
    """An application that knows `work`."""
    app.task(name="work")(lambda: "done")
    return app


@pytest.mark.parametrize("name", NAMES_OF_NO_HANDLER, ids=ascii)
def test_s03_an_invalid_name_of_a_handler_is_refused(named: Scheduler, name: str) -> None:
    for refuse in (named.enqueue, named.request, lambda name: named.task(name=name)):
        with pytest.raises(InvalidOption) as refusal:
            refuse(name)
        assert refusal.value.argument == "name"


def test_s03_a_stored_name_without_a_handler_is_unroutable_and_imports_nothing(
    named: Scheduler, real_broker: Broker
) -> None:
    names = NAMES_OF_NO_HANDLER + NAMES_OF_MODULES
    work_off(named)
    imported = set(sys.modules)
    ids = store_bodies(real_broker, [encode_task(TaskBody(name, ["id"]), 100_000) for name in names])
    known = named.enqueue("work")

    work_off(named, unroutable_limit=1)

    assert set(sys.modules) == imported
    assert known.result(timeout=1) == "done"
    for id in ids:
        failure = look(real_broker, id).failure
        assert failure is not None
        assert failure.reason == DeathReason.UNROUTABLE


@pytest.mark.parametrize("queue", QUEUES, ids=ascii)
def test_s12_a_queue_name_that_could_break_the_hash_tag_is_refused(
    named: Scheduler, real_broker: Broker, queue: str
) -> None:
    with pytest.raises(InvalidOption):
        named.enqueue("work", queue=queue)
    with pytest.raises(InvalidOption):
        named.task(name="other", queue=queue)
    with pytest.raises(InvalidOption):
        named.ref("id", queue)
    with pytest.raises(InvalidOption):
        served_queues(WorkerSettings(queues=(queue,)), Registry())

    assert real_broker.client().perform(("KEYS", "*")) == []


@given(st.one_of(st.text(max_size=5), st.text("ab{}:*-._ \n", max_size=5), st.from_regex(r"[\w.{}-]{1,120}")))
def test_s12_all_keys_of_a_queue_share_its_name_as_hash_tag(queue: str) -> None:
    try:
        check_queue("queue", queue)
    except InvalidOption:
        return
    keys = keys_of(queue)
    every = [getattr(keys, name) for name in Keys.__slots__]
    assert {key[key.index("{") + 1 : key.index("}")] for key in every} == {queue}
    assert len(set(every)) == len(every)
