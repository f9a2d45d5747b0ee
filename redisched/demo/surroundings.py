"""Reads from environment variables which folder and services the demo's handlers use.

`redisched demo` starts the services and sets the variables. Anyone who runs the demo's handlers without it must set
them.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from redisched.errors import RedischedError

FOLDER_VARIABLE = "REDISCHED_DEMO_FOLDER"
GATEWAY_VARIABLE = "REDISCHED_DEMO_GATEWAY"
SMTP_VARIABLE = "REDISCHED_DEMO_SMTP"


class NotConfigured(RedischedError):
    """Raised by a handler if an environment variable that it needs is not set."""

    def __init__(self, variable: str, wanted: str) -> None:
        self.variable = variable
        self.wanted = wanted
        super().__init__(f"set {variable} to {wanted}; `redisched demo` does so by itself")


class ServiceAddress(NamedTuple):
    """The host and port where a service listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder in which handlers record what they did; None if nothing should be recorded."""
    named = environment.get(FOLDER_VARIABLE)
    return Path(named) if named else None


def gateway(environment: Mapping[str, str] = os.environ) -> ServiceAddress:
    """The address of the payment gateway. Raises NotConfigured."""
    return _address(environment, GATEWAY_VARIABLE, "HOST:PORT of a payment gateway")


def smtp(environment: Mapping[str, str] = os.environ) -> ServiceAddress:
    """The address of the mail server. Raises NotConfigured."""
    return _address(environment, SMTP_VARIABLE, "HOST:PORT of a mail server")


def _address(environment: Mapping[str, str], variable: str, wanted: str) -> ServiceAddress:
    host, _, port = environment.get(variable, "").rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise NotConfigured(variable, wanted)
    return ServiceAddress(host, int(port))
