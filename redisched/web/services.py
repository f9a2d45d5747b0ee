"""What all endpoints of one application share."""

from dataclasses import dataclass

from redisched.web.feed import Feed
from redisched.web.redis import Redis


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The Redis behind the API, and the listeners to changes of the overview."""

    redis: Redis
    overviews: Feed
