"""The handlers for ordeals, in processes whose wall clock is wrong by as many seconds as WRONG_S says.

It is moved within Python alone. libfaketime moves it for the whole process, but with it the condition by which threads
hand the interpreter on: a lease renewer then waits half a second for its turn, and a short lease is lost on a busy
machine.
"""

import os
import time

import time_machine

from tests.chaos.apps.ordeals import app

__all__ = ["app"]

time_machine.travel(time.time() + float(os.environ["WRONG_S"])).start()
