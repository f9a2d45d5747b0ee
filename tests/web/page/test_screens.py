"""Each screen of a full shop: what it shows, at three sizes and in both themes, and that everybody can use it."""

import pytest
from playwright.sync_api import expect

from tests.waiting import wait_until
from tests.web.page.conftest import OpenTab

pytestmark = pytest.mark.measured

COLOURS_DRAWN = """() => {
  const canvas = document.querySelector(".plot canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const found = new Set();
  for (let at = 0; at < data.length; at += 4) found.add(data.slice(at, at + 4).join(","));
  return [...found];
}"""
SIZES = (1280, 768, 390)
SCREENS = {
    "#/": ("Overview", "No live worker serves queue thumbnails"),
    "#/tasks": ("Tasks", "mail.send"),
    "#/tasks?filter=state%3Asucceeded": ("Tasks", "prices.update"),
    "#/task/charge-again?queue=billing": ("Task", "ConnectionError: connection reset by peer"),
    "#/task/import-prices": ("Task", "read 420 rows"),
    "#/dead": ("Dead", "TimeoutError: gateway did not answer within <n> s"),
    "#/workers": ("Workers", "web-3:4121"),
    "#/schedules": ("Schedules", "at 03:00 every day, Berlin time"),
    "#/audit": ("Audit", "state:dead name:payments.*"),
    "#/nowhere": ("Nothing here", "There is no such screen"),
}


@pytest.mark.parametrize("path", SCREENS)
def test_a_full_screen_can_be_used_by_everybody_at_any_size(open_tab: OpenTab, full_shop: str, path: str) -> None:
    title, text = SCREENS[path]
    tab = open_tab(full_shop)
    tab.open(path, title)
    tab.sees(text)
    tab.check_access()
    for width in SIZES:
        tab.page.set_viewport_size({"width": width, "height": 900})
        tab.check_width()
        tab.check_tables()
    tab.page.emulate_media(color_scheme="dark")
    tab.check_access()


# ---- overview


def test_what_is_wrong_comes_first_with_the_one_thing_to_do(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/", "Overview")
    findings = tab.page.locator(".finding")
    expect(findings.first).to_contain_text("No live worker serves queue thumbnails. 12 tasks wait")
    expect(findings.filter(has_text="Queue exports is paused")).to_contain_text("7 tasks wait")
    slow = "payments.charge slowed down in the last hour: p95 run 4.0 s, 499 ms in the day before"
    expect(findings.filter(has_text="slowed down")).to_contain_text(slow)
    expect(findings.last).to_contain_text("6 tasks are dead")
    findings.first.get_by_role("button").click()
    expect(findings.first).to_contain_text("copied")
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    assert copied == "redisched worker MODULE:APP --queues thumbnails"


def test_why_ready_tasks_do_not_run_is_said_with_their_number(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/", "Overview")
    rows = tab.page.get_by_role("region", name="Why ready tasks do not run").locator("tbody tr")
    expect(rows).to_have_count(3)
    for row, (count, queue, sentence) in enumerate(
        (
            ("12", "thumbnails", "No live worker serves queue thumbnails."),
            ("7", "exports", "Queue exports is paused: "),
            ("40", "mail", "Workers of queue mail take them, the better ones first: 9 of 16 slots are free."),
        )
    ):
        expect(rows.nth(row).locator("td").first).to_have_text(count)
        expect(rows.nth(row).locator("th")).to_have_text(queue)
        expect(rows.nth(row)).to_contain_text(sentence)
    expect(rows.nth(0)).to_contain_text("redisched worker MODULE:APP --queues thumbnails")
    tab.sees("59 tasks in all")
    rows.nth(0).locator("td a").first.click()
    expect(tab.page.locator("#filter")).to_have_value("state:ready queue:thumbnails")
    expect(tab.page.locator("tbody tr")).to_have_count(12)


@pytest.mark.parametrize(
    ("queue", "column", "shown", "first"),
    [
        ("mail", 1, "40", "mail.send"),
        ("reports", 2, "30", "reports.weekly"),
        ("billing", 3, "1", "payments.charge"),
        ("imports", 4, "1", "imports.read"),
        ("imports", 5, "1", "imports.read"),
    ],
)
def test_every_number_leads_to_the_tasks_it_counts(
    open_tab: OpenTab, full_shop: str, queue: str, column: int, shown: str, first: str
) -> None:
    tab = open_tab(full_shop)
    tab.open("#/", "Overview")
    table = tab.page.get_by_role("region", name="Queues")
    cell = table.locator("tbody tr", has_text=queue).locator("th, td").nth(column)
    expect(cell).to_have_text(shown)
    cell.locator("a").click()
    expect(tab.page.locator("h1")).to_have_text("Tasks")
    expect(tab.page.locator("tbody tr")).to_have_count(int(shown))
    expect(tab.page.locator("tbody tr").first).to_contain_text(first)


@pytest.mark.parametrize(("tile", "shown"), [("retrying", "1"), ("running", "1"), ("scheduled", "30"), ("dead", "6")])
def test_every_sum_leads_to_the_tasks_it_counts(open_tab: OpenTab, full_shop: str, tile: str, shown: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/", "Overview")
    found = tab.page.locator(".tile", has_text=tile)
    expect(found.locator("b")).to_have_text(shown)
    found.click()
    expect(tab.page.locator("h1")).to_have_text("Dead" if tile == "dead" else "Tasks")
    if tile != "dead":
        expect(tab.page.locator("tbody tr")).to_have_count(int(shown))


def test_the_chart_shows_an_hour_a_day_and_a_week(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/", "Overview")
    chart = tab.page.locator(".plot")
    for name in ("24 h", "7 d", "1 h"):
        tab.click(name)
        expect(chart.locator("canvas")).to_be_visible()
    said = chart.get_attribute("aria-label") or ""
    assert "succeeded" in said
    assert "p95 wait" in said


def test_the_chart_has_the_colours_of_the_theme(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop, theme="dark")
    tab.open("#/", "Overview")
    expect(tab.page.locator(".plot canvas")).to_be_visible()
    wait_until(lambda: "255,128,121,255" in tab.page.evaluate(COLOURS_DRAWN), "failures are drawn in the dark")
    tab.click("light or dark")
    wait_until(lambda: "189,39,33,255" in tab.page.evaluate(COLOURS_DRAWN), "failures are drawn in the light")


def test_ready_tasks_are_counted_by_priority(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/", "Overview")
    bars = tab.page.locator(".bars li")
    expect(bars).to_have_count(5)
    assert [" ".join(bars.nth(index).inner_text().split()) for index in range(5)] == [
        "0 8",
        "3 8",
        "5 27",
        "7 8",
        "9 8",
    ]


# ---- tasks


def test_a_filter_is_in_the_address_and_says_what_is_wrong_with_it(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/tasks", "Tasks")
    expect(tab.page.locator("tbody tr")).to_have_count(50)
    tab.press("/")
    expect(tab.page.locator("#filter")).to_be_focused()
    tab.page.keyboard.type("state:de")
    tab.press("ArrowDown", "Enter")
    tab.page.keyboard.type("name:payments.*")
    tab.press("Enter")
    expect(tab.page.locator("tbody tr")).to_have_count(6)
    assert "filter=state%3Adead+name%3Apayments.*" in tab.page.url
    tab.page.reload()
    expect(tab.page.locator("tbody tr")).to_have_count(6)
    expect(tab.page.locator("#filter")).to_have_value("state:dead name:payments.*")
    tab.allowed = ("400",)
    tab.page.locator("#filter").fill("state:dad")
    tab.press("Enter")
    tab.sees("did you mean dead")


def test_pages_follow_each_other(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/tasks", "Tasks")
    expect(tab.page.locator("tbody tr")).to_have_count(50)
    tab.click("Next page")
    expect(tab.page.locator("tbody tr")).to_have_count(40)
    tab.page.go_back()
    expect(tab.page.locator("tbody tr")).to_have_count(50)


# ---- one task


def test_a_task_says_why_it_does_not_run_and_what_happened_to_it(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/task/charge-again?queue=billing", "Task")
    tab.sees("The task has failed in 2 attempts")
    expect(tab.page.locator(".life .span")).to_have_count(7)
    expect(tab.page.locator(".life .planned")).to_have_count(1)
    expect(tab.page.locator("pre").first).to_contain_text('raise TimeoutError("gateway did not answer within 5 s")')
    expect(tab.page.locator(".pairs").first).to_contain_text("hidden")
    tab.press("y")
    tab.sees("copied")
    assert tab.page.evaluate("navigator.clipboard.readText()") == (
        'app.enqueue("payments.charge", 42, kwargs={"amount": 19.9, "card_token": "[redacted]"}, '
        'queue="billing", priority=3)'
    )


def test_a_running_task_shows_its_progress_and_its_log(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/task/import-prices", "Task")
    tab.sees("42 %")
    expect(tab.page.locator(".log > div")).to_have_count(2)
    tab.sees("The task runs: worker worker-1 began it")


def test_the_result_of_a_task_is_shown(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/tasks?filter=state%3Asucceeded", "Tasks")
    tab.row("prices.update").get_by_role("link").click()
    tab.sees('"currency": "EUR"')


# ---- dead, workers, schedules


def test_dead_tasks_are_grouped_by_their_error(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/dead", "Dead")
    rows = tab.page.locator("tbody tr")
    expect(rows).to_have_count(2)
    tab.row("has no address").get_by_role("link").first.click()
    expect(tab.page.locator("h1")).to_have_text("Tasks")
    expect(rows).to_have_count(3)


def test_a_worker_shows_what_it_runs_and_what_comes_next(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/workers", "Workers")
    expect(tab.page.get_by_label("7 of 16 slots run, 6 next, 3 about to fall due")).to_be_visible()
    expect(tab.row("gpu-1:911")).to_contain_text("quiet")
    tab.row("web-3:4122").get_by_role("link", name="imports.read").click()
    tab.sees("The task runs")


def test_a_schedule_says_when_its_next_five_slots_are(open_tab: OpenTab, full_shop: str) -> None:
    tab = open_tab(full_shop)
    tab.open("#/schedules", "Schedules")
    row = tab.row("nightly-report")
    expect(row.locator("ol li")).to_have_count(5)
    assert "03:00 +01:00" in row.locator("ol li").first.inner_text()
    expect(tab.row("check-stock")).to_contain_text("paused")
