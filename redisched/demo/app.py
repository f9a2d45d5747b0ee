"""The demo's application with all its handlers. The workers load it as redisched.demo.app:app."""

from redisched.demo.aggregation import add_up_results
from redisched.demo.background import checksum
from redisched.demo.logs import count_actions
from redisched.demo.mail import send_mail
from redisched.demo.payments import charge
from redisched.demo.periodic import take_reading
from redisched.demo.scheduler import app

__all__ = ["add_up_results", "app", "charge", "checksum", "count_actions", "send_mail", "take_reading"]
