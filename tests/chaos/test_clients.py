"""Clients on bad connections, clients that are forked, and clients whose calls are cancelled half-way."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator, Iterator
from types import coroutine
from typing import Any

import pytest

from redisched import Scheduler
from redisched.chaos import Action, Fault, Message, Pace
from redisched.client.reference import TaskRef
from redisched.errors import ResultTimeout
from redisched.model import TaskState
from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers
from tests.chaos.invariants import QUEUE, check_places
from tests.chaos.rig import Rig
from tests.embedded.processes import ScriptProcess
from tests.engine.running import counts
from tests.lua.situation import situation_of
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

LEASE_S = 5.0
SOON_S = 25.0
TASKS = 100
CHILDREN = 20
MOST_POINTS = 12


def every(message: Message, **pace: Any) -> Fault:
    """A fault that hits every message of a kind."""
    return Fault(message=message, action=Action.PASS, pace=Pace(**pace))


LINES = {
    "replies break off halfway": (Fault(message=Message.REPLY, action=Action.CUT_HALFWAY, share=0.4),),
    "a byte at a time": (every(Message.REQUEST, piece_bytes=1), every(Message.REPLY, piece_bytes=1)),
    "half a second, more or less": (every(Message.REPLY, delay_s=0.5, jitter_s=0.5),),
    "16 KB a second": (every(Message.REQUEST, bytes_per_s=16e3), every(Message.REPLY, bytes_per_s=16e3)),
    "requests come twice": (Fault(message=Message.REQUEST, action=Action.DUPLICATE, share=0.3),),
}


@pytest.mark.parametrize("faults", LINES.values(), ids=LINES.keys())
def test_t11_messages_over_a_bad_line_are_understood(rig: Rig, faults: tuple[Fault, ...]) -> None:
    @rig.app.task(name="double", retention=3_600)
    async def double(number: int) -> int:
        with rig.recorder.execution():
            return 2 * number

    rig.proxy.set(*faults)
    with rig.worker(concurrency=4, lease_s=LEASE_S) as worker:
        requests = [double.request(number) for number in range(TASKS)]
        for first in range(0, TASKS, TASKS // 5):
            batch = requests[first : first + TASKS // 5]
            with rig.recorder.enqueueing(*batch):
                rig.app.enqueue_many(batch)
        wait_until(rig.is_drained, "all tasks are done", 2 * SOON_S)
        assert not worker.has_ended
        struck = len(rig.proxy.struck)
        rig.proxy.set()

    assert struck > 3
    results = [rig.app.ref(request.id).result(timeout=SOON_S) for request in requests]
    assert results == [2 * number for number in range(TASKS)]
    rig.audit()


@pytest.fixture(params=[BrokerKind.VALKEY, BrokerKind.REDIS])
def broker(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Broker]:
    broker = servers.broker(request.param)
    yield broker
    broker.close()


async def wait_a_while(task: TaskRef[Any]) -> None:
    """Wait for a result that does not come: a caller that is told of ends waits few times, and long."""
    with contextlib.suppress(ResultTimeout):
        await task.result_async(timeout=1)


CALLS: dict[str, Callable[[Scheduler, TaskRef[Any]], Awaitable[object]]] = {
    "enqueue": lambda app, _: app.enqueue_async("nothing"),
    "enqueue many": lambda app, _: app.enqueue_many_async([app.request("nothing") for _ in range(500)]),
    "status": lambda _, task: task.status_async(),
    "result": lambda _, task: wait_a_while(task),
    "cancel": lambda app, _: app.ref("other").cancel_async(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_t42_after_a_call_cancelled_at_any_wait_the_next_call_gets_its_own_reply(
    broker: Broker, call: Callable[[Scheduler, TaskRef[Any]], Awaitable[object]]
) -> None:
    app = Scheduler(broker=broker)

    async def cancel_at(point: int) -> bool:
        """Whether the call was cancelled: it may have ended before it waited that often."""
        task = await app.enqueue_async("nothing", id=f"known-{point}", delay=60)
        await app.enqueue_async("nothing", id="other")
        cancelled = asyncio.create_task(_cancelled_at(call(app, task), point))
        await asyncio.wait([cancelled])
        echoes = [await broker.async_client().perform(("ECHO", f"{point} {number}")) for number in range(3)]
        assert echoes == [b"%d %d" % (point, number) for number in range(3)]
        assert await task.status_async() is TaskState.SCHEDULED
        return cancelled.cancelled()

    async def main() -> int:
        points = 0
        while points < MOST_POINTS and await cancel_at(points):
            points += 1
        await app.close_async()
        return points

    assert asyncio.run(main()) >= 1
    check_places(situation_of(broker, QUEUE))


async def _cancelled_at(call: Awaitable[object], point: int) -> object:
    """Await a call in a task that is cancelled when it waits once more after so many waits."""
    return await _count_waits(call, point)


@coroutine
def _count_waits(call: Awaitable[object], point: int) -> Generator[Any, Any, object]:
    waiting = call.__await__()
    task = asyncio.current_task()
    assert task is not None
    step, value = waiting.send, None
    while True:
        try:
            awaited = step(value)
        except StopIteration as end:
            return end.value
        if point == 0:
            task.cancel()
        point -= 1
        try:
            value, step = (yield awaited), waiting.send
        except BaseException as error:
            value, step = error, waiting.throw


FORKING = """
import asyncio, contextlib, os, sys, threading
from redisched import Scheduler

def connection():
    return int(app.broker.client().perform(("CLIENT", "ID")))

def newest():
    listed = app.broker.client().perform(("CLIENT", "LIST")).decode()
    return max(int(line.split()[0].partition("=")[2]) for line in listed.splitlines())

def sockets():
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(f"/proc/self/fd/{descriptor}"))
    return {place for place in found if place.startswith("socket:")}

def answer():
    app.enqueue("nothing", number)
    asyncio.run(app.enqueue_async("nothing", number))
    if connection() <= before:
        return b"shares a connection"
    if not crowd and sockets() & my_sockets:
        return b"shares a socket"
    return b"apart"

app = Scheduler(sys.argv[1])
app.enqueue("nothing", 0)
over = threading.Event()
crowd = []
for _ in range(int(sys.argv[3])):
    crowd.append(threading.Thread(target=lambda: [app.enqueue("nothing") for _ in iter(over.is_set, True)]))
    crowd[-1].start()
answers = []
for number in range(int(sys.argv[2])):
    before, my_sockets = newest(), sockets()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, answer())
        os._exit(0)
    os.close(writer)
    answers.append(os.read(reader, 100).decode())
    os.close(reader)
    os.waitpid(child, 0)
over.set()
for thread in crowd:
    thread.join()
print(*sorted(set(answers)), sep=", ", flush=True)
"""
"""Forks a process whose threads may be enqueueing, and prints what the children share with it."""


@pytest.mark.parametrize("threads", [0, 3])
def test_t41_a_forked_process_shares_no_connection(servers: Servers, threads: int) -> None:
    broker = servers.broker(BrokerKind.VALKEY)
    with ScriptProcess(FORKING, servers.url(BrokerKind.VALKEY), str(CHILDREN), str(threads)) as process:
        assert process.hear() == "apart"
    assert counts(broker).ready > 2 * CHILDREN
    check_places(situation_of(broker, QUEUE))
    broker.close()


def test_t41_a_handler_that_forks_disturbs_no_other_client(rig: Rig) -> None:
    forks = [rig.enqueue("fork", 3) for _ in range(4)]
    others = rig.enqueue_many(200, "nothing")
    with rig.fleet(processes=1, concurrency=4, lease_s=LEASE_S):
        rig.drain()

    assert [task.result(timeout=1) for task in forks] == [3] * 4
    assert {task.status() for task in others} == {TaskState.SUCCEEDED}
    rig.audit()
