"""Runs a supervisor over an application: `python -m tests.chaos.apps MODULE:APP UNTIL SETTINGS-AS-JSON`."""

import json
import logging
import sys

from redisched.config import Until, WorkerSettings
from redisched.engine.child_spec import Work
from redisched.engine.supervisor import supervise

if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    target, until, settings = sys.argv[1:]
    sys.exit(supervise(Work(target=target, settings=WorkerSettings(until=Until(until), **json.loads(settings)))))
