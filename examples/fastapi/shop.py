"""A web shop: POST /orders takes an order, GET /orders/ID tells of its receipt, GET /quote waits for a worker."""

import asyncio
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException

from redisched import Scheduler, TaskState
from redisched.config import Settings
from redisched.errors import ResultTimeout
from redisched.starlette import UNAVAILABLE, lifespan_of, scheduler

# However many requests there are at once, they share so many connections; one more hears of ends.
tasks = Scheduler(settings=Settings(max_connections=8))
app = FastAPI(lifespan=lifespan_of(tasks), exception_handlers=UNAVAILABLE)


@tasks.task(queue="mail")
async def send_receipt(order: int) -> str:
    """Send a receipt, which takes a while."""
    await asyncio.sleep(0.1)
    return f"receipt for order {order}"


@tasks.task(queue="quotes", priority=0)
async def quote(item: str) -> float:
    """Ask what an item costs."""
    await asyncio.sleep(0.05)
    return len(item) * 1.5


@app.post("/orders", status_code=202)
async def take_order(order: int) -> dict[str, str]:
    """Enqueue the receipt; the answer does not wait for it."""
    receipt = await send_receipt.enqueue_async(order)
    return {"receipt": receipt.id}


@app.get("/orders/{receipt}")
async def show_order(receipt: str, tasks: Annotated[Scheduler, Depends(scheduler)]) -> dict[str, str]:
    """Tell how far the receipt is."""
    state = await tasks.ref(receipt, queue="mail").status_async()
    if state is TaskState.UNKNOWN:
        raise HTTPException(404, "there is no such receipt, or no longer")
    return {"state": state}


@app.get("/quote")
async def give_quote(item: str) -> dict[str, float]:
    """Have a worker compute the answer, and wait for it."""
    asked = await quote.enqueue_async(item)
    try:
        return {"price": await asked.result_async(timeout=10)}
    except ResultTimeout:
        raise HTTPException(504, "no worker has answered in time") from None
