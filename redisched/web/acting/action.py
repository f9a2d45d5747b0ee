"""An action from when it is asked for to its end."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from redisched.web.acting.target import ActionRequest, ActionTarget, TargetCount


class ActionStage(StrEnum):
    """How far an action is."""

    PROPOSED = "proposed"
    """It was counted, and is done only if it is committed."""
    WAITING = "waiting"
    """It is committed, and begins when the time to undo it is over. Nothing is changed yet."""
    UNDONE = "undone"
    """It was undone in time. Nothing was changed."""
    RUNNING = "running"
    """It is being done."""
    DONE = "done"
    """It is done."""
    FAILED = "failed"
    """It ended with an error. It may be done in part, and can be asked for again."""
    INTERRUPTED = "interrupted"
    """The server stopped. It may be done in part, and can be asked for again."""


@dataclass(slots=True, kw_only=True)
class AskedAction:
    """An action. `token` is empty for one that is only counted; `begins_s` is the monotonic time at which it begins."""

    token: str
    request: ActionRequest
    target: ActionTarget
    count: TargetCount
    asked_s: float
    stage: ActionStage = ActionStage.PROPOSED
    begins_s: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    error: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.stage not in (ActionStage.PROPOSED, ActionStage.WAITING, ActionStage.RUNNING)

    def told(self, outcomes: Mapping[str, int]) -> None:
        """Note what became of how many more."""
        self.outcomes.update(outcomes)

    def record(self, now_s: float) -> dict[str, Any]:
        """It as a record."""
        is_waiting = self.stage is ActionStage.WAITING
        return {
            "token": self.token or None,
            "action": self.request.action,
            **self.request.target_record,
            "arguments": dict(self.request.arguments),
            "stage": self.stage.value,
            "count": self.count.number,
            "count_is_exact": self.count.is_exact,
            "unknown": list(self.count.unknown),
            "undo_left_s": round(max(self.begins_s - now_s, 0.0), 3) if is_waiting else None,
            "done": self.outcomes.total(),
            "outcomes": dict(self.outcomes),
            "error": self.error or None,
        }
