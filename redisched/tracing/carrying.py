"""Carries the context of a span in the headers of a task, as W3C Trace Context says: `traceparent` and `tracestate`.

The propagator that the program has set up globally is not used: it may carry more, such as baggage with the name of a
user, and tasks are stored, for 30 days if they die.
"""

from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.trace import Span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_W3C = TraceContextTextMapPropagator()


def write_context(span: Span, headers: dict[str, str]) -> None:
    """Put the context of a span into headers, in place of another one. Nothing is put there if there is no trace."""
    _W3C.inject(headers, set_span_in_context(span, Context()))


def read_context(headers: Mapping[str, str]) -> Context:
    """The context that headers carry, without any span if they carry none that can be read."""
    return _W3C.extract(headers, Context())
