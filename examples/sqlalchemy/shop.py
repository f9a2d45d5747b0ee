"""A shop that keeps orders in a database, and two ways to enqueue with a transaction:

python shop.py order Ada     the receipt is enqueued after the commit
python shop.py charge Ada    the charge is written to an outbox in the same transaction
python shop.py forward       enqueues what is in the outbox, until Ctrl-C
"""

import sys
import time
from typing import Any

from sqlalchemy import JSON, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from redisched import Scheduler
from redisched.sqlalchemy import enqueue_after_commit

app = Scheduler()
engine = create_engine("sqlite:///shop.db")
KNOWN_S = 86_400
"""After its end a task is known for so long; a row that is forwarded again later would be a second task."""


class Base(DeclarativeBase):
    """The tables of the shop."""


class Order(Base):
    """An order of a customer."""

    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str]


class Outbox(Base):
    """A task that is to be enqueued; its row goes once Redis has it."""

    __tablename__ = "outbox"
    # The number of a row is never used again: it names the task.
    __table_args__ = {"sqlite_autoincrement": True}
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    queue: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)


@app.task(name="send_receipt", queue="mail")
def send_receipt(order: int) -> str:
    """Send a receipt. If Redis is away at the commit, it is lost, and that is bearable."""
    return f"receipt for order {order}"


@app.task(name="charge", queue="payments")
def charge(order: int) -> str:
    """Charge for an order. It must not be lost, whatever fails."""
    return f"order {order} is charged"


def place(session: Session, customer: str) -> int:
    """Save an order; its receipt is enqueued once the transaction commits."""
    order = Order(customer=customer)
    session.add(order)
    session.flush()
    enqueue_after_commit(session, send_receipt, order.id)
    return order.id


def place_and_charge(session: Session, customer: str) -> int:
    """Save an order, and in the same transaction that it is to be charged."""
    order = Order(customer=customer)
    session.add(order)
    session.flush()
    session.add(Outbox(name=charge.name, queue="payments", arguments={"order": order.id}))
    return order.id


def forward(session: Session, most: int = 500) -> int:
    """Enqueue the oldest tasks of the outbox, in order; answers how many. Safe to repeat, and to run twice at once: the
    id of a task is that of its row, so what Redis has already is not added again.
    """
    rows = session.scalars(select(Outbox).order_by(Outbox.id).limit(most)).all()
    app.enqueue_many(
        app.request(row.name, kwargs=row.arguments, queue=row.queue, id=f"outbox:{row.id}", retention=KNOWN_S)
        for row in rows
    )
    for row in rows:
        session.delete(row)
    session.commit()
    return len(rows)


def main(command: str, customer: str = "") -> None:
    """Run a command."""
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        if command == "forward":
            while True:
                if not forward(session):
                    time.sleep(0.5)
        order = (place if command == "order" else place_and_charge)(session, customer)
        session.commit()
        print(f"order {order} of {customer} is saved")


if __name__ == "__main__":
    main(*sys.argv[1:])
