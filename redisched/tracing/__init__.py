"""Traces with OpenTelemetry: a span for each call that enqueues and one for each attempt, and what connects them.

    trace(app)

It needs the API of OpenTelemetry, which the extra `opentelemetry` installs. Without it nothing of it is imported, and
`trace` says what to install.
"""

from redisched.tracing.relation import SpanRelation
from redisched.tracing.start import trace

__all__ = ["SpanRelation", "trace"]
