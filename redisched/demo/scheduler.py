"""The demo's application object. Each file of handlers adds those of one kind to it."""

from redisched.client.scheduler import Scheduler
from redisched.retry import exponential

app = Scheduler()
BACKOFF = exponential(0.2, 2)
"""The pauses of tasks that fail, short because a demo is."""

WORK_QUEUE = "work"
PAYMENTS_QUEUE = "payments"
MAIL_QUEUE = "mail"
QUEUES = (WORK_QUEUE, PAYMENTS_QUEUE, MAIL_QUEUE)
