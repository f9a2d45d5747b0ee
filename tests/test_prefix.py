"""Every key begins with the prefix of the settings; applications with different prefixes see nothing of each other."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from redisched import Scheduler
from redisched.chaos import Server
from redisched.config import PREFIX_VARIABLE, Settings, prefix_from
from redisched.doctor.topology import examine_all
from redisched.embedded import Transport
from redisched.errors import InvalidOption
from redisched.store.broker import connect
from tests.brokers import REAL, BrokerKind, Servers, keys_like
from tests.cli.commands import run, run_process
from tests.engine.running import work_off

pytestmark = [pytest.mark.differs_by_server, pytest.mark.differs_by_routing]

APP = """\
import os

from redisched import Scheduler
from redisched.config import Settings

app = Scheduler(settings=Settings({settings}))


@app.task(max_attempts=3)
def add(a: int, b: int) -> int:
    return a + b


@app.task(max_attempts=1)
def die() -> None:
    raise ValueError("it fails")


@app.task
def kill() -> None:
    os._exit(9)
"""


@pytest.mark.parametrize("prefix", ["app", "app:", "app:jobs", "A.b_c-9", 64 * "a", "1"])
def test_a_final_colon_of_a_prefix_is_removed(prefix: str) -> None:
    assert Settings(prefix=prefix).prefix == prefix.removesuffix(":")


BAD: list[Any] = [
    "",
    ":",
    "::",
    ":app",
    "a b",
    "a{b",
    "a}b",
    "a*",
    "a?",
    "a[b",
    "a\\",
    "a\n",
    "\N{SUPERSCRIPT ONE}",
    65 * "a",
]


@pytest.mark.parametrize("prefix", [*BAD, 5, b"app", True])
def test_an_invalid_prefix_is_refused(prefix: Any) -> None:
    with pytest.raises(InvalidOption, match="letters, digits"):
        Settings(prefix=prefix)


def test_the_environment_can_name_the_prefix() -> None:
    assert prefix_from({}) is None
    assert prefix_from({PREFIX_VARIABLE: "app:"}) == "app"
    with pytest.raises(InvalidOption, match=PREFIX_VARIABLE):
        prefix_from({PREFIX_VARIABLE: ""})


def application(url: str, prefix: str | None) -> tuple[Scheduler, Any, Any]:
    """A Scheduler with a handler that succeeds and one that fails."""
    app = Scheduler(url, settings=Settings(prefix=prefix))

    @app.task(name="add", retention=60)
    def add(a: int, b: int) -> int:
        return a + b

    @app.task(name="die", max_attempts=1)
    def die() -> None:
        raise ValueError("it fails")

    return app, add, die


def exercise(url: str, prefix: str | None) -> None:
    """Leave tasks of one application in every state, in one queue and in one of several shards."""
    app, add, die = application(url, prefix)
    sums = [add.enqueue(1, 2), *app.enqueue_many([add.request(3, 4)])]
    died = die.enqueue()
    app.grow("spread", 3)
    spread = [add.options(queue="spread", id=f"id-{number}").enqueue(number, 1) for number in range(6)]
    cancelled = add.options(delay=60).enqueue(5, 6)
    cancelled.cancel()
    scheduled = add.options(delay=60).enqueue(7, 8)
    work_off(app, queues=("default", "spread"))
    assert [ref.result(0) for ref in (*sums, *spread)] == [3, 7, 1, 2, 3, 4, 5, 6]
    assert (died.status(), cancelled.status(), scheduled.status()) == ("dead", "cancelled", "scheduled")
    app.close()


@pytest.mark.parametrize("kind", REAL)
def test_every_key_begins_with_the_prefix(servers: Servers, kind: BrokerKind) -> None:
    broker = servers.broker(kind)

    exercise(servers.url(kind), "app:jobs")

    keys = keys_like(broker, "*")
    assert keys
    assert [key for key in keys if not key.startswith(b"app:jobs:")] == []
    broker.close()


@pytest.fixture
def url(servers: Servers) -> str:
    servers.broker(BrokerKind.VALKEY).close()
    return servers.url(BrokerKind.VALKEY)


def test_applications_with_different_prefixes_see_nothing_of_each_other(url: str) -> None:
    one, add, _ = application(url, "one")
    other, _, _ = application(url, "other")
    third, _, _ = application(url, None)
    ref = add.options(id="same").enqueue(1, 2)

    for app in (other, third):
        assert app.ref("same").status() == "unknown"
        work_off(app)
    assert ref.status() == "ready"
    other.enqueue("add", 3, 4, id="same")
    work_off(other)
    work_off(one)
    assert (ref.result(0), other.ref("same").result(0)) == (3, 7)


def test_commands_use_only_the_keys_of_one_prefix(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("enqueue", "--id", "one", "--url", url, "--prefix", "one", "add", "1", "2").exit_code == 0

    listed = run("queue", "ls", "--json", "--url", url, "--prefix", "one:")
    assert [queue["ready"] for queue in json.loads(listed.stdout)] == [1]
    assert json.loads(run("task", "ls", "--json", "--url", url, "--prefix", "one").stdout)[0]["id"] == "one"
    assert json.loads(run("task", "ls", "--json", "--url", url).stdout) == []
    monkeypatch.setenv(PREFIX_VARIABLE, "one")
    assert json.loads(run("task", "ls", "--json", "--url", url).stdout)[0]["id"] == "one"
    assert json.loads(run("task", "ls", "--json", "--url", url, "--prefix", "other").stdout) == []


def test_an_invalid_prefix_is_bad_usage(url: str) -> None:
    refused = run("queue", "ls", "--url", url, "--prefix", "a{b}")

    assert refused.exit_code == 2
    assert refused.stderr.startswith("Error: --prefix='a{b}': ")
    assert len(refused.stderr.splitlines()) == 1


WAYS: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "as an option": ("", ("--prefix", "mine"), {}),
    "in the environment": ("", (), {PREFIX_VARIABLE: "mine"}),
    "in the settings": ("prefix='mine'", (), {PREFIX_VARIABLE: "another"}),
    "twice": ("prefix='mine'", ("--prefix", "mine:"), {}),
}
RARE_WAYS = ("in the settings", "twice")
"""Tried by the night only."""


@pytest.mark.parametrize(
    ("settings", "options", "environment"),
    [pytest.param(*way, id=name, marks=[pytest.mark.nightly] * (name in RARE_WAYS)) for name, way in WAYS.items()],
)
def test_a_fleet_serves_its_prefix_and_takes_tasks_of_dead_processes_back_there(
    url: str, tmp_path: Path, settings: str, options: tuple[str, ...], environment: dict[str, str]
) -> None:
    (tmp_path / "shop.py").write_text(APP.format(settings=settings))
    producer = Scheduler(url, settings=Settings(prefix="mine"))
    added = producer.enqueue("shop.add", 1, 2)
    killing = producer.enqueue("shop.kill")

    finished = run_process("worker", "shop:app", "--burst", *options, cwd=tmp_path, REDISCHED_URL=url, **environment)

    assert finished.returncode == 0, finished.stderr
    assert added.result(0) == 3
    assert killing.status() == "dead", "three processes died under the task, and each time it was taken back at once"
    broker = connect(url, 5.0)
    assert [key for key in keys_like(broker, "*") if not key.startswith(b"mine:")] == []
    broker.close()


def test_an_application_that_names_another_prefix_is_refused(url: str, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APP.format(settings="prefix='mine'"))

    finished = run_process("worker", "shop:app", "--burst", "--prefix", "other", cwd=tmp_path, REDISCHED_URL=url)

    assert finished.returncode == 2
    assert "it names another prefix itself; leave --prefix out" in finished.stderr


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    """A server whose user may only use keys of one prefix."""
    with Server(transport=Transport.LOOPBACK) as server:
        client = connect(server.url, 5.0).client()
        rules = ("+@all", "-@dangerous", "-@admin", "+info", "+config|get", "~app:*")
        client.perform(("ACL", "SETUSER", "app", "on", ">secret", "resetkeys", *rules))
        client.close()
        yield server


def test_rights_for_the_keys_of_the_prefix_are_enough(guarded: Server) -> None:
    url = "redis://app:secret@{}:{}".format(*guarded.address)

    exercise(url, "app")


def test_the_doctor_names_the_prefix(guarded: Server) -> None:
    broker = connect(guarded.url, 5.0, "app")
    broker.client().perform(("ACL", "SETUSER", "default", "resetkeys", "~other:*"))
    try:
        now: Callable[[], float] = time.time
        sentences = [finding.sentence for finding in examine_all(broker, now) if finding.check == "rights"]
    finally:
        broker.client().perform(("ACL", "SETUSER", "default", "~*"))
        broker.close()

    assert "ACL SETUSER default ~app:* " in sentences[0]
