"""The demo's application, to which each of its files adds the handlers of one kind."""

from redisched.client.scheduler import Scheduler

app = Scheduler()

WORK_QUEUE = "work"
PAYMENTS_QUEUE = "payments"
MAIL_QUEUE = "mail"
QUEUES = (WORK_QUEUE, PAYMENTS_QUEUE, MAIL_QUEUE)
