"""Notifications: e-mails that are sent to an SMTP server, which may ask the sender to try again later."""

import smtplib
from email.message import EmailMessage

from redisched.context import current_task
from redisched.demo import surroundings
from redisched.demo.facts import Kind, recorded
from redisched.demo.ledger import keep
from redisched.demo.scheduler import BACKOFF, MAIL_QUEUE, app
from redisched.retry import Retry

TIMEOUT_S = 5.0


@app.task(name="demo.send_mail", queue=MAIL_QUEUE, retry=Retry(backoff=BACKOFF))
def send_mail(recipient: str, subject: str, text: str) -> None:
    """Send a mail with a Message-ID that is the same at every attempt. Raises SMTPException and OSError."""
    with recorded(Kind.MAIL):
        server = surroundings.smtp()
        message = EmailMessage()
        message["Message-ID"] = f"<{current_task().id}@shop.example>"
        message["From"] = "shop@shop.example"
        message["To"] = recipient
        message["Subject"] = subject
        message.set_content(text)
        with smtplib.SMTP(server.host, server.port, local_hostname="localhost", timeout=TIMEOUT_S) as connection:
            connection.send_message(message)
        keep(Kind.MAIL, len(message.as_bytes()))
