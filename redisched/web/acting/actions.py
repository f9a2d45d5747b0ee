"""The actions of one API: each is counted first, then committed, and begins ten seconds later unless it is undone.

They live in this process alone, so that a server that dies within the ten seconds does nothing.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

from redisched.errors import RedischedError
from redisched.web.access import Visitor
from redisched.web.acting.action import ActionStage, AskedAction
from redisched.web.acting.auditor import Auditor
from redisched.web.acting.requests import target_of
from redisched.web.acting.target import ActionRequest
from redisched.web.problems import Problem, not_found
from redisched.web.redis import Redis

logger = logging.getLogger("redisched.web")
UNDO_S = 10.0
PROPOSED_S = 600.0
"""So long a counted action can be committed."""
MOST_ACTIONS = 1_000
"""So many actions are remembered; the oldest that have ended are forgotten."""


class Actions:
    """Counts, commits, undoes and does actions."""

    def __init__(self, redis: Redis, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._monotonic = monotonic
        self._auditor = Auditor(redis)
        self._actions: dict[str, AskedAction] = {}
        self._begun: dict[str, asyncio.Task[None]] = {}

    def now_s(self) -> float:
        """The time by which actions wait."""
        return self._monotonic()

    async def count(self, request: ActionRequest) -> AskedAction:
        """Say how many tasks, or schedules, an action would be about. Raises InvalidOption and Problem."""
        target = await target_of(request, self._redis)
        count = await target.count(self._redis)
        return AskedAction(token="", request=request, target=target, count=count, asked_s=self._monotonic())

    async def propose(self, request: ActionRequest) -> AskedAction:
        """Count, and remember the action, so that it can be committed. Raises InvalidOption and Problem."""
        action = await self.count(request)
        self._make_room()
        action.token = secrets.token_urlsafe(16)
        self._actions[action.token] = action
        return action

    async def count_on(self, token: str) -> AskedAction:
        """Count on what an action would be about, if it is not committed and not all was counted yet."""
        action = self.find(token)
        if action.stage is ActionStage.PROPOSED and action.count.go_on is not None:
            action.count = await action.count.go_on(self._redis)
        return action

    def find(self, token: str) -> AskedAction:
        """The action with a token. Raises Problem if there is none."""
        action = self._actions.get(token)
        if action is None or self._is_stale(action):
            sentence = "there is no action with this token: it is forgotten, or the server was restarted; ask anew"
            raise not_found("no_such_action", sentence)
        return action

    async def commit(self, token: str, visitor: Visitor, address: str) -> AskedAction:
        """Let an action begin after the time to undo it; again for one that is committed changes nothing. Raises
        Problem for one that was undone.
        """
        action = self.find(token)
        if action.stage is ActionStage.UNDONE:
            raise _conflict("it was undone; ask for it again")
        if action.stage is ActionStage.PROPOSED:
            action.stage, action.begins_s = ActionStage.WAITING, self._monotonic() + UNDO_S
            try:
                await self._auditor.note("committed", action, visitor, address)
            except BaseException:
                action.stage = ActionStage.PROPOSED
                raise
            # It may have been undone meanwhile.
            if action.stage is ActionStage.WAITING:
                action.begins_s = self._monotonic() + UNDO_S
                self._begun[token] = asyncio.create_task(self._act(action, visitor, address))
        return action

    async def undo(self, token: str, visitor: Visitor, address: str) -> AskedAction:
        """Keep a committed action from beginning. Raises Problem if it has begun, or was not committed."""
        action = self.find(token)
        if action.stage is ActionStage.PROPOSED:
            raise _conflict("it is not committed, so there is nothing to undo")
        if action.stage is ActionStage.WAITING:
            action.stage = ActionStage.UNDONE
            waiting = self._begun.pop(token, None)
            if waiting is not None:
                waiting.cancel()
            await self._auditor.note_end(action, visitor, address)
        elif action.stage is not ActionStage.UNDONE:
            raise _conflict(f"it is too late: it is {action.stage}; what became of it: GET actions/{{token}}")
        return action

    async def close(self) -> None:
        """Leave undone what has not begun, and stop what is being done."""
        tasks = list(self._begun.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _act(self, action: AskedAction, visitor: Visitor, address: str) -> None:
        await asyncio.sleep(UNDO_S)
        action.stage = ActionStage.RUNNING
        try:
            await action.target.act(self._redis, visitor.name, action.told)
            action.stage = ActionStage.DONE
        except RedischedError as error:
            action.stage, action.error = ActionStage.FAILED, str(error)
        except Exception:
            logger.exception("%s failed", action.request.action)
            action.stage, action.error = ActionStage.FAILED, "the server failed; its log says why"
        except asyncio.CancelledError:
            action.stage = ActionStage.INTERRUPTED
            with suppress(asyncio.CancelledError):
                await self._auditor.note_end(action, visitor, address)
            raise
        finally:
            self._begun.pop(action.token, None)
        await self._auditor.note_end(action, visitor, address)

    def _is_stale(self, action: AskedAction) -> bool:
        return action.stage is ActionStage.PROPOSED and self._monotonic() - action.asked_s > PROPOSED_S

    def _make_room(self) -> None:
        """Forget actions until there is room for another. Raises Problem if all of them are under way."""
        for token in [token for token, action in self._actions.items() if self._is_stale(action)]:
            del self._actions[token]
        while len(self._actions) >= MOST_ACTIONS:
            oldest = next((token for token, action in self._actions.items() if action.has_ended), None)
            if oldest is None:
                sentence = f"{MOST_ACTIONS} actions are under way; try again"
                raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_actions", sentence, {"Retry-After": "5"})
            del self._actions[oldest]


def _conflict(sentence: str) -> Problem:
    return Problem(HTTPStatus.CONFLICT, "wrong_stage", sentence)
