"""Dead tasks in groups by handler and error, so that one cause is one line."""

from functools import partial
from typing import Any

from redisched.filters.dead_groups import read_dead_groups
from redisched.records.dead_groups import dead_groups_record
from redisched.web.endpoint import ApiCall, Endpoint
from redisched.web.filtering import FILTER, LOOKS, filter_in


async def list_dead_groups(call: ApiCall) -> dict[str, Any]:
    """The groups, the largest first, as `redisched dead groups --json` prints them."""
    wanted = filter_in(call.parameters["filter"], call.redis.redactor)
    await call.redis.open()
    return dead_groups_record(await call.redis.ask(partial(read_dead_groups, call.redis.script_runner, wanted, LOOKS)))


ENDPOINTS = (
    Endpoint(
        path="/dead/groups",
        summary="Dead tasks by handler and error, the largest group first.",
        description=(
            "Of the tasks that died last, about 4,000 are looked at; if there are more, is_complete is false. The "
            "filter group:NAME selects the tasks of a group."
        ),
        act=list_dead_groups,
        answer="DeadGroups",
        parameters=(FILTER,),
    ),
)
