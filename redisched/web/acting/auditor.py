"""Writes into the audit who did what. What cannot be written there is at least in the log of the server."""

import logging
from functools import partial
from typing import Any

from redisched.errors import QueueFull, RedischedError
from redisched.jsonable import to_json
from redisched.printable import printable
from redisched.store.audit import AuditEntry, note
from redisched.web.access import Visitor
from redisched.web.acting.action import AskedAction
from redisched.web.acting.target import ActionRequest
from redisched.web.redis import Redis

logger = logging.getLogger("redisched.web.audit")
_IDS = 20
"""So many ids of an action are in the audit, and the number of the others."""
_ID_CHARACTERS = 8
"""The start of a token, which alone is of no use."""


class Auditor:
    """The audit of one API."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def note(self, event: str, action: AskedAction, visitor: Visitor, address: str) -> None:
        """Write what has happened to an action. Raises RedischedError if it cannot be written, but for a Redis that is
        full: who deletes tasks there must be able to.
        """
        entry = AuditEntry(
            event=event,
            action_id=action.token[:_ID_CHARACTERS],
            action=action.request.action,
            who=_sendable(visitor.name),
            role=visitor.role.value,
            address=address,
            target=to_json(_shortened(action.request), ensure_ascii=True),
            arguments=to_json(action.request.arguments, ensure_ascii=True),
            count=str(action.count.number),
            outcomes=to_json(action.outcomes),
            error=_sendable(action.error),
        )
        logger.info("%s %s %s by %s from %s: %s", *_words(entry))
        try:
            await self._redis.ask(partial(note, self._redis.script_runner, entry))
        except QueueFull as error:
            logger.warning("%s %s %s by %s from %s is not in the audit: %s", *_words(entry)[:-1], printable(str(error)))

    async def note_end(self, action: AskedAction, visitor: Visitor, address: str) -> None:
        """Write how an action has ended. An error is logged: what is done cannot be undone for it."""
        try:
            await self.note(action.stage.value, action, visitor, address)
        except RedischedError as error:
            logger.warning(
                "the end of %s %s is not in the audit: %s", action.request.action, action.stage, printable(str(error))
            )


def _shortened(request: ActionRequest) -> dict[str, Any]:
    """What was meant, without most of many ids."""
    more = len(request.ids[_IDS:])
    record = request.target_record | {"ids": list(request.ids[:_IDS])}
    return record | {"more_ids": more} if more else record


def _sendable(text: str) -> str:
    """An application may let a visitor have any name, and errors quote what is in Redis."""
    return text.encode(errors="backslashreplace").decode()


def _words(entry: AuditEntry) -> tuple[str, ...]:
    """For the log, each as one printable line: an application may let a visitor have any name."""
    words = (entry.action, entry.target, entry.event, entry.who, entry.address, entry.outcomes)
    return tuple(map(printable, words))
