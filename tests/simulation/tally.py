"""Counts the worlds and steps of a test run, so that the run says how much was tested."""

import pytest

SIMULATED_STEPS = "simulated steps"
"""The property in which a test records the steps of its worlds; parallel test processes hand it over."""


def say_tally(reporter: pytest.TerminalReporter) -> None:
    """Write one line into the terminal if any world was simulated."""
    told = [
        report for reports in reporter.stats.values() for report in reports if isinstance(report, pytest.TestReport)
    ]
    facts = [fact for report in told if report.when == "call" for fact in report.user_properties]
    steps = [int(str(value)) for name, value in facts if name == SIMULATED_STEPS]
    if steps:
        reporter.write_line(f"simulated: {len(steps):,} worlds, {sum(steps):,} steps")
