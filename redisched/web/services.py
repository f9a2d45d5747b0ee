"""What all endpoints of one application share."""

from dataclasses import dataclass

from redisched.web.acting.actions import Actions
from redisched.web.feed import Feed
from redisched.web.redis import Redis


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The Redis behind the API, the listeners to changes of the overview, and the actions that were asked for."""

    redis: Redis
    overviews: Feed
    actions: Actions
