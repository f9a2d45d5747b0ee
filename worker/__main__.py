"""Entry point of the deployed worker: environment to settings to supervisor.

Exit codes: 0 stopped, 1 crashed, 2 misconfigured.
"""

import logging
import os
import sys

from redisched.engine.child_spec import Exit
from redisched.engine.supervisor import supervise
from redisched.errors import AppNotFound, InvalidInput
from worker.app import TARGET
from worker.settings import deployment_from


def main() -> int:
    """Serve until SIGTERM or SIGINT; a second one stops hard."""
    try:
        deployment = deployment_from(os.environ)
        logging.basicConfig(
            level=deployment.log_level, format="%(asctime)s %(levelname)s %(name)s %(process)d: %(message)s"
        )
        return supervise(TARGET, deployment.settings, deployment.health_file)
    except (AppNotFound, InvalidInput) as error:
        sys.stderr.write(f"{error}\n")
        return Exit.MISCONFIGURED


if __name__ == "__main__":
    sys.exit(main())
