"""What the doctor says of a server."""

import time
from collections.abc import Callable

from redisched.doctor.examination import examine
from redisched.doctor.finding import Finding, Level
from redisched.store.broker import Broker, connect
from redisched.store.operation import ScriptRunner, run

TIMEOUT_S = 5.0


class Visit:
    """All findings, by what was looked at."""

    def __init__(self, broker: Broker, now: Callable[[], float] = time.time) -> None:
        self.findings = run(examine(ScriptRunner(), now), broker.client())

    def levels(self, check: str) -> list[Level]:
        """How bad each finding about something is."""
        return [finding.level for finding in self.findings if finding.check == check]

    def sentence(self, check: str) -> str:
        """What it says about something of which it says one thing."""
        (finding,) = [finding for finding in self.findings if finding.check == check]
        return finding.sentence

    @property
    def dangers(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level is Level.DANGER]


def visit(url: str) -> Visit:
    """Ask for a server by its URL."""
    broker = connect(url, TIMEOUT_S)
    try:
        return Visit(broker)
    finally:
        broker.close()
