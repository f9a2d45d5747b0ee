"""What holds for every test: the surroundings cannot reach in, and no test fails for being slow."""

import pytest
from hypothesis import settings

# A slow machine is not a bug, and an example found in CI must be found again at home.
settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def no_redis_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests use servers of their own, never the one that a developer's environment names."""
    monkeypatch.delenv("REDISCHED_URL", raising=False)
