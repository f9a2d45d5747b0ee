"""Checks a Redis before a worker starts: it must not evict tasks, must allow every command, and its URL must be
right.
"""

import asyncio

from redisched.address import Address
from redisched.config import Eviction
from redisched.engine.logs import log
from redisched.errors import AccessDenied, BrokerMisconfigured, BrokerRefused, BrokerUnavailable, QueueFull
from redisched.store.broker import AsyncBrokerClient
from redisched.store.diagnosis import diagnose
from redisched.store.operation import ScriptRunner
from redisched.store.rights import asking, begun

SAFE_POLICY = "noeviction"


async def check_server(client: AsyncBrokerClient, eviction: Eviction) -> None:
    """Raises BrokerMisconfigured if a primary may evict keys when memory is full and `eviction` does not allow that."""
    for address, primary in (await client.primaries()).items():
        await _check_primary(address or "Redis", primary, eviction)


async def check_rights(client: AsyncBrokerClient, script_runner: ScriptRunner) -> None:
    """Raises AccessDenied if this user may not call a command that a worker needs. The commands are not executed.

    If the rights cannot be found out, the worker starts all the same: a command that is not allowed raises when it is
    called. This is so if the user may not call MULTI, or the connection fails.
    """
    try:
        await client.perform_last(*begun(script_runner), ("DISCARD",))
        await client.perform_last(*asking(script_runner))
    except AccessDenied as error:
        if error.call != "MULTI":
            advice = f"this user needs ~{script_runner.prefix}:* and the commands that redisched doctor lists"
            raise AccessDenied(error.call, f"{error.reason}; {advice}") from error
    except (BrokerRefused, BrokerUnavailable, QueueFull) as error:
        log.debug("the rights of this user are not known: %s", error)


async def check_address(address: Address | None) -> None:
    """Call when a server cannot be reached. Raises BrokerRefused if it can never be reached with this URL."""
    reason = None if address is None else await asyncio.to_thread(diagnose, address)
    if reason is not None:
        raise BrokerRefused("a connection", reason)


async def _check_primary(name: str, client: AsyncBrokerClient, eviction: Eviction) -> None:
    try:
        reply = await client.perform(("CONFIG", "GET", "maxmemory-policy"))
    except BrokerRefused as error:
        log.debug("the eviction policy cannot be read: %s", error)
        return
    policy = _value(reply)
    if policy and policy != SAFE_POLICY:
        if eviction is Eviction.REFUSE:
            raise BrokerMisconfigured("maxmemory-policy", policy, SAFE_POLICY, name)
        log.warning("%s may evict tasks: maxmemory-policy is %s", name, policy)


def _value(reply: object) -> str:
    if isinstance(reply, dict):
        reply = [part for pair in reply.items() for part in pair]
    if not isinstance(reply, list) or len(reply) < 2:
        return ""
    value = reply[1]
    return value.decode() if isinstance(value, bytes) else str(value)
