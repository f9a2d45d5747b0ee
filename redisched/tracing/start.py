"""Begins the tracing of an application, if OpenTelemetry is installed."""

from typing import TYPE_CHECKING

from redisched.client.scheduler import Scheduler
from redisched.errors import InvalidOption, NotInstalled
from redisched.lazy import LazyModule
from redisched.tracing.relation import SpanRelation

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

    from redisched.tracing import installation
else:
    installation = LazyModule("redisched.tracing.installation")

_API = "opentelemetry"


def trace(
    app: Scheduler,
    *,
    relation: SpanRelation | str = SpanRelation.LINK,
    tracer_provider: "TracerProvider | None" = None,
) -> None:
    """Make a span of each call that enqueues tasks of this application, and of each attempt of a worker of it.

    Call it where the application is made, so that workers do so, too, and before sync middleware is registered.
    `tracer_provider` None means the global one, also if that is set later; without any, nothing is recorded.

    Raises InvalidOption, also if the application is traced already, and NotInstalled.
    """
    try:
        connected = SpanRelation(relation)
    except ValueError:
        allowed = " or ".join(repr(one.value) for one in SpanRelation)
        raise InvalidOption("relation", relation, allowed) from None
    if not isinstance(app, Scheduler):
        raise InvalidOption("app", app, "a Scheduler")
    try:
        install = installation.install
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != _API:
            raise
        raise NotInstalled("opentelemetry-api", "opentelemetry") from error
    install(app, connected, tracer_provider)
