"""The table of all reasons why a task does not run, and the answer that it gives.

The first reason that holds is the answer. What is new, such as a limit that holds tasks back, is another row.
"""

from redisched.explain.explanation import Explanation
from redisched.explain.held import HELD
from redisched.explain.obstacles import OBSTACLES
from redisched.explain.over import OVER
from redisched.explain.reason import Reason
from redisched.explain.task_facts import TaskFacts
from redisched.explain.waiting import IN_LINE, IN_THE_WAY
from redisched.explain.wording import capitalized

CAUSES = (*OVER, *HELD, *IN_THE_WAY, *OBSTACLES, *IN_LINE)
_TIMED = frozenset({Reason.SCHEDULED, Reason.RETRYING, Reason.PAUSED})
"""With one of these the earliest start is known."""


def explain(facts: TaskFacts) -> Explanation:
    """Say why a task does not run, from what is known of it."""
    first = next(cause for cause in CAUSES if cause.holds(facts))
    beside = [cause for cause in OBSTACLES if cause is not first and cause.holds(facts)]
    said = [first.sentence(facts), *(f"besides, {cause.sentence(facts)}" for cause in beside)]
    advice = [cause.advice(facts) for cause in (first, *beside)]
    view, pause = facts.view, facts.circumstances.pause
    reasons = (first.reason, *(cause.reason for cause in beside))
    return Explanation(
        id=view.id,
        queue=view.queue,
        shard=view.shard,
        state=view.state,
        now_ms=view.now_ms,
        reason=first.reason,
        sentence=" ".join(f"{capitalized(sentence)}." for sentence in said),
        advice="; ".join(text for text in advice if text),
        further=reasons[1:],
        position=facts.circumstances.ahead,
        expected_start_ms=_expected_start_ms(facts, reasons),
        worker=view.worker or (view.failure.worker if view.failure else None) or None,
        since_ms=pause.since_ms if first.reason is Reason.PAUSED and pause is not None else _since_ms(facts),
        until_ms=pause.until_ms if first.reason is Reason.PAUSED and pause is not None else view.lease_until_ms,
        error=view.failure.error if view.failure else None,
        deadline_ms=view.deadline_ms,
    )


def _expected_start_ms(facts: TaskFacts, reasons: tuple[Reason, ...]) -> int | None:
    """The later one of its due time and the end of the pause, unless anything else is in the way."""
    run_at_ms, pause = facts.view.run_at_ms, facts.circumstances.pause
    if not _TIMED.issuperset(reasons) or run_at_ms is None:
        return None
    if pause is None:
        return run_at_ms
    return None if pause.until_ms is None else max(run_at_ms, pause.until_ms)


def _since_ms(facts: TaskFacts) -> int | None:
    """Since when it has ended, is dead, runs, or is leased."""
    view = facts.view
    ended_ms = view.outcome.ended_ms if view.outcome is not None else view.died_ms
    return ended_ms or view.started_ms or view.claimed_ms
