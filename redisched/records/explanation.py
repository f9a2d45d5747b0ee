"""Why a task does not run, as a record."""

from dataclasses import asdict
from typing import Any

from redisched.explain.explanation import Explanation


def explanation_record(explanation: Explanation) -> dict[str, Any]:
    """Return everything that an explanation says."""
    return asdict(explanation)
