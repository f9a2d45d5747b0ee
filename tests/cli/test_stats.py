"""`redisched stats` prints what workers did lately, by queue and handler."""

import time

import pytest

from redisched.activity import Activity
from redisched.keys import PREFIX
from redisched.store.broker import Broker
from redisched.store.tallies import Span
from tests.brokers import BrokerKind, Servers
from tests.cli.commands import CommandLine

DONE = "0=90 1=10 2=5 9=2 16=1000 17=2000 36=100 40=5 74=100 78=5"
"""90 succeeded, 10 failed, 5 dead, 2 leases expired. They waited 8 to 16 ms, 5 of them 128 to 256, and ran 0.5 to 1 s,
5 of them 8 to 16 s.
"""


@pytest.fixture
def broker(servers: Servers) -> Broker:
    return servers.broker(BrokerKind.VALKEY)


@pytest.fixture
def command(broker: Broker, servers: Servers) -> CommandLine:
    return CommandLine(servers.url(BrokerKind.VALKEY))


def did(broker: Broker, ago_ms: int, **rows: str) -> None:
    """What is counted if something was done some time ago. A row is named queue__handler."""
    perform = broker.client().perform
    for span in Span:
        key = span.key(span.number_at(time.time() * 1e3 - ago_ms), PREFIX)
        for name, numbers in rows.items():
            row, activity = name.replace("__", "/"), Activity.decode(numbers.encode())
            activity.add(Activity.decode(perform(("HGET", key, row)) or b""))
            perform(("HSET", key, row, activity.encode()))


def test_each_handler_has_a_line_and_all_have_one(command: CommandLine, broker: Broker) -> None:
    did(broker, 60_000, mail__send=DONE, billing__charge="2=1")

    charge, send, whole = command.rows("stats")

    assert charge == ["billing", "charge", "1", charge[3], "0", "1", "0", "-", "-", "-", "-"]
    assert send[:3] + send[4:] == ["mail", "send", "95", "10", "5", "2", "12 ms", "16 ms", "781 ms", "1.0 s"]
    assert 1.5 <= float(send[3]) <= 1.6
    assert whole[:3] == ["all", "-", "96"]


def test_what_is_about_no_handler_is_called_other(command: CommandLine, broker: Broker) -> None:
    did(broker, 60_000, mail__="9=3")
    assert command.rows("stats")[0][:2] == ["mail", "other"]


def test_only_the_time_and_the_queue_that_were_asked_for(command: CommandLine, broker: Broker) -> None:
    did(broker, 20 * 60_000, mail__send="0=5")
    did(broker, 1_000, mail__send="0=7", billing__charge="0=1")

    assert [row[:3] for row in command.rows("stats", "--since", "10m", "--queue", "mail")] == [["mail", "send", "7"]]
    assert [row[2] for row in command.rows("stats", "--since", "1h", "--queue", "mail")] == ["12"]
    assert [row[2] for row in command.rows("stats", "--since", "7d", "--queue", "mail")] == ["12"]


def test_json_has_rows_and_a_series(command: CommandLine, broker: Broker) -> None:
    did(broker, 20 * 60_000, mail__send="0=5")
    did(broker, 0, mail__send=DONE)

    found = command.record("stats", "--since", "2h")
    assert (found["step_ms"], [step["ended"] for step in found["series"]]) == (60_000, [5, 95])
    (row,) = found["rows"]
    assert row.items() >= {"queue": "mail", "handler": "send", "succeeded": 95, "failed": 10, "dead": 5}.items()
    assert row.items() >= {"lease_expired": 2, "wait_p50_ms": 12.2, "run_p95_ms": 1022.7}.items()
    assert found["series"][-1]["begin_ms"] % 60_000 == 0
    assert command.record("stats", "--since", "1d")["step_ms"] == Span.HOUR.ms


def test_nothing_done_is_said(command: CommandLine) -> None:
    assert command.output("stats") == "No worker did anything in this time.\n"
    assert command.record("stats")["rows"] == []


@pytest.mark.parametrize("since", ["0", "31d", "soon", "500ms"])
def test_a_time_that_is_not_counted_is_refused(command: CommandLine, since: str) -> None:
    result = command.run("stats", "--since", since)
    assert result.exit_code == 2
    assert "since" in result.stderr
