"""Dead tasks in groups by handler and error, so that one cause is one line."""

from functools import partial
from typing import Any

from redisched.filters.dead_groups import read_dead_groups
from redisched.records.dead_groups import dead_groups_record
from redisched.web.endpoint import ApiCall, Endpoint
from redisched.web.filtering import AFTER, FILTER, LOOKS, filter_in


async def list_dead_groups(call: ApiCall) -> dict[str, Any]:
    """The groups, the largest first, as `redisched dead groups --json` prints them."""
    wanted = filter_in(call.parameters["filter"], call.redis.redactor)
    await call.redis.open()
    read = partial(read_dead_groups, call.redis.script_runner, wanted, LOOKS, call.parameters["after"])
    return dead_groups_record(await call.redis.ask(read))


ENDPOINTS = (
    Endpoint(
        path="/dead/groups",
        summary="Dead tasks by handler and error, the largest group first.",
        description=(
            f"Of the tasks that died last, about {LOOKS:,} are looked at; if there are more, `is_complete` is false, "
            "and `after` with the `next` of the answer groups those that died before. `of_about` is how many "
            "dead tasks there are then. The filter group:NAME selects the tasks of a group."
        ),
        act=list_dead_groups,
        answer="DeadGroups",
        parameters=(FILTER, AFTER),
    ),
)
