"""Which queues a worker serves."""

import pytest

from redisched import Scheduler
from redisched.config import WorkerSettings
from redisched.engine.worker_context import served_queues
from redisched.errors import InvalidOption


def nothing() -> None:
    pass


def test_a_worker_serves_the_queues_it_is_given() -> None:
    app = Scheduler()
    app.task(nothing)

    assert served_queues(WorkerSettings(queues=("mail", "billing")), app.registry) == ("mail", "billing")


def test_a_worker_that_is_given_no_queues_serves_those_of_its_handlers() -> None:
    app = Scheduler()
    for queue in ("mail", "billing", "mail"):
        app.task(name=f"in.{queue}", queue=queue)(nothing)

    assert served_queues(WorkerSettings(), app.registry) == ("mail", "billing")


def test_a_worker_without_handlers_serves_the_default_queue() -> None:
    assert served_queues(WorkerSettings(), Scheduler().registry) == ("default",)


@pytest.mark.parametrize("name", ["", "a{b", "a:b", "a b"])
def test_an_invalid_queue_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidOption, match="queues="):
        served_queues(WorkerSettings(queues=("mail", name)), Scheduler().registry)
