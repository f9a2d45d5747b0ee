"""A web shop with regular work: a report every night, carts that are cleared, and reminders that customers set."""

from datetime import UTC, date, datetime, timedelta

from redisched import Scheduler, current_task
from redisched.config import Settings
from redisched.errors import UnknownSchedule

# The name under which this code declares its schedules stays the same if the file is renamed.
app = Scheduler(settings=Settings(application="shop"))


@app.cron("0 3 * * *", tz="Europe/Berlin", overlap="skip")
@app.task(name="report", queue="reports")
def report(day: date | None = None) -> str:
    """Add up what was sold on a day, by default the one before."""
    return f"report for {day or datetime.now(UTC).date() - timedelta(days=1)}"


@app.every("1m", name="carts", jitter="10s", expires=60, misfire="skip")
@app.task(name="clear_carts")
async def clear_carts() -> str:
    """Empty carts that nobody has touched for a day."""
    return f"carts cleared by {current_task().id}"


@app.task(name="remind", queue="mail")
def remind(customer: str) -> str:
    """Write to a customer."""
    return f"{customer} is reminded"


def set_reminder(customer: str, weekday: str, tz: str) -> None:
    """Remind a customer at nine o'clock on a weekday, such as FRI, where they live. The latest call holds."""
    name, expression = f"remind:{customer}", f"0 9 * * {weekday}"
    try:
        app.schedules.change(name, queue="mail", cron=expression, tz=tz)
    except UnknownSchedule:
        app.schedules.add(name, remind, args=[customer], cron=expression, tz=tz)


if __name__ == "__main__":
    set_reminder("ada", "FRI", "Europe/London")
    set_reminder("grace", "MON", "America/New_York")
    for schedule in app.schedules.ls():
        print(f"{schedule.name}: {schedule.words}, next {schedule.next_at}")
    print(app.schedules.run("remind:ada").result(timeout=60))
