"""Registers the middleware that traces an application. This needs the API of OpenTelemetry."""

from importlib.metadata import version

from opentelemetry.trace import TracerProvider, get_tracer

from redisched.client.scheduler import Scheduler
from redisched.errors import InvalidOption
from redisched.tracing.attempts import AttemptTracer
from redisched.tracing.enqueues import EnqueueTracer
from redisched.tracing.names import SCOPE
from redisched.tracing.relation import SpanRelation


def install(app: Scheduler, relation: SpanRelation, tracer_provider: TracerProvider | None) -> None:
    """Register both kinds of middleware with an application. Raises InvalidOption."""
    if any(isinstance(known, AttemptTracer) for known in app.registry.middleware.on_loop):
        raise InvalidOption("app", app, "traced once: this application is traced already")
    tracer = get_tracer(SCOPE, version("redisched"), tracer_provider)
    # Refused if sync middleware is registered before it; so it comes first, with nothing else done.
    app.middleware(AttemptTracer(tracer, relation))
    app.enqueue_middleware(EnqueueTracer(tracer))
