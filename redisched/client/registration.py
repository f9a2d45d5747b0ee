"""Checks what is given to `@app.task(...)`: the options and the function. A limit that nothing could enforce is refused
here.
"""

from collections.abc import Callable
from typing import Any

from redisched.callables import check_hook, is_coroutine_function
from redisched.client.arguments import ArgumentCheck, annotations_of
from redisched.client.origin import locals_of_caller
from redisched.client.unique import check_template, unique_of
from redisched.config import Settings
from redisched.conversion.codec import Codec
from redisched.conversion.handler import conversion_of
from redisched.conversion.naming_secrets import naming_secrets
from redisched.errors import InvalidOption
from redisched.handler_options import TIMEOUT_GRACE_MS, HandlerOptions, check_attempts_of
from redisched.model import Delivery, Isolation, retention_of
from redisched.option_checks import check_delivery, check_isolation, check_milliseconds
from redisched.options import HandlerOptionFields, TaskOptions, check_options, with_defaults
from redisched.registry import HandlerEntry
from redisched.resources import resources_of
from redisched.retry import DEFAULT_RETRY, ONE_ATTEMPT, Retry


def handler_options(fields: dict[str, Any], settings: Settings) -> HandlerOptions:
    """The options of a handler, by the names under which they are given. Raises InvalidOption, which says what is
    allowed.
    """
    for option in fields.keys() - HandlerOptionFields.__annotations__.keys():
        allowed = ", ".join(sorted(HandlerOptionFields.__annotations__))
        raise InvalidOption(option, fields[option], f"not an option of a handler; there are {allowed}, name")
    isolation, delivery = fields.pop("isolation", None), fields.pop("delivery", None)
    retry, timeout_grace = fields.pop("retry", DEFAULT_RETRY), fields.pop("timeout_grace", None)
    isolation = Isolation.NONE if isolation is None else check_isolation("isolation", isolation)
    delivery = Delivery.AT_LEAST_ONCE if delivery is None else check_delivery("delivery", delivery)
    options = check_options(fields)
    for name, limit in (("expires", options.expires), ("deadline", options.deadline)):
        if (limit or "").startswith("@"):
            allowed = "seconds or a timedelta from each enqueue on; a moment can be given by a call"
            raise InvalidOption(name, fields[name], allowed)
    defaults = HandlerOptions(
        retry=_checked_retry(retry, options, delivery),
        timeout_grace_ms=TIMEOUT_GRACE_MS if timeout_grace is None else _grace_ms(timeout_grace, isolation),
        retention_ms=round(settings.retention_s * 1000),
        durable=settings.durable,
        isolation=isolation,
        delivery=delivery,
    )
    merged = with_defaults(options, defaults)
    unique_of(options, merged)
    return merged


def examined(
    name: str, function: Callable[..., Any], options: HandlerOptions, codec: Codec | None
) -> tuple[HandlerEntry, ArgumentCheck]:
    """A function as a handler, and what its callers' arguments are checked by. Raises InvalidOption."""
    annotations = annotations_of(function, locals_of_caller(function))
    resources = resources_of(name, annotations)
    if resources is not None:
        annotations.leave_out(resources.names)
    arguments = ArgumentCheck(name, annotations.signature, resources)
    check_template(options.unique, arguments.names)
    conversion = conversion_of(name, annotations, codec, has_result=_keeps_results(options))
    arguments.conversion = naming_secrets(name, annotations.signature, conversion)
    entry = HandlerEntry(
        name=name,
        function=function,
        is_async=is_coroutine_function(function),
        options=options,
        conversion=conversion,
        resources=resources,
    )
    return entry, arguments


def _keeps_results(options: HandlerOptions) -> bool:
    """Whether results of the handler are kept, unless a call says otherwise."""
    return retention_of(options.retention_ms, options.keep, is_own=options.retention_is_own).keeps_result


def _checked_retry(retry: object, options: TaskOptions, delivery: Delivery) -> Retry:
    if not isinstance(retry, Retry):
        raise InvalidOption("retry", retry, "a redisched.Retry")
    for backoff in (retry.backoff, *(rule for _, rule in retry.rules)):
        if callable(backoff):
            check_hook("backoff", backoff, "attempt", "error")
            if is_coroutine_function(backoff):
                raise InvalidOption("backoff", backoff, "a function that is not async, as nobody awaits the pause")
    if options.max_attempts is not None and retry is not DEFAULT_RETRY:
        raise InvalidOption("max_attempts", options.max_attempts, "left out; give attempts to Retry")
    if delivery is Delivery.AT_MOST_ONCE and retry is DEFAULT_RETRY:
        return ONE_ATTEMPT
    check_attempts_of(delivery, "retry", retry.attempts)
    return retry


def _grace_ms(timeout_grace: object, isolation: Isolation) -> int:
    if isolation is not Isolation.PROCESS:
        allowed = "only with isolation='process', as no thread or coroutine can be killed; add that, or leave it out"
        raise InvalidOption("timeout_grace", timeout_grace, allowed)
    return check_milliseconds("timeout_grace", timeout_grace)
