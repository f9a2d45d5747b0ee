"""Every endpoint and every schema of the API: what the routes and the OpenAPI document are made from."""

from collections.abc import Mapping

from redisched.web.changing import actions, audit
from redisched.web.endpoint import Endpoint
from redisched.web.reading import dead, events, fleet, overview, queues, ready, scale, schedules, series, tasks, visitor
from redisched.web.schemas.making import INTEGER, TEXT, JsonSchema, nothing_else
from redisched.web.schemas.of_actions import OF_ACTIONS
from redisched.web.schemas.of_queues import OF_QUEUES
from redisched.web.schemas.of_schedules import OF_SCHEDULES
from redisched.web.schemas.of_series import OF_SERIES
from redisched.web.schemas.of_tasks import OF_TASKS
from redisched.web.schemas.of_visitors import OF_VISITORS

PROBLEM = "Problem"

ENDPOINTS: tuple[Endpoint, ...] = (
    *overview.ENDPOINTS,
    *queues.ENDPOINTS,
    *tasks.ENDPOINTS,
    *ready.ENDPOINTS,
    *dead.ENDPOINTS,
    *fleet.ENDPOINTS,
    *schedules.ENDPOINTS,
    *series.ENDPOINTS,
    *scale.ENDPOINTS,
    *events.ENDPOINTS,
    *actions.ENDPOINTS,
    *audit.ENDPOINTS,
    *visitor.ENDPOINTS,
)
SCHEMAS: Mapping[str, JsonSchema] = {
    PROBLEM: nothing_else(type=TEXT, title=TEXT, status=INTEGER, code=TEXT, detail=TEXT),
    **OF_QUEUES,
    **OF_TASKS,
    **OF_SCHEDULES,
    **OF_SERIES,
    **OF_ACTIONS,
    **OF_VISITORS,
}
