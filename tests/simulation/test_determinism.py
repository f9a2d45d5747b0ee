"""The same seed gives the same world: the same history, to the microsecond, in every process."""

import subprocess
import sys

import pytest

from tests.house.checkout import ROOT
from tests.simulation.world import run_world

TELL = "from tests.simulation.world import run_world; print(*run_world({seed}).trace, sep='\\n')"


@pytest.mark.parametrize("seed", range(8))
def test_the_same_seed_gives_the_same_world(seed: int) -> None:
    assert run_world(seed) == run_world(seed)


def test_another_seed_gives_another_world() -> None:
    assert run_world(0).trace != run_world(1).trace


def test_another_process_sees_the_same_world() -> None:
    # Sets of texts, and objects ordered by their address in memory, have another order in that process.
    traces = [
        subprocess.run(
            [sys.executable, "-c", TELL.format(seed=3)],
            cwd=ROOT,
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for hash_seed in ("1", "2")
    ]

    assert traces[0] == traces[1] == run_world(3).trace
