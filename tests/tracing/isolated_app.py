"""A traced application whose handler is isolated, in a module that its process imports again."""

from collections.abc import Sequence
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import get_current_span

from redisched import Scheduler
from redisched.tracing import trace
from redisched.tracing.names import OUTCOME

TARGET = "tests.tracing.isolated_app:app"
files: list[str] = []


class FileExporter(SpanExporter):
    """Writes the names and outcomes of spans into the file of the task."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append them."""
        with Path(files[-1]).open("a") as file:
            file.writelines(f"{span.name} {(span.attributes or {})[OUTCOME]!s}\n" for span in spans)
        return SpanExportResult.SUCCESS


app = Scheduler()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(FileExporter()))
trace(app, tracer_provider=provider)


@app.task(name="charge", isolation="process")
def charge(path: str) -> str:
    """Have its span written there; answers the name of the span."""
    files.append(path)
    return str(getattr(get_current_span(), "name", ""))
