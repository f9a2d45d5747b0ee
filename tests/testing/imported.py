"""A module that an application imports for its handlers: the one that is to be tested has none of its own."""

import gc

from redisched import Scheduler

for importing in [found for found in gc.get_objects() if type(found) is Scheduler]:
    if importing.imports == (__name__,):

        @importing.task(name="imported")
        def imported() -> str:
            """Return its name."""
            return "imported"
