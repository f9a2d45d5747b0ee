"""How simulated workers say that they live and what they do. They do not: their worlds are about other things."""

from redisched.engine import introducer, tally_sender
from redisched.engine.service import FOREVER_S


class NamelessIntroducer(introducer.Introducer):
    """Says nothing."""

    async def step(self) -> float:
        """Says nothing."""
        return FOREVER_S

    async def depart(self) -> None:
        """There is nothing to take back."""


class SilentTallySender(tally_sender.TallySender):
    """Says nothing."""

    async def step(self) -> float:
        """Says nothing."""
        return FOREVER_S

    async def send(self) -> None:
        """Says nothing."""
