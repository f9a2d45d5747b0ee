"""Each screen where there is nothing to see yet."""

import pytest

from tests.web.page.conftest import OpenTab

pytestmark = pytest.mark.measured

EMPTY = {
    "#/": ("Overview", "redisched enqueue NAME 1 2"),
    "#/tasks": ("Tasks", "redisched enqueue NAME 1 2"),
    "#/tasks?filter=state%3Adead": ("Tasks", "redisched task ls state:any"),
    "#/task/nothing": ("Task", "task 'nothing' is unknown"),
    "#/dead": ("Dead", "redisched dead ls --watch"),
    "#/dead?filter=queue%3Amail": ("Dead", "redisched dead ls"),
    "#/workers": ("Workers", "redisched worker MODULE:APP"),
    "#/audit": ("Audit", "Nobody did anything"),
    "#/schedules": ("Schedules", "redisched schedule add"),
}


def test_an_empty_screen_says_what_to_do_next(open_tab: OpenTab, own_shop: str) -> None:
    tab = open_tab(own_shop)
    tab.allowed = ("404",)
    for path, (title, text) in EMPTY.items():
        tab.page.set_viewport_size({"width": 1280, "height": 800})
        tab.open(path, title)
        tab.sees(text)
        tab.check_access()
        tab.page.set_viewport_size({"width": 390, "height": 800})
        tab.check_width()
