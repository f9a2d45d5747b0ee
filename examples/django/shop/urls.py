"""The pages of the shop: POST /orders?customer=Ada, GET /orders/1, POST /count and GET /count/ID."""

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from shop.models import Order
from shop.tasks import count_receipts, send_receipt


@csrf_exempt
def take_order(request: HttpRequest) -> JsonResponse:
    """Save an order and enqueue its receipt. The task is there once the transaction has committed."""
    with transaction.atomic():
        order = Order.objects.create(customer=request.GET["customer"])
        receipt = send_receipt.enqueue(order.id)
    return JsonResponse({"order": order.id, "task": receipt.id}, status=201)


def show_order(_request: HttpRequest, order_id: int) -> JsonResponse:
    """Tell whether the receipt was sent."""
    order = Order.objects.get(id=order_id)
    return JsonResponse({"customer": order.customer, "is_receipt_sent": order.is_receipt_sent})


@csrf_exempt
def count(_request: HttpRequest) -> JsonResponse:
    """Have a worker count the receipts."""
    return JsonResponse({"task": count_receipts.enqueue().id}, status=202)


def show_count(_request: HttpRequest, task_id: str) -> JsonResponse:
    """Tell how far that is."""
    result = count_receipts.get_result(task_id)
    return JsonResponse({"status": result.status, "receipts": result.return_value if result.is_finished else None})


urlpatterns = [
    path("orders", take_order),
    path("orders/<int:order_id>", show_order),
    path("count", count),
    path("count/<str:task_id>", show_count),
]
