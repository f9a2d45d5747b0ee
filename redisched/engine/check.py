"""Refuses to work on a Redis whose settings would lose tasks."""

from redisched.config import Eviction
from redisched.engine.logs import log
from redisched.errors import BrokerMisconfigured, BrokerRefused
from redisched.store.broker import AsyncBrokerClient

SAFE_POLICY = "noeviction"


async def check_server(client: AsyncBrokerClient, eviction: Eviction) -> None:
    """Raises BrokerMisconfigured if a primary may evict keys under memory pressure and that is not allowed."""
    for address, primary in (await client.primaries()).items():
        await _check_primary(address or "Redis", primary, eviction)


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
