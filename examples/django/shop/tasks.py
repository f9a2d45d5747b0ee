"""The background work of the shop."""

from redisched.django import app
from shop.models import Order

try:
    from django.tasks import task
except ModuleNotFoundError:  # Django 5.2
    from django_tasks import task


@app.task(queue="mail", priority=3, timeout=30)
def send_receipt(order_id: int) -> str:
    """A handler of redisched, with all of its options."""
    order = Order.objects.get(id=order_id)
    order.is_receipt_sent = True
    order.save()
    return f"receipt for {order.customer}"


@task(priority=-10)
def count_receipts() -> int:
    """A task of Django's own interface."""
    return Order.objects.filter(is_receipt_sent=True).count()
