"""The handlers for rigs, in processes whose wall clock is wrong by as many seconds as WRONG_S says.

The clock is moved only within Python. libfaketime would move it for the whole process, and with it the condition by
which threads hand the interpreter on: a lease renewer would then wait half a second for its turn, and a short lease
would be lost on a busy machine.
"""

import os
import time

import time_machine

from tests.chaos.apps.rig_handlers import app

__all__ = ["app"]

time_machine.travel(time.time() + float(os.environ["WRONG_S"])).start()
