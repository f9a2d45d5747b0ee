"""Asking for an action, committing and undoing it, and looking how far it is."""

from typing import Any

from redisched.web.acting.action import AskedAction
from redisched.web.acting.actions import UNDO_S
from redisched.web.acting.requests import DRY_RUN, request_in
from redisched.web.endpoint import ApiCall, Endpoint
from redisched.web.parameters import Where, matching
from redisched.web.statuses import NOT_FOUND


async def ask_for_action(call: ApiCall) -> dict[str, Any]:
    """Count what an action would be about; with a token to commit it, unless that is all that is wanted."""
    request = request_in(call.body)
    actions = call.services.actions
    action = await (actions.count(request) if call.body.get(DRY_RUN) else actions.propose(request))
    return _record(call, action)


async def show_action(call: ApiCall) -> dict[str, Any]:
    """How far an action is."""
    return _record(call, call.services.actions.find(call.parameters["token"]))


async def count_on(call: ApiCall) -> dict[str, Any]:
    """Count on what it would be about."""
    return _record(call, await call.services.actions.count_on(call.parameters["token"]))


async def commit_action(call: ApiCall) -> dict[str, Any]:
    """Let it begin in ten seconds."""
    return _record(call, await call.services.actions.commit(call.parameters["token"], call.visitor, call.address))


async def undo_action(call: ApiCall) -> dict[str, Any]:
    """Keep it from beginning."""
    return _record(call, await call.services.actions.undo(call.parameters["token"], call.visitor, call.address))


def _record(call: ApiCall, action: AskedAction) -> dict[str, Any]:
    return action.record(call.services.actions.now_s())


_TOKEN = matching("token", "The token of an action.", "^[A-Za-z0-9_-]{1,64}$", where=Where.PATH)

ENDPOINTS = (
    Endpoint(
        path="/actions",
        method="POST",
        summary="Count what an action would be about, and get a token to commit it.",
        description=(
            "Nothing is changed yet. With dry_run there is no token. Tasks are given by a filter or by ids, a queue by "
            "its name, schedules and workers by their names as ids."
        ),
        act=ask_for_action,
        body="ActionRequest",
        answer="Action",
        problems=NOT_FOUND,
    ),
    Endpoint(
        path="/actions/{token}",
        summary="How far an action is.",
        act=show_action,
        answer="Action",
        parameters=(_TOKEN,),
        problems=NOT_FOUND,
    ),
    Endpoint(
        path="/actions/{token}/count",
        method="POST",
        summary="Count on what an action would be about, while count_is_exact is false.",
        description=(
            "One request counts a limited number of tasks. Without counting on, an action can be committed as well: it "
            "is about all that match."
        ),
        act=count_on,
        answer="Action",
        parameters=(_TOKEN,),
        problems=NOT_FOUND,
    ),
    Endpoint(
        path="/actions/{token}/commit",
        method="POST",
        summary="Let an action begin, after the time to undo it.",
        description=f"It begins {UNDO_S:g} s later, with what matches then. A server that stops before does nothing.",
        act=commit_action,
        answer="Action",
        parameters=(_TOKEN,),
        problems=NOT_FOUND,
    ),
    Endpoint(
        path="/actions/{token}/undo",
        method="POST",
        summary="Keep a committed action from beginning; nothing is changed then.",
        act=undo_action,
        answer="Action",
        parameters=(_TOKEN,),
        problems=NOT_FOUND,
    ),
)
