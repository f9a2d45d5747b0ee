"""Compares what is in Redis with what a dump says was there."""

from collections.abc import Iterator, Mapping
from typing import Any

from redisched.store.broker import Broker
from redisched.store.inspect import queues
from redisched.store.operation import run
from tests.dumps.dump import Dump
from tests.dumps.seen import Seen, look_through, repairs_of


def losses(dump: Dump, broker: Broker) -> Iterator[str]:
    """What differs from the dump: a line for each task, for the list of queues, and for the repairs of a queue."""
    listed = run(queues(broker.script_runner), broker.client())
    if listed != sorted(dump.seen):
        yield f"the queues are {listed}"
    for queue, seen in dump.seen.items():
        yield from losses_of(queue, seen, look_through(broker, queue))
        repairs = repairs_of(broker, queue)
        if repairs != dump.repairs[queue]:
            yield f"{queue}: repairs are {repairs}"


def losses_of(queue: str, seen: Seen, now: Seen) -> Iterator[str]:
    """The differences between the tasks of one queue, in one line for each task."""
    for task_id, facts in seen.items():
        if task_id not in now:
            yield f"{queue}: {task_id} is gone"
        elif changed := dict(_changes(facts, now[task_id])):
            yield f"{queue}: {task_id} was {changed}, and is {now[task_id]}"
    for task_id in now.keys() - seen.keys():
        yield f"{queue}: {task_id} was not there"


def _changes(facts: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The facts that differ, each with its value in the dump."""
    for name in sorted(facts.keys() | now.keys()):
        if facts.get(name) != now.get(name):
            yield name, facts.get(name)
