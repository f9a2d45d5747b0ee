"""What the example shop keeps in its database."""

from django.db import models


class Order(models.Model):
    """An order, and whether its receipt was sent."""

    customer = models.CharField(max_length=100)
    is_receipt_sent = models.BooleanField(default=False)
