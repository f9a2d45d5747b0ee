"""Whether the server has the clock of this machine, and otherwise how far apart the clocks are."""

import time
from unittest.mock import Mock

import pytest

from redisched.bench.clocks import server_ahead_s
from redisched.bench.workbench import Workbench


def test_a_server_on_this_machine_has_the_same_clock(workbench: Workbench) -> None:
    assert server_ahead_s(workbench) == 0.0


@pytest.mark.parametrize("ahead_s", [-3600.0, -0.5, 0.5, 3600.0])
def test_the_clock_of_another_machine_may_differ(ahead_s: float) -> None:
    elsewhere = Mock(spec=Workbench, server_us=lambda: round((time.time() + ahead_s) * 1e6))

    assert server_ahead_s(elsewhere) == pytest.approx(ahead_s, abs=0.1)
