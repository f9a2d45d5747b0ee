"""`redisched queue ls` counts every task once, in its state."""

import pytest

from redisched.store.operation import ScriptRunner
from redisched.store.store import Store
from redisched.store.values import Bury, ClaimRequest
from tests.brokers import BrokerKind, Servers
from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop


def test_each_state_is_counted(command: CommandLine, workshop: Workshop) -> None:
    for task_id in ("dead", "leased", "ready"):
        command.output("enqueue", "add", "--id", task_id)
    command.output("enqueue", "add", "--delay", "1h")
    command.output("enqueue", "add", "--queue", "mail", "--delay", "1h", "--priority", "9")
    workshop.bury(workshop.claim())
    workshop.claim()

    rows = command.rows("queue", "ls")
    assert [row[:5] for row in rows] == [["default", "1", "1", "1", "1"], ["mail", "0", "1", "0", "0"]]
    assert rows[0][5].endswith("s")
    assert rows[1][5] == "-"


def test_json_shows_the_counts(command: CommandLine) -> None:
    command.output("enqueue", "add", "--queue", "mail", "--delay", "1h", "--priority", "9")

    (record,) = command.record("queue", "ls")
    assert record.pop("now_ms") > 0
    assert record == {
        "queue": "mail",
        "ready": 0,
        "scheduled": 1,
        "leased": 0,
        "dead": 0,
        "finished": 0,
        "oldest_ready_ms": None,
        "priorities": [{"priority": 9, "ready": 0, "scheduled": 1}],
        "running": 0,
        "running_is_exact": True,
        "retrying": 0,
        "retrying_is_exact": True,
        "shards": 1,
        "repairs": {},
        "paused": None,
    }


def test_running_and_retrying_tasks_are_counted_by_themselves(command: CommandLine, workshop: Workshop) -> None:
    for task_id in ("running", "leased", "retrying"):
        command.output("enqueue", "add", "--id", task_id)
    workshop.start(workshop.claim())
    workshop.claim()
    workshop.fail(workshop.claim(), "ValueError: no")

    (record,) = command.record("queue", "ls")
    assert (record["leased"], record["running"], record["scheduled"], record["retrying"]) == (2, 1, 1, 1)
    facts = [line.split() for line in command.output("queue", "show", "default").splitlines()]
    assert [line for line in facts if line[0] in ("running", "retrying")] == [["running", "1"], ["retrying", "1"]]


def test_json_shows_repairs(command: CommandLine, workshop: Workshop) -> None:
    command.output("enqueue", "add")
    workshop.perform("HSET", workshop.store.keys.repairs, "PLACE_LOST", "2")

    assert command.record("queue", "ls")[0]["repairs"] == {"PLACE_LOST": 2}


def test_without_queues_ls_says_how_to_make_one(command: CommandLine) -> None:
    assert "redisched enqueue" in command.output("queue", "ls")
    assert command.record("queue", "ls") == []


def test_a_queue_of_several_shards_is_listed_in_total_and_by_shard(command: CommandLine) -> None:
    for number in range(20):
        command.output("enqueue", "add", "--queue", "mail", "--id", f"before-{number}")
    assert "mail has 3 shards" in command.output("queue", "grow", "mail", "--shards", "3")
    for number in range(20):
        command.output("enqueue", "add", "--queue", "mail", "--id", f"after-{number}")

    assert [row[:2] for row in command.rows("queue", "ls")] == [["mail", "40"]]
    names, ready = zip(*(row[:2] for row in command.rows("queue", "ls", "--shards")), strict=True)
    assert names == ("mail", "mail/1", "mail/2")
    assert sum(map(int, ready)) == 40
    assert int(ready[0]) > 20
    assert all(map(int, ready))
    assert command.record("queue", "ls")[0]["shards"] == 3
    records = command.record("queue", "ls", "--shards")
    assert [(record["shard"], record["node"]) for record in records] == [(0, None), (1, None), (2, None)]
    shown = [command.record("task", "show", f"after-{number}")["shard"] for number in range(20)]
    assert {*shown} == {0, 1, 2}
    assert ["shard", str(shown[0])] in [row[0].split() for row in command.rows("task", "show", "after-0")]


@pytest.mark.fault
def test_on_a_cluster_the_node_of_each_shard_is_shown(servers: Servers) -> None:
    command = CommandLine(servers.url(BrokerKind.CLUSTER))
    command.output("queue", "grow", "spread", "--shards", "12")

    nodes = [record["node"] for record in command.record("queue", "ls", "--shards") if record["queue"] == "spread"]
    assert [row[-1] for row in command.rows("queue", "ls", "--shards") if row[0].startswith("spread")] == nodes
    assert len(nodes) == 12
    assert len({*nodes} - {None}) == 3


def test_grow_creates_a_queue_and_never_removes_shards(command: CommandLine) -> None:
    assert command.record("queue", "grow", "mail", "--shards", "2") == {"queue": "mail", "shards": 2}
    assert command.rows("queue", "ls")[0][0] == "mail"

    refused = command.run("queue", "grow", "mail", "--shards", "1")
    assert refused.exit_code == 2
    assert "at least 2, which queue 'mail' has already" in refused.stderr


def test_a_dry_run_of_grow_changes_nothing(command: CommandLine) -> None:
    said = command.output("queue", "grow", "mail", "--shards", "2", "--dry-run")

    assert said == "There is no queue mail; it would be created with 2 shards.\n"
    assert command.record("queue", "ls") == []
    assert command.record("queue", "grow", "mail", "--shards", "2", "--dry-run") == {"queue": "mail", "shards": 0}
    command.output("queue", "grow", "mail", "--shards", "2")
    said = command.output("queue", "grow", "mail", "--shards", "3", "--dry-run")
    assert said == "mail has 2 shards, and would have 3.\n"
    assert command.record("queue", "ls")[0]["shards"] == 2


@pytest.mark.parametrize(("shards", "said"), [("1", "at least 2"), ("0", "from 1 to 1024"), ("1025", "from 1 to 1024")])
def test_a_dry_run_of_grow_is_refused_as_growing_is(command: CommandLine, shards: str, said: str) -> None:
    command.output("queue", "grow", "mail", "--shards", "2")

    for option in ((), ("--dry-run",)):
        refused = command.run("queue", "grow", "mail", "--shards", shards, *option)
        assert refused.exit_code == 2
        assert said in refused.stderr


def test_dead_tasks_of_every_shard_are_revived(command: CommandLine, workshop: Workshop) -> None:
    command.output("queue", "grow", "default", "--shards", "3")
    for number in range(9):
        command.output("enqueue", "add", "--id", f"id-{number}")
    for shard in range(3):
        store = Store(ScriptRunner(), "default", shard)
        request = ClaimRequest(worker="w", nonce="1", limit=9, ahead_ms=0, ahead_limit=0, lease_ms=9_000)
        leases = workshop.do(store.claim(request)).leases
        workshop.do(store.bury([Bury(lease.id, lease.token, b"boom") for lease in leases]))

    assert len(command.record("dead", "retry", "id-0", "id-1")) == 2
    assert len(command.record("dead", "retry", "--all", "--yes")) == 7
    assert [row[1] for row in command.rows("queue", "ls")] == ["9"]
    assert command.record("task", "cancel", "id-5")[0]["outcome"] == "cancelled"
