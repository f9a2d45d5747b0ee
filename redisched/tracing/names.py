"""The names of all spans and attributes.

Those that begin with `messaging.` and `error.` are of OpenTelemetry's semantic conventions for messaging, which are not
stable yet: if they change, this is the only place.
"""

SCOPE = "redisched"
"""The name of the instrumentation, and the value of SYSTEM."""

SYSTEM = "messaging.system"
OPERATION_NAME = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
QUEUE = "messaging.destination.name"
TASK_ID = "messaging.message.id"
TASKS = "messaging.batch.message_count"
WORKER = "messaging.client.id"
ERROR_TYPE = "error.type"

HANDLER = "redisched.task.name"
PRIORITY = "redisched.task.priority"
ATTEMPT = "redisched.task.attempt"
MAX_ATTEMPTS = "redisched.task.max_attempts"
OUTCOME = "redisched.task.outcome"

SEND = "send"
CREATE = "create"
PROCESS = "process"


def span_name(operation: str, queue: str) -> str:
    """The name of a span; `queue` is empty if it is about several queues."""
    return f"{operation} {queue}" if queue else operation
