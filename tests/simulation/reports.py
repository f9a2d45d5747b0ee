"""Checks what handlers tell of their progress: only a holder reports, and no line is stored twice."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from redisched.progress import decode_lines
from tests.simulation.calls import check, rows_of
from tests.simulation.server import Call
from tests.simulation.shadow import Shadow

WIDTH = 6
"""The number of values of a task that is reported about."""
_HEAD = re.compile(rb"(?:\d+ ){5}(\d+) ")


class Reports:
    """The referee's part for reports. `held` finds a task that is leased under a token."""

    def __init__(self, held: Callable[[bytes, bytes], Shadow | None]) -> None:
        self._held = held
        self.checks: dict[str, Callable[[Call], None]] = {"report": self._report}

    def _report(self, call: Call) -> None:
        for (id, token, *_), status in rows_of(call.arguments, WIDTH, call.reply):
            expected = b"LOST" if self._held(id, token) is None else b"REPORTED"
            check(status == expected, "G27: only the holder reports", call, id, expected)


def line(fence: int, number: int) -> str:
    """What the handler of an attempt logs."""
    return f"{fence} line {number}"


def stored_lines(report: bytes) -> list[str]:
    """The lines of a stored report."""
    head = _HEAD.match(report)
    assert head is not None, report
    return [stored.text for stored in decode_lines(report[head.end() + int(head[1]) :], 1)]


def twice_told(data: Mapping[bytes, Any]) -> list[bytes]:
    """The tasks in whose logs a line stands twice, in the data of a server."""
    reports = [of_shard for key, of_shard in data.items() if key.endswith(b":reports")]
    told = {id: stored_lines(report) for of_shard in reports for id, report in of_shard.items()}
    return [id for id, lines in told.items() if len(set(lines)) < len(lines)]
