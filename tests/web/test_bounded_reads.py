"""What a read costs Redis does not grow with what is there. The nightly run prints how long each takes of Redis."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import pytest

from redisched.activity import Activity
from redisched.client.scheduler import Scheduler
from redisched.codec import encode_failure
from redisched.model import Failure
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.tallies import ActivityKey, Batch, Span, Tallies
from redisched.store.values import Bury, ClaimRequest
from tests.brokers import BrokerKind, Servers
from tests.cli.workshop import Workshop
from tests.web.api import Api
from tests.web.fleet import introduce

QUEUE = "default"
AT_A_TIME = 10_000
LARGEST_MS = 10.0
"""No read keeps Redis for longer, all its calls together."""
TRIES = 5
"""Of so many, the quietest counts: what else the machine does makes calls longer."""
OUTSIDE_SCRIPTS = ("hgetall", "smembers", "get", "hmget", "xrevrange", "time")
"""What reads also ask without a script. Within scripts they are counted twice, which is on the safe side."""
ITS_OWN = ("config|resetstat", "_info", "slowlog|reset", "slowlog|get")
READS = {
    "overview": "/overview",
    "queues": "/queues",
    "queue": f"/queues/{QUEUE}",
    "why ready tasks wait": "/ready/reasons",
    "ready tasks": "/tasks?filter=state:ready&limit=100",
    "scheduled tasks": "/tasks?filter=state:scheduled&limit=100",
    "dead tasks": "/tasks?filter=state:dead&limit=100",
    "a task": "/tasks/task-7",
    "why a task waits": "/tasks/task-7/explain",
    "workers": "/workers?limit=200",
    "schedules": "/schedules",
    "scale": f"/scale/{QUEUE}",
}
SEARCHES = {
    "no such handler": "/tasks?filter=name:nothing",
    "no such ready task": "/tasks?filter=state:ready+arg.0:none",
    "no such scheduled task": "/tasks?filter=state:scheduled+age:>1d",
    "no such dead task": "/tasks?filter=state:dead+error:nothing",
    "the last task alone": "/tasks?filter=name:last",
    "dead groups": "/dead/groups",
}
"""What looks at as many tasks as one call may, however many there are."""
COUNTED = {"action": "cancel", "filter": "name:nothing", "dry_run": True}


class Costs:
    """What Redis was asked since the last look."""

    def __init__(self, broker: Broker) -> None:
        self._perform = broker.client().perform

    def reset(self) -> None:
        self._perform(("CONFIG", "RESETSTAT"))
        self._perform(("SLOWLOG", "RESET"))

    def calls(self) -> int:
        return sum(int(line["calls"]) for line in self._lines())

    def milliseconds(self) -> float:
        """All commands together; those within scripts are counted with their script."""
        scripts = [line for line in self._lines() if line["name"].startswith(("evalsha", "eval"))]
        others = [line for line in self._lines() if line["name"] in OUTSIDE_SCRIPTS]
        return sum(int(line["usec"]) for line in [*scripts, *others]) / 1e3

    def cpu_ms(self) -> float:
        """For how long the thread of the server that works off commands has used a CPU, since it began."""
        info = dict(line.split(":") for line in self._perform(("INFO", "cpu")).decode().splitlines() if ":" in line)
        return 1e3 * sum(float(info[f"used_cpu_{kind}_main_thread"]) for kind in ("user", "sys"))

    def longest_ms(self) -> float:
        """The longest command, or script."""
        return max((entry[2] for entry in self._perform(("SLOWLOG", "GET", "-1"))), default=0) / 1e3

    def _lines(self) -> Iterator[dict[str, str]]:
        for line in self._perform(("INFO", "commandstats")).decode().splitlines():
            name, _, facts = line.partition(":")
            if name.startswith("cmdstat_") and not name.endswith(ITS_OWN):
                yield {"name": name.removeprefix("cmdstat_"), **dict(fact.split("=") for fact in facts.split(","))}


def bury(store: Store, tasks: Scheduler, number: int) -> None:
    """Let the next tasks die, as of an error that they have in common with many others."""
    client, nonce = tasks.broker.client(), uuid.uuid4().hex
    claim = ClaimRequest(worker="w", nonce=nonce, limit=number, ahead_ms=0, ahead_limit=0, lease_ms=30_000)
    leases = run(store.claim(claim), client).leases
    deaths = [
        Bury(
            lease.id,
            lease.token,
            encode_failure(Failure(name="add", error=f"ValueError: order {lease.id}", reason="attempts")),
        )
        for lease in leases
    ]
    run(store.bury(deaths), client)


def fill(tasks: Scheduler, workshop: Workshop, waiting: int, dead: int, workers: int) -> None:
    """Tasks that are due, that wait for their time and that are dead, workers, and what was done in a day."""
    done = 0
    while done < dead:
        batch = min(200, dead - done)
        tasks.enqueue_many([tasks.request("add", number, priority=0) for number in range(batch)])
        bury(workshop.store, tasks, batch)
        done += batch
    for first in range(0, waiting, AT_A_TIME):
        numbers = range(first, min(waiting, first + AT_A_TIME))
        tasks.enqueue_many(
            [
                tasks.request("add", number, id=f"task-{number}", priority=number % 10, delay=3_600 * (number % 2))
                for number in numbers
            ]
        )
    for number in range(workers):
        introduce(tasks, f"worker-{number}", (QUEUE,), 16)
    now_ms, tallies = round(time.time() * 1e3), Tallies(tasks.broker.script_runner)
    row = {ActivityKey(QUEUE, "add"): Activity.decode(b"0=5 16=9 17=9 33=5 65=5")}
    for number in range(60):
        adding = tallies.add(f"hour-{number}", Batch(1, now_ms - number * Span.MINUTE.ms, row))
        run(adding, tasks.broker.client())


def quietest(costs: Costs, ask: Callable[[], object]) -> tuple[float, float]:
    """What a request costs Redis at its best, in milliseconds: all its calls, and the longest of them."""
    found: list[tuple[float, float]] = []
    for _ in range(TRIES):
        costs.reset()
        ask()
        found.append((costs.milliseconds(), costs.longest_ms()))
    return min(found)


def search_for_the_last(api: Api, costs: Costs) -> tuple[int, float]:
    """Go on until the task is found that is the last of all: how many answers that takes, and what one costs Redis."""
    answers, begun_ms = 0, costs.cpu_ms()
    after: Mapping[str, str] = {}
    while True:
        page = api.get("/tasks", filter="name:last", **after)
        answers += 1
        if page["tasks"]:
            return answers, (costs.cpu_ms() - begun_ms) / answers
        after = {"after": page["next"]}


def test_a_read_asks_as_much_of_many_tasks_as_of_few(
    api: Api, tasks: Scheduler, workshop: Workshop, real_broker: Broker
) -> None:
    costs = Costs(real_broker)
    fill(tasks, workshop, waiting=600, dead=300, workers=5)
    few: dict[str, int] = {}
    for name, path in READS.items():
        api.ask("GET", path)
        costs.reset()
        api.ask("GET", path)
        few[name] = costs.calls()
    fill(tasks, workshop, waiting=6_000, dead=1_000, workers=5)
    for name, path in READS.items():
        costs.reset()
        api.ask("GET", path)
        assert costs.calls() <= 3 * few[name] + 20, name


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])
def test_each_read_of_two_million_tasks_is_short(kind: BrokerKind, servers: Servers) -> None:
    broker = servers.broker(kind)
    tasks, costs = Scheduler(broker=broker), Costs(broker)
    fill(tasks, Workshop(broker, QUEUE), waiting=2_000_000, dead=100_000, workers=200)
    broker.client().perform(("CONFIG", "SET", "slowlog-log-slower-than", "100"))
    tasks.enqueue("last", priority=9, delay=7_200)
    found: dict[str, tuple[float, float]] = {}
    api = Api(tasks)
    with api.client:
        for name, path in (READS | SEARCHES).items():
            found[name] = quietest(costs, partial(api.get, path))
        found["what an action is about"] = quietest(costs, partial(api.post, "/actions", COUNTED))
        answers, each_ms = search_for_the_last(api, costs)
    for name, (whole_ms, longest_ms) in sorted(found.items(), key=lambda pair: -pair[1][0]):
        print(f"{name:24} {whole_ms:8.2f} ms of Redis, the longest call {longest_ms:.2f} ms")  # noqa: T201 - a figure for people
    print(f"{answers:,} answers to find the last task, each with {each_ms:.2f} ms of the CPU of Redis")  # noqa: T201 - as well
    broker.close()
    assert max(whole_ms for whole_ms, _ in found.values()) < LARGEST_MS
    assert each_ms < LARGEST_MS
