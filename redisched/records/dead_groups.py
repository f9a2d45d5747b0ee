"""The record of dead tasks in groups."""

from dataclasses import asdict
from typing import Any

from redisched.filters.dead_groups import DeadGroups


def dead_groups_record(found: DeadGroups) -> dict[str, Any]:
    """The groups, the largest first, and whether all dead tasks are in them; if not, `next` is where to go on."""
    return {
        "groups": [asdict(group) for group in found.groups],
        "looked_at": found.looked_at,
        "of_about": found.of_about,
        "is_complete": found.is_complete,
        "next": found.cursor,
        "now_ms": found.now_ms or None,
    }
