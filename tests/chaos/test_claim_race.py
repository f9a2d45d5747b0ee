"""Many processes claim from one queue at once."""

from contextlib import ExitStack
from multiprocessing import get_context

import pytest

from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import NewTask
from tests.brokers import BrokerKind, Servers
from tests.chaos.claiming import claim_all

QUEUE = "race"
PROCESSES = 8
TASKS = 10_000
BATCH = 25
ANSWER_S = 60


@pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])
def test_each_of_10000_tasks_goes_to_one_of_8_processes_in_order(kind: BrokerKind, servers: Servers) -> None:
    broker = servers.broker(kind)
    store = Store(broker.script_runner, QUEUE)
    tasks = [NewTask(f"t{number:05}", number * 7 % 10, "+0", b"digest-1body") for number in range(TASKS)]
    for first in range(0, TASKS, 1_000):
        run(store.enqueue(tasks[first : first + 1_000]), broker.client())

    claimed = _claim_in_processes(servers.url(kind))

    assert sorted(id for found in claimed for id, _, _ in found) == [task.id for task in tasks]
    assert sum(map(bool, claimed)) > 1, "the processes did not claim at the same time"
    for found in claimed:
        bands = [band for _, band, _ in found]
        assert bands == sorted(bands), "a process was given a more urgent task after a less urgent one"
    owners = [(token, process) for process, found in enumerate(claimed) for _, _, token in found]
    assert len(set(owners)) == len({token for token, _ in owners}), "two processes were given the same token"
    broker.close()


def _claim_in_processes(url: str) -> list[list[tuple[str, int, int]]]:
    """The tasks that each process claimed."""
    spawn = get_context("spawn")
    with ExitStack() as stack:
        ends = []
        for number in range(PROCESSES):
            (start, go), (claimed, tell) = spawn.Pipe(duplex=False), spawn.Pipe(duplex=False)
            arguments = (url, QUEUE, f"w{number}", BATCH, start, tell)
            process = spawn.Process(target=claim_all, args=arguments, daemon=True)
            process.start()
            stack.callback(process.join, ANSWER_S)
            for end in (start, tell):
                end.close()
            for end in (go, claimed):
                stack.enter_context(end)
            ends.append((go, claimed))
        for _, claimed in ends:
            assert claimed.poll(ANSWER_S), "a process did not start"
            assert claimed.recv() == "ready"
        for go, _ in ends:
            go.send("go")
        for _, claimed in ends:
            assert claimed.poll(ANSWER_S), "a process did not end"
        return [claimed.recv() for _, claimed in ends]
