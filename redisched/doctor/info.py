"""Reads what a server reports about itself, as far as the user has the right to ask."""

from collections.abc import Mapping

from redisched.errors import BrokerRefused
from redisched.store.operation import Operation

Info = Mapping[str, str]
"""The names and values in the reply to INFO; empty if the server refused the command."""


def read_info() -> Operation[Info]:
    """Send INFO and return its names and values; empty if the server refuses."""
    try:
        text = yield ("INFO",)
    except BrokerRefused:
        return {}
    lines = (line.partition(":") for line in text.decode(errors="backslashreplace").splitlines())
    return {name: value for name, colon, value in lines if colon}


def read_setting(name: str) -> Operation[str | None]:
    """Return the value of one setting, None if the server refuses CONFIG GET or does not know the setting."""
    try:
        reply = yield ("CONFIG", "GET", name)
    except BrokerRefused:
        return None
    return reply[1].decode(errors="backslashreplace") if len(reply) > 1 else None


def whole(info: Info, name: str) -> int:
    """Return a whole number from INFO, 0 if it is missing or no number."""
    value = info.get(name, "")
    return int(value) if value.isdigit() else 0
