"""`redisched workers` lists worker processes, and tells one what to do; `redisched worker ls` is the same."""

import json
from collections.abc import Callable

import pytest

from redisched.orders import WorkerOrder
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.presence import Deployment, Presence, ToldTask, digest_of
from redisched.store.roster import Roster
from tests.brokers import BrokerKind, Servers
from tests.cli.commands import CommandLine

SERVES = Deployment(version="9.1", app_version="7f3c", queues=("mail", "billing"), handlers=("send",)).encode()
LIVE_MS = 15_000


@pytest.fixture
def broker(servers: Servers) -> Broker:
    return servers.broker(BrokerKind.VALKEY)


@pytest.fixture
def command(broker: Broker, servers: Servers) -> CommandLine:
    return CommandLine(servers.url(BrokerKind.VALKEY))


@pytest.fixture
def introduce(broker: Broker) -> Callable[..., str]:
    """Introduces a worker; answers the order that waits for it."""
    roster = Roster(broker.script_runner)

    def introduce(name: str, live_ms: int = LIVE_MS, **facts: object) -> str:
        told = {"host": "web-1", "pid": 7, "slots": 4, "up_ms": 65_000, "rss_bytes": 45_000_000, **facts}
        presence = Presence(deployment=digest_of(SERVES), live_ms=live_ms, **told)  # type: ignore[arg-type]
        introducing = roster.introduce(name, presence.encode(), digest_of(SERVES), SERVES, live_ms)
        return run(introducing, broker.client()).order

    return introduce


@pytest.mark.parametrize("word", ["workers", "worker"])
def test_workers_are_listed_with_what_they_have_at_hand(
    command: CommandLine, introduce: Callable[..., str], word: str
) -> None:
    introduce("web-1-9-b", pid=9, state="quiet")
    introduce("web-1-7-a", busy=3, due=2, ahead=1)

    assert command.rows(word, "ls") == [
        ["web-1-7-a", "working", "3", "4", "2", "1", "1 min 5 s", "45 MB", "mail, billing"],
        ["web-1-9-b", "quiet", "0", "4", "0", "0", "1 min 5 s", "45 MB", "mail, billing"],
    ]


def test_json_has_what_each_runs(command: CommandLine, introduce: Callable[..., str]) -> None:
    introduce("a", running=(ToldTask("id-1", "send", "mail", 17),), window=(ToldTask("id-2", "send", "mail", 99),))

    (record,) = command.record("workers", "ls")
    assert record["running"] == [{"id": "id-1", "name": "send", "queue": "mail", "at_ms": 17}]
    assert record["window"] == [{"id": "id-2", "name": "send", "queue": "mail", "at_ms": 99}]
    assert (record["version"], record["app_version"], record["handlers"]) == ("9.1", "7f3c", ["send"])
    assert record["seen_ms"] - record["started_ms"] == 65_000
    assert command.record("workers", "show", "a").items() >= {"name": "a", "host": "web-1", "pid": 7}.items()


def test_a_worker_is_shown_with_its_tasks(command: CommandLine, introduce: Callable[..., str]) -> None:
    introduce("a", busy=1, running=(ToldTask("id-1", "send\x1b[31m", "mail", 17),))

    shown = command.output("workers", "show", "a")
    assert "1 of 4 are busy" in shown
    assert "RUNNING (1 task)" in shown
    assert "id-1\tsend\\x1b[31m\tmail" in shown
    assert "WINDOW" not in shown


@pytest.mark.parametrize("order", list(WorkerOrder))
def test_each_word_is_heard_by_the_worker(
    command: CommandLine, introduce: Callable[..., str], order: WorkerOrder
) -> None:
    for name in ("a", "b", "c"):
        introduce(name)

    assert "within five seconds" in command.output("workers", order.value, "a", "b")

    assert [introduce(name).rpartition(" ")[2] for name in ("a", "b", "c")] == [order.value, order.value, ""]
    assert json.loads(command.output("worker", order.value, "a", "--json")) == [
        {"name": "a", "order": order.value, "told": True}
    ]


@pytest.mark.parametrize("words", [("--all",), ("web-*", "db-1")], ids=" ".join)
@pytest.mark.parametrize("order", list(WorkerOrder))
def test_many_are_told_only_with_yes(
    command: CommandLine, introduce: Callable[..., str], order: WorkerOrder, words: tuple[str, ...]
) -> None:
    names = ("db-1", "web-1", "web-2")
    for name in names:
        introduce(name)

    looked = command.output("workers", order.value, *words, "--dry-run")
    refused = command.run("workers", order.value, *words)

    assert looked.startswith(f"3 workers to {order.value}: ")
    assert (refused.exit_code, refused.stdout) == (1, looked)
    assert "repeat the command with --yes" in refused.stderr
    assert [introduce(name) for name in names] == ["", "", ""]

    told = command.record("workers", order.value, *words, "--yes")
    assert {(one["name"], one["told"]) for one in told} == {(name, True) for name in names}
    assert [introduce(name).rpartition(" ")[2] for name in names] == [order.value] * 3


def test_a_dry_run_tells_none_that_is_named(command: CommandLine, introduce: Callable[..., str]) -> None:
    introduce("a")

    assert command.output("workers", "stop", "a", "--dry-run") == "1 worker to stop: a\n"
    assert command.record("workers", "stop", "a", "--dry-run") == [{"name": "a", "order": "stop", "told": False}]
    assert introduce("a") == ""


def test_no_worker_for_a_pattern_is_said(command: CommandLine, introduce: Callable[..., str]) -> None:
    introduce("a")

    assert command.output("workers", "stop", "b*", "--yes").startswith("No such worker lives.")
    assert command.output("workers", "stop", "b*").startswith("No such worker lives.")
    assert command.record("workers", "stop", "b*") == []


@pytest.mark.parametrize(("words", "said"), [((), "give names, a pattern"), (("a", "--all"), "not both")])
def test_names_or_all_are_needed(command: CommandLine, words: tuple[str, ...], said: str) -> None:
    refused = command.run("workers", "stop", *words)

    assert refused.exit_code == 2
    assert said in refused.stderr


def test_one_that_ends_meanwhile_is_said_beside_those_that_are_told(
    command: CommandLine, introduce: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        introduce(name)
    order = Roster.order
    monkeypatch.setattr(
        Roster,
        "order",
        lambda *given: order(given[0], f"no-{given[1]}", *given[2:]) if given[1] == "a" else order(*given),
    )

    result = command.run("workers", "stop", "a", "b")

    assert result.exit_code == 1
    assert result.stdout == "a: has ended meanwhile\nb: begins to stop within five seconds\n"


@pytest.mark.parametrize("words", [("show", "x"), ("quiet", "a", "x"), ("stop", "x")])
def test_nobody_is_told_if_one_is_unknown(
    command: CommandLine, introduce: Callable[..., str], words: tuple[str, ...]
) -> None:
    introduce("a")

    result = command.run("workers", *words)

    assert result.exit_code == 1
    assert result.stderr == "Error: no worker 'x' lives; list them: redisched workers ls\n"
    assert introduce("a") == ""


def test_without_workers_ls_says_how_to_start_one(command: CommandLine) -> None:
    assert "redisched worker MODULE:APP" in command.output("workers", "ls")
    assert command.record("workers", "ls") == []


def test_one_that_is_gone_is_not_listed(servers: Servers, broker: Broker, introduce: Callable[..., str]) -> None:
    introduce("a", live_ms=1)
    command = CommandLine(servers.url(BrokerKind.VALKEY))
    introduce("b")

    while len(command.rows("workers", "ls")) > 1:
        pass
    assert [row[0] for row in command.rows("workers", "ls")] == ["b"]
