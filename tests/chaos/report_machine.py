"""The machine of a queue, with handlers that tell how far they have come."""

from collections.abc import Sequence
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import rule

from redisched.progress import MOST_LINES
from redisched.store.broker import Broker
from redisched.store.report import Report
from redisched.store.values import Bury, Release, Status
from tests.chaos.machine import QueueMachine, TokenKind, shown
from tests.chaos.model import Model
from tests.chaos.model_task import Place
from tests.chaos.mutant import Mutant
from tests.lua.situation import Situation

REPORT_MUTANTS = {
    "a worker that lost the task reports": Mutant(
        "report", "if holds(redis.call('HGET', HELD, id), token) then", "if redis.call('HGET', HELD, id) then"
    ),
    "a repeated call adds its lines again": Mutant(
        "report", "lines = lines_after(new.lines, received - new.number)", "lines = lines_after(new.lines, 0)"
    ),
    "an older progress takes the place of a newer one": Mutant("report", " and new.version >= version then", " then"),
    "lines of another lease are taken for a repetition": Mutant("report", "    received, version = 0, 0\n", "\n"),
    "a progress is lost when only lines are told": Mutant(
        "report", "if new.progress ~= '' and new.version >= version then", "if new.version >= version then"
    ),
    "a log grows for ever": Mutant("report", "while count - left_out > MOST_LINES or", "while false or"),
    "lines that never arrived are not counted": Mutant("report", "dropped + kept + missing, 0, ''", "dropped, 0, ''"),
    "a report is left when its outcome is forgotten": Mutant("forget", "  forget_reports(ended)\n", "\n"),
    "a report is left when a dead task is forgotten": Mutant("forget", "forget_reports(dead)\n", "\n"),
}


class KeptReport:
    """What Redis has of the reports of one task."""

    def __init__(self) -> None:
        self.token = self.received = self.version = self.dropped = 0
        self.lines: list[bytes] = []
        self.progress = b""

    def add(self, report: Report) -> None:
        if report.token != self.token:
            self.token, self.received, self.version = report.token, 0, 0
        lines = report.lines.splitlines(keepends=True)[max(0, self.received - report.number) :]
        if lines:
            missing = max(0, report.number - self.received)
            if missing:
                self.dropped += missing + len(self.lines)
                self.lines = []
            self.received = max(self.received, report.number) + len(lines)
            self.lines += lines
            surplus = max(0, len(self.lines) - MOST_LINES)
            self.dropped += surplus
            self.lines = self.lines[surplus:]
        if report.progress and report.version >= self.version:
            self.version, self.progress = report.version, report.progress

    def stored(self) -> str:
        numbers = (self.token, self.received, self.version, self.dropped, len(self.lines), len(self.progress))
        return f"{' '.join(map(str, numbers))} {self.progress.decode()}{b''.join(self.lines).decode()}"


class ReportModel(Model):
    """The model of a queue, and what its handlers have told."""

    def __init__(self, now_us: int) -> None:
        super().__init__(now_us)
        self.reports: dict[str, KeptReport] = {}

    def report(self, reports: Sequence[Report]) -> list[Status]:
        return [self._report(report) for report in reports]

    def _report(self, report: Report) -> Status:
        task = self.tasks.get(report.id)
        if task is None or task.place is not Place.LEASED or task.token != report.token:
            return Status.LOST
        self.reports.setdefault(report.id, KeptReport()).add(report)
        return Status.REPORTED

    def situation(self) -> Situation:
        """What Redis must hold. A report goes when its task is forgotten."""
        self.reports = {id: kept for id, kept in self.reports.items() if id in self.tasks}
        found = super().situation()
        if self.reports:
            found["reports"] = {id: kept.stored() for id, kept in self.reports.items()}
        return found


class ReportMachine(QueueMachine):
    """Every rule is one call of one edge."""

    broker: ClassVar[Broker]

    def __init__(self) -> None:
        super().__init__()
        self.model: ReportModel = ReportModel(self.time.now_us)

    @rule(
        shown=shown,
        number=st.sampled_from([0, 0, 1, 2, 150]),
        count=st.sampled_from([0, 1, 2, 150]),
        version=st.integers(0, 3),
        progress=st.sampled_from([b"", b"half", b"3/4"]),
    )
    def report(
        self, shown: list[tuple[int, TokenKind]], number: int, count: int, version: int, progress: bytes
    ) -> None:
        lines = b"".join(b"1 5 line %d\n" % line for line in range(number, number + count))
        self.call("report", [Report(id, token, number, version, progress, lines) for id, token in self.settled(shown)])

    @rule(shown=shown)
    def report_much(self, shown: list[tuple[int, TokenKind]]) -> None:
        """More than a log may have, and a progress that only the first report has."""
        self.report(shown, 0, 150, 1, b"half")
        self.report(shown, 150, 150, 1, b"")

    @rule(shown=shown)
    def report_and_give_back(self, shown: list[tuple[int, TokenKind]]) -> None:
        """As a worker does that stops. Without this rule, few tasks would have reports of two leases."""
        self.report(shown, 0, 2, 2, b"half")
        self.report(shown, 0, 2, 1, b"1/4")
        self.call("release", [Release(id, token, 0, 1) for id, token in self.settled(shown)])

    @rule(shown=shown)
    def report_and_bury(self, shown: list[tuple[int, TokenKind]]) -> None:
        """As a worker does after the last attempt. Without this rule, few dead tasks would have a report."""
        self.report(shown, 0, 1, 1, b"half")
        self.call("bury", [Bury(id, token, b"boom") for id, token in self.settled(shown)])


def report_machine_on(broker: Broker) -> type[ReportMachine]:
    """The machine of one broker."""

    class ReportMachineOnBroker(ReportMachine):
        pass

    ReportMachineOnBroker.broker = broker
    return ReportMachineOnBroker
