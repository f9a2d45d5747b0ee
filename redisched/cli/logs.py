"""Logging of a process in a terminal."""

import logging

from redisched.printable import printable_lines


class PrintableFormatter(logging.Formatter):
    """Formats lines that hold names and errors out of Redis, with nothing in them that a terminal would obey."""

    def format(self, record: logging.LogRecord) -> str:
        return printable_lines(super().format(record))


def log_to_terminal() -> None:
    """Show what happens, from INFO on, on standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(PrintableFormatter("%(asctime)s %(levelname)s %(name)s %(process)d: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
