"""The handlers of an application for programs that pull: a name that it does not know is fine, as the program itself
decides what to do with the task.
"""

from redisched.config import Settings
from redisched.conversion.codec import Codec
from redisched.conversion.handler import conversion_of_unknown
from redisched.handler_options import HandlerOptions
from redisched.registry import HandlerEntry, Registry


class EveryName(Registry):
    """Knows every name. A handler that the application does not have has the default options."""

    def __init__(self, known: Registry, settings: Settings, codec: Codec | None) -> None:
        super().__init__()
        self._known = known
        self._codec = codec
        self._options = HandlerOptions(retention_ms=round(settings.retention_s * 1000))

    def get(self, name: str) -> HandlerEntry:
        """The handler with this name."""
        return self._known.get(name) or HandlerEntry(
            name=name,
            function=_not_called,
            is_async=False,
            options=self._options,
            conversion=conversion_of_unknown(name, self._codec),
        )


def _not_called() -> None:
    """Stands for the code of the program that pulls."""
