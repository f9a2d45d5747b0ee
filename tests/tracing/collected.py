"""Spans that are kept instead of being sent."""

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext


class Collected:
    """A provider, and the spans of it that have ended."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def named(self, name: str) -> list[ReadableSpan]:
        """Those with a name, in the order of their ends."""
        return [span for span in self._exporter.get_finished_spans() if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        """The only one with a name."""
        (span,) = self.named(name)
        return span

    def names(self) -> list[str]:
        """The names of all, in the order of their ends."""
        return [span.name for span in self._exporter.get_finished_spans()]


def context_of(span: ReadableSpan) -> SpanContext:
    """Its ids."""
    context: SpanContext | None = span.context
    assert context is not None
    return context


def ids_of(*spans: ReadableSpan) -> list[int]:
    """Their span ids."""
    return [context_of(span).span_id for span in spans]


def linked(span: ReadableSpan) -> list[int]:
    """The span ids that it has links to."""
    return [link.context.span_id for link in span.links]


def attributes(span: ReadableSpan) -> dict[str, object]:
    """What it says."""
    return dict(span.attributes or {})
