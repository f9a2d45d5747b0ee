"""The audit: who did what by way of the API."""

import json
from functools import partial
from typing import Any

from redisched.store.audit import FoundEntry, check_audit_place, read_audit
from redisched.web.endpoint import ApiCall, Endpoint
from redisched.web.parameters import matching, whole


async def list_audit(call: ApiCall) -> dict[str, Any]:
    """A page of the audit, newest first."""
    after, limit = call.parameters["after"], call.parameters["limit"]
    await call.redis.open()
    page = await call.redis.ask(partial(read_audit, call.redis.script_runner, after, limit))
    return {"entries": [_record(found) for found in page.entries], "next": page.next}


def _record(found: FoundEntry) -> dict[str, Any]:
    entry = found.entry
    return {
        "at_ms": found.at_ms,
        "event": entry.event,
        "action_id": entry.action_id,
        "action": entry.action,
        "who": entry.who,
        "role": entry.role,
        "address": entry.address,
        "target": _read(entry.target),
        "arguments": _read(entry.arguments),
        "count": int(entry.count) if entry.count.isdigit() else 0,
        "outcomes": _read(entry.outcomes),
        "error": entry.error or None,
    }


def _read(text: str) -> dict[str, Any]:
    """An object of JSON; one with the text if another program has written it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"text": text}


ENDPOINTS = (
    Endpoint(
        path="/audit",
        summary="Who did what by way of the API, newest first.",
        description="About 10,000 entries are kept. An action that was committed and has no end is not done.",
        act=list_audit,
        answer="Audit",
        parameters=(
            matching("after", "The `next` of the page before.", "^[1-9][0-9]{0,15}-[0-9]{1,16}$", check_audit_place),
            whole("limit", "How many entries.", 1, 200, 50),
        ),
    ),
)
