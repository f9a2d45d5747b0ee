"""The schemas of what workers did, and of what tasks died of. Times are the server's, in milliseconds since 1970."""

from collections.abc import Mapping

from redisched.activity import AttemptEnd
from redisched.web.schemas.making import BOOLEAN, INTEGER, NUMBER, TEXT, JsonSchema, listed, maybe, nothing_else, page

_ACTIVITY: Mapping[str, JsonSchema] = {
    "ended": INTEGER,
    **{end.name.lower(): INTEGER for end in AttemptEnd},
    **{f"{kind}_{share}_ms": maybe(NUMBER) for kind in ("wait", "run") for share in ("p50", "p95")},
}
_GROUP = nothing_else(
    group=TEXT,
    name=TEXT,
    error=TEXT,
    count=INTEGER,
    reasons=listed(TEXT),
    queues=listed(TEXT),
    newest_id=TEXT,
    newest_ms=INTEGER,
    oldest_ms=INTEGER,
)

OF_SERIES: Mapping[str, JsonSchema] = {
    "Series": nothing_else(
        from_ms=INTEGER,
        now_ms=INTEGER,
        step_ms=INTEGER,
        total=nothing_else(**_ACTIVITY),
        rows=listed(nothing_else(queue=TEXT, handler=TEXT, **_ACTIVITY)),
        queues=listed(nothing_else(queue=TEXT, **_ACTIVITY)),
        series=listed(nothing_else(begin_ms=INTEGER, **_ACTIVITY)),
    ),
    "DeadGroups": page(
        "groups",
        _GROUP,
        looked_at=INTEGER,
        of_about=maybe(INTEGER),
        is_complete=BOOLEAN,
        now_ms=maybe(INTEGER),
    ),
}
