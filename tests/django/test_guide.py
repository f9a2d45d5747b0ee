"""The guide to Django is true: its settings are taken, its handler and its test run, and what it names exists."""

import re
import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.test import override_settings
from starlette.testclient import TestClient

from redisched.django.backend import OPTIONS, RedischedBackend
from redisched.django.management.commands.redisched import TARGET
from redisched.django.settings import AFTER_COMMIT, IMPORTS, read_settings

TEXT = (Path(__file__).parents[2] / "docs" / "guides" / "django.md").read_text(encoding="utf-8")
SETTINGS, HANDLER, TASKS, DASHBOARD, TEST = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def executed(code: str, folder: Path, name: str = "guide") -> dict[str, Any]:
    """The variables of a program in a file of this name."""
    file = folder / f"{name}.py"
    file.write_text(code)
    return runpy.run_path(str(file), run_name=name)


def test_the_settings_of_the_guide_are_taken(tmp_path: Path) -> None:
    given = executed(SETTINGS, tmp_path)["REDISCHED"]
    with override_settings(REDISCHED=given):
        project = read_settings()
    assert project.settings.url == given["URL"]
    assert project.enqueues_after_commit

    backend = executed(TASKS, tmp_path)["TASKS"]["default"]
    assert backend["BACKEND"] == f"{RedischedBackend.__module__}.{RedischedBackend.__qualname__}"
    assert RedischedBackend("guide", backend).queues == {"default", "reports"}


def test_the_dashboard_of_the_guide_is_beside_the_site(tmp_path: Path) -> None:
    with override_settings(ALLOWED_HOSTS=["shop.example.com"]):
        application = executed(DASHBOARD, tmp_path)["application"]
    with TestClient(application, "http://shop.example.com") as client:
        assert "<title>redisched</title>" in client.get("/ops/tasks/").text
        assert client.get("/ops/tasks/api/v1/overview").status_code == 401


def test_the_guide_names_what_there_is() -> None:
    for name in (*OPTIONS, IMPORTS, AFTER_COMMIT):
        assert f"`{name}`" in TEXT, name
    assert f"redisched worker {TARGET}`" in TEXT


def test_the_handler_and_the_test_of_the_guide_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = SimpleNamespace(id=5, customer="Ada")
    models, tasks = ModuleType("shop.models"), ModuleType("shop.tasks")
    models.__dict__["Order"] = SimpleNamespace(objects=SimpleNamespace(get=lambda id: order))
    monkeypatch.setitem(sys.modules, "shop.models", models)
    monkeypatch.setitem(sys.modules, "shop.tasks", tasks)
    tasks.__dict__.update(executed(HANDLER, tmp_path, "shop.tasks"))

    executed(TEST, tmp_path)["test_a_receipt_is_sent"](order)
