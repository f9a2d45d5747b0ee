"""Says in a span that what it covers has failed."""

from opentelemetry.trace import Span, Status, StatusCode

from redisched.tracing import names


def note_failure(span: Span, error: BaseException, kind: type[BaseException] | None = None) -> None:
    """Record an error with its traceback, and mark the span as failed. `kind` takes the place of the error's type."""
    failed_with = kind or type(error)
    name = f"{failed_with.__module__}.{failed_with.__qualname__}".removeprefix("builtins.")
    span.record_exception(error)
    span.set_attribute(names.ERROR_TYPE, name)
    span.set_status(Status(StatusCode.ERROR, f"{failed_with.__name__}: {error}".removesuffix(": ")))
