"""The findings of the doctor about a server."""

import time
from collections.abc import Callable

from redisched.doctor.examination import examine
from redisched.doctor.finding import Finding, Level
from redisched.store.broker import Broker, connect
from redisched.store.operation import ScriptRunner, run

TIMEOUT_S = 5.0


class Visit:
    """All findings, by check."""

    def __init__(self, broker: Broker, now: Callable[[], float] = time.time) -> None:
        self.findings = run(examine(ScriptRunner(), now), broker.client())

    def levels(self, check: str) -> list[Level]:
        """The levels of the findings of a check."""
        return [finding.level for finding in self.findings if finding.check == check]

    def sentence(self, check: str) -> str:
        """The sentence of a check with exactly one finding."""
        (finding,) = [finding for finding in self.findings if finding.check == check]
        return finding.sentence

    @property
    def dangers(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level is Level.DANGER]


def visit(url: str) -> Visit:
    """Examine the server of a URL."""
    broker = connect(url, TIMEOUT_S)
    try:
        return Visit(broker)
    finally:
        broker.close()
