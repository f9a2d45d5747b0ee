"""The demo's application object. Each file of handlers adds those of one kind to it."""

from redisched.client.scheduler import Scheduler

app = Scheduler()

WORK_QUEUE = "work"
PAYMENTS_QUEUE = "payments"
MAIL_QUEUE = "mail"
QUEUES = (WORK_QUEUE, PAYMENTS_QUEUE, MAIL_QUEUE)
