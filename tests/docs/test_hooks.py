"""The guides to middleware and events are true: their programs do what they say, and what they name exists."""

import dataclasses
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from redisched import AttemptFailure, Scheduler
from redisched.client.around_enqueue import OutgoingTask
from redisched.context import TaskContext
from redisched.engine import event_teller
from redisched.events import PARAMETERS
from tests.brokers import BrokerKind, Servers
from tests.docs.guide import Guide
from tests.engine.running import work_off

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
GUIDE = Guide("hooks")


@pytest.fixture
def url(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the programs use an empty server."""
    servers.broker(BrokerKind.VALKEY).close()
    monkeypatch.setenv("REDISCHED_URL", servers.url(BrokerKind.VALKEY))


def run(name: str, folder: Path) -> dict[str, Any]:
    """Run the program of a guide; answers its variables."""
    (program,) = re.findall(r"```python\n(.*?)```", (GUIDES / f"{name}.md").read_text(encoding="utf-8"), re.DOTALL)
    file = folder / "shop.py"
    file.write_text(program)
    return runpy.run_path(str(file), run_name="shop")


@pytest.mark.measured
def test_the_program_prints_what_the_guide_says(tmp_path: Path) -> None:
    assert GUIDE.run_beside_a_worker(tmp_path) == GUIDE.printed


class Collected(Transport):
    """Keeps what would be sent to Sentry."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Any] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        """Keep the event of an envelope."""
        self.events.append(envelope.get_event())


@pytest.mark.usefixtures("url")
def test_a_failed_attempt_is_in_sentry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENTRY_DSN", raising=False)
    program = run("sentry", tmp_path)
    app: Scheduler = program["app"]
    sent = Collected()
    sentry_sdk.init(dsn="http://key@localhost/1", transport=sent, default_integrations=False)

    try:
        ref = program["charge"].enqueue(42)
        work_off(app)
    finally:
        sentry_sdk.init()
        app.close()

    (event,) = sent.events
    assert (event["transaction"], event["tags"]["queue"]) == ("shop.charge", "default")
    assert event["contexts"]["task"] == {"id": ref.id, "attempt": 1, "arguments": {"order_id": 42}}
    assert event["exception"]["values"][-1]["value"] == "the bank does not answer"


def test_the_guide_names_every_event_with_its_parameters() -> None:
    rows = dict(re.findall(r"^\| `@app\.(\w+)` \| (.*?) \|", GUIDE.text, re.MULTILINE))
    assert {event: tuple(re.findall(r"`(\w+)`", told)) for event, told in rows.items()} == PARAMETERS


def test_what_the_guide_names_exists() -> None:
    assert all(hasattr(TaskContext, name) for name in re.findall(r"`ctx\.(\w+)`", GUIDE.text) if name != "tasks")
    failed = {field.name for field in dataclasses.fields(AttemptFailure)}
    assert set(re.findall(r"`failure\.(\w+)`", GUIDE.text)) < failed
    assert {"queue", "priority", "headers"} < {field.name for field in dataclasses.fields(OutgoingTask)}
    assert f"when {event_teller.MOST:,} wait" in GUIDE.text
    assert f"waits {event_teller.STOP_S:g} s for them" in GUIDE.text
