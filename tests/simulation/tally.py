"""Counts the worlds and steps of a test run, so that it says what its silence is worth."""

import pytest

SIMULATED_STEPS = "simulated steps"
"""The property under which a test records the steps of each of its worlds; it comes back from parallel processes."""


def say_tally(reporter: pytest.TerminalReporter) -> None:
    """Write one line into the terminal if any world was simulated."""
    told = [
        report for reports in reporter.stats.values() for report in reports if isinstance(report, pytest.TestReport)
    ]
    facts = [fact for report in told if report.when == "call" for fact in report.user_properties]
    steps = [int(str(value)) for name, value in facts if name == SIMULATED_STEPS]
    if steps:
        reporter.write_line(f"simulated: {len(steps):,} worlds, {sum(steps):,} steps")
