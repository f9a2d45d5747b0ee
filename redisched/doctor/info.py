"""What a server says of itself, as far as it lets one ask."""

from collections.abc import Mapping

from redisched.errors import BrokerRefused
from redisched.store.operation import Operation

Info = Mapping[str, str]
"""Names and values as INFO tells them; empty if it is refused."""


def read_info() -> Operation[Info]:
    """What INFO tells."""
    try:
        text = yield ("INFO",)
    except BrokerRefused:
        return {}
    lines = (line.partition(":") for line in text.decode(errors="backslashreplace").splitlines())
    return {name: value for name, colon, value in lines if colon}


def read_setting(name: str) -> Operation[str | None]:
    """One setting, None if the server does not tell."""
    try:
        reply = yield ("CONFIG", "GET", name)
    except BrokerRefused:
        return None
    return reply[1].decode(errors="backslashreplace") if len(reply) > 1 else None


def whole(info: Info, name: str) -> int:
    """A number of INFO, 0 if it is not told."""
    value = info.get(name, "")
    return int(value) if value.isdigit() else 0
