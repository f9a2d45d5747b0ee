"""How long Python takes to import the package: measured over whole processes, from their start to their end."""

import subprocess
import sys
import time
from statistics import median

from redisched.bench.figures import Figures
from redisched.bench.workbench import MeasurementFailed, Workbench

_ARGUMENTS = {
    "import": ("-c", "import redisched"),
    "import_scheduler": ("-c", "from redisched import Scheduler"),
    "help": ("-m", "redisched", "--help"),
}
"""The package loads its names when they are first used, so the time to import the package alone says little."""


def measure_startup(workbench: Workbench) -> Figures:
    """Median milliseconds of importing the package, of importing its main name, and of the command line's help."""
    return {
        "startup_ms": {
            name: median([_run_ms(arguments) for _ in range(1 + workbench.scale.interpreters)][1:])
            for name, arguments in _ARGUMENTS.items()
        }
    }


def _run_ms(arguments: tuple[str, ...]) -> float:
    began_s = time.perf_counter()
    finished = subprocess.run((sys.executable, *arguments), stdout=subprocess.DEVNULL, check=False)
    taken_ms = (time.perf_counter() - began_s) * 1e3
    if finished.returncode != 0:
        raise MeasurementFailed(f"python {' '.join(arguments)} ended with exit code {finished.returncode}")
    return taken_ms
