"""Entry point of the deployed worker: `redisched worker`, told everything by the environment.

Exit codes: 0 stopped, 1 crashed, 2 misconfigured.
"""

import os
import sys

from redisched.cli.deployment import APP_VARIABLE, DEFAULT_HEALTH_FILE, HEALTH_FILE_VARIABLE
from redisched.cli.main import main
from redisched.config import URL_VARIABLE

DEMO = "redisched.demo.app:app"


def run() -> None:
    """Serve until SIGTERM or SIGINT; a second one stops hard."""
    if not os.environ.get(URL_VARIABLE):
        sys.exit(_refuse(f"{URL_VARIABLE} is not set: set it to your Redis, such as redis://valkey:6379/0"))
    for variable, usual in ((APP_VARIABLE, DEMO), (HEALTH_FILE_VARIABLE, DEFAULT_HEALTH_FILE)):
        # An empty one is none, as everywhere.
        os.environ[variable] = os.environ.get(variable) or usual
    sys.argv = ["redisched", "worker", *sys.argv[1:]]
    main()


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 2


if __name__ == "__main__":
    run()
