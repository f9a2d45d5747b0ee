"""`redisched schedule pause | resume | run | rm` acts on schedules by their names."""

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from redisched import Scheduler, TaskRef
from redisched.client.schedule_calls import ScheduleCalls
from redisched.config import Settings
from redisched.errors import BrokerUnavailable
from redisched.keys import keys_of
from redisched.placement import slot_id
from redisched.schedules.declaration import digest_of
from redisched.schedules.declaring import declare
from redisched.store.broker import Broker
from redisched.store.operation import run as run_operation
from redisched.store.schedule_store import ScheduleStore
from redisched.store.schedule_values import ALIVE_MS, Declarer
from redisched.store.store import Store
from tests.brokers import SINGLE, BrokerKind, Servers
from tests.cli.commands import CommandLine


@pytest.fixture(params=SINGLE)
def kind(request: pytest.FixtureRequest) -> BrokerKind:
    kind: BrokerKind = request.param
    return kind


@pytest.fixture
def private_broker(servers: Servers, kind: BrokerKind) -> Iterator[Broker]:
    broker = servers.broker(kind)
    yield broker
    broker.close()


@pytest.fixture
def url(servers: Servers, kind: BrokerKind, private_broker: Broker) -> str:
    return servers.url(kind)


@pytest.fixture
def app(private_broker: Broker) -> Scheduler:
    return Scheduler(broker=private_broker, settings=Settings(application="shop"))


def declare_by_code(app: Scheduler) -> None:
    """Declare what a worker of the application declares that lives now."""
    wanted = app.registry.schedules.of_queue("mail")
    runner, client = app.broker.script_runner, app.broker.client()
    announce = ScheduleStore(runner, "mail").announce("shop", digest_of(wanted.values()), ALIVE_MS)
    declarer = Declarer("shop", run_operation(announce, client).epoch)
    run_operation(declare(runner, "mail", wanted, declarer), client)


def test_schedules_are_paused_and_resumed(command: CommandLine) -> None:
    command.output("schedule", "add", "a", "report", "--every", "1h")
    command.output("schedule", "add", "b", "report", "--every", "1h")

    assert command.output("schedule", "pause", "a", "b") == "a: paused\nb: paused\n"
    assert command.output("schedule", "pause", "a") == "a: already paused\n"
    assert [(row[0], row[2], row[4]) for row in command.rows("schedule", "ls")] == [
        ("a", "paused", "-"),
        ("b", "paused", "-"),
    ]
    assert "When it is resumed, its slots are:" in command.output("schedule", "show", "a")
    assert "state  paused" in command.output("schedule", "next", "a")
    assert command.output("schedule", "resume", "a") == "a: resumed\n"
    assert command.output("schedule", "resume", "a") == "a: not paused\n"
    assert [row[2] for row in command.rows("schedule", "ls")] == ["active", "paused"]


def test_a_schedule_is_run_now_and_its_task_says_where_it_comes_from(command: CommandLine) -> None:
    command.output("schedule", "add", "hourly", "report", "7", "--every", "1h", "--queue", "mail")
    command.output("queue", "pause", "mail")

    result = command.run("schedule", "run", "hourly")

    task_id = result.stdout.strip()
    record = command.record("task", "show", task_id)
    assert result.exit_code == 0
    assert "queue mail is paused; resume it" in result.stderr
    assert (record["name"], record["args"], record["schedule"]) == ("report", [7], "hourly")
    assert task_id.startswith(slot_id("hourly", record["slot_ms"]) + "~")
    assert abs(record["now_ms"] - record["slot_ms"]) < 60_000
    moment = datetime.fromtimestamp(record["slot_ms"] / 1_000, UTC).isoformat(sep=" ", timespec="milliseconds")
    assert f"hourly, for {moment}\n" in command.output("task", "show", task_id)


def test_a_task_of_no_schedule_says_nothing_of_one(command: CommandLine) -> None:
    for task_id in ("one", "a@2030-13-31T03:00:00Z"):
        command.output("enqueue", "add", "--id", task_id)

        record = command.record("task", "show", task_id)
        assert (record["schedule"], record["slot_ms"]) == (None, None)
        assert "schedule " not in command.output("task", "show", task_id)


def test_schedules_are_removed(command: CommandLine) -> None:
    command.output("schedule", "add", "a", "report", "--every", "1h")
    command.output("schedule", "add", "b", "report", "--every", "1h")

    assert command.output("schedule", "rm", "a", "b", "--dry-run") == "a: active\nb: active\n"
    assert len(command.rows("schedule", "ls")) == 2
    assert command.record("schedule", "rm", "a") == [{"name": "a", "queue": "default", "outcome": "removed"}]
    assert [row[0] for row in command.rows("schedule", "ls")] == ["b"]


@pytest.mark.parametrize("words", [("--all",), ("re*", "hourly")], ids=" ".join)
@pytest.mark.parametrize(
    ("verb", "outcome"), [("pause", "paused"), ("resume", "resumed"), ("run", "enqueued"), ("rm", "removed")]
)
def test_many_are_acted_on_only_with_yes(command: CommandLine, verb: str, outcome: str, words: tuple[str, ...]) -> None:
    for name, queue in (("hourly", "mail"), ("report", "mail"), ("report", "default")):
        command.output("schedule", "add", name, "report", "--every", "1h", "--queue", queue)
    if verb == "resume":
        command.output("schedule", "pause", "--all", "--yes")
    before = command.rows("schedule", "ls")

    looked = command.output("schedule", verb, *words, "--dry-run")
    refused = command.run("schedule", verb, *words)

    assert sorted(looked.splitlines()) == sorted(f"{row[0]}: {row[2]}" for row in before)
    assert (refused.exit_code, refused.stdout) == (1, looked)
    assert "repeat the command with --yes" in refused.stderr
    assert [row[:3] for row in command.rows("schedule", "ls")] == [row[:3] for row in before]
    assert command.record("task", "ls", "state:ready") == []

    done = command.record("schedule", verb, *words, "--yes")
    assert {(one["name"], one["queue"], one["outcome"]) for one in done} == {
        ("hourly", "mail", outcome),
        ("report", "mail", outcome),
        ("report", "default", outcome),
    }


@pytest.mark.parametrize("verb", ["pause", "resume", "run", "rm"])
def test_a_dry_run_of_named_ones_changes_nothing(command: CommandLine, verb: str) -> None:
    command.output("schedule", "add", "a", "report", "--every", "1h")

    looked = command.run("schedule", verb, "a", "nosuch", "--dry-run")

    assert (looked.exit_code, looked.stdout) == (1, "a: active\n")
    assert "schedule 'nosuch' is unknown" in looked.stderr
    assert [row[2] for row in command.rows("schedule", "ls")] == ["active"]
    assert command.record("task", "ls", "state:ready") == []
    assert command.output("schedule", verb, "b*").startswith("There is no such schedule.")


def test_what_was_done_before_an_error_is_printed(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        command.output("schedule", "add", name, "report", "--every", "1h")
    run_schedule = ScheduleCalls.run

    def run_first(calls: ScheduleCalls, name: str, **place: str) -> TaskRef[object]:
        if name == "b":
            raise BrokerUnavailable("gone", 1.0)
        return run_schedule(calls, name, **place)

    monkeypatch.setattr(ScheduleCalls, "run", run_first)

    result = command.run("schedule", "run", "a", "b")

    assert result.exit_code == 1
    assert result.stdout.startswith("a@")
    assert "Redis is unavailable" in result.stderr


def test_one_that_running_code_declares_is_not_removed(command: CommandLine, app: Scheduler) -> None:
    app.every("1h", name="hourly", queue="mail")(app.task(name="report")(lambda: None))
    command.output("schedule", "add", "other", "report", "--every", "1h", "--queue", "mail")
    declare_by_code(app)

    refused = command.run("schedule", "rm", "hourly", "other")

    assert refused.exit_code == 1
    assert refused.stdout == "other: removed\n"
    assert "schedule 'hourly' is declared by the code of shop, whose workers run; pause it" in refused.stderr
    assert [row[0] for row in command.rows("schedule", "ls")] == ["hourly"]
    assert command.record("schedule", "show", "hourly")["application"] == "shop"


def test_one_that_cannot_be_read_is_removed_and_blocks_its_queue_no_more(
    command: CommandLine, private_broker: Broker
) -> None:
    for name in "ab":
        command.output("schedule", "add", name, "report", "--every", "1s", "--queue", "mail")
    keys = keys_of("mail")
    private_broker.client().perform(("HSET", keys.schedules, "a", b"\xc1"))

    assert command.output("schedule", "rm", "a", "b", "--dry-run") == "a: active\nb: active\n"
    assert command.run("queue", "rm", "mail", "--yes").exit_code == 1
    assert command.output("schedule", "rm", "a", "b") == "a: removed\nb: removed\n"

    for key in (keys.schedules, keys.fired, keys.firing, keys.waiting):
        assert private_broker.client().perform(("EXISTS", key)) == 0
    command.output("queue", "rm", "mail", "--yes")


def test_an_unknown_schedule_is_an_error_and_the_others_are_acted_on(command: CommandLine) -> None:
    command.output("schedule", "add", "a", "report", "--every", "1h")

    for verb in ("pause", "resume", "run", "rm"):
        result = command.run("schedule", verb, "nosuch", "a")
        assert result.exit_code == 1
        assert "Error: schedule 'nosuch' is unknown; see all: redisched schedule ls\n" in result.stderr
        assert result.stdout.startswith("a")
    for verb in ("show", "next"):
        result = command.run("schedule", verb, "nosuch")
        assert (result.exit_code, result.stderr) == (1, "Error: there is no schedule named 'nosuch'\n")
    assert "there is no queue 'nosuch'" in command.run("schedule", "ls", "--queue", "nosuch").stderr


def test_of_two_schedules_of_one_name_the_queue_says_which(command: CommandLine) -> None:
    for queue in ("mail", "images"):
        command.output("schedule", "add", "a", "report", "--every", "1h", "--queue", queue)

    for verb in ("show", "next", "pause", "resume", "run", "rm"):
        result = command.run("schedule", verb, "a")
        assert result.exit_code == 2
        assert "one of images, mail, which all have a schedule 'a'" in result.stderr
    command.output("schedule", "rm", "a", "--queue", "images")
    assert [row[1] for row in command.rows("schedule", "ls", "--queue", "mail")] == ["mail"]
    assert command.record("schedule", "ls", "--queue", "images") == []


def test_after_a_lost_answer_it_is_told_which_task_may_be_there(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.output("schedule", "add", "hourly", "report", "--every", "1h")

    def lose(*_: object) -> None:
        raise BrokerUnavailable("gone", 1.0)

    monkeypatch.setattr(Store, "enqueue", lose)

    lost = command.run("schedule", "run", "hourly")

    assert lost.exit_code == 1
    assert "safely be repeated" not in lost.stderr
    found = re.search(
        r"task '(\S+)' may have been enqueued; see whether it is there: redisched task show (.+)", lost.stderr
    )
    assert found is not None
    assert shlex.split(found[2]) == [found[1]]
