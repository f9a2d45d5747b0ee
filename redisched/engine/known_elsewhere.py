"""The handlers that live workers of other deployments have, as they say themselves."""

import asyncio
import math
from collections.abc import Iterable

from redisched.store.presence import Deployment

RENEW_S = 1.0
"""What is known is renewed after so long, if it is asked for."""


class KnownElsewhere:
    """Names of handlers and codecs that other live workers know. What is unknown here and known there is left to them;
    what nobody knows has to wait for a deploy. Moments are monotonic seconds.
    """

    def __init__(self) -> None:
        self._handlers: frozenset[str] = frozenset()
        self._codecs: frozenset[str] = frozenset()
        self._is_cut_short = False
        self._deployments: tuple[Deployment, ...] = ()
        self._learned_s = -math.inf
        self.asked = asyncio.Event()
        """Set when something was asked for and what is known is not new."""

    def learn(self, deployments: Iterable[Deployment], now_s: float) -> None:
        """Take in what the deployments of all other live workers serve."""
        self._deployments = deployments = tuple(deployments)
        self._handlers = frozenset(name for one in deployments for name in one.handlers)
        self._codecs = frozenset(one.codec for one in deployments if one.codec)
        self._is_cut_short = any(one.more_handlers for one in deployments)
        self._learned_s = now_s

    def has_handler(self, name: str, now_s: float) -> bool:
        """Whether another live worker has, or may have, a handler of this name."""
        self._ask(now_s)
        return self._is_cut_short or name in self._handlers

    def has_codec(self, name: str, now_s: float) -> bool:
        """Whether another live worker has a codec of this name."""
        self._ask(now_s)
        return name in self._codecs

    def has_namesake(self, application: str, handlers: Iterable[str]) -> bool:
        """Whether live workers of this application's name have other handlers than these, and none of them. So it is
        with two applications of one name, or with two parts of one that are never loaded together, and hardly with two
        versions of one.
        """
        own = frozenset(handlers)
        return any(
            one.application == application and one.handlers and not one.more_handlers and own.isdisjoint(one.handlers)
            for one in self._deployments
        )

    def _ask(self, now_s: float) -> None:
        if now_s - self._learned_s >= RENEW_S:
            self.asked.set()
