# What is done every day, in one word each. The environment is that of CONTRIBUTING.md; .ci/run makes one of its own.

.PHONY: check test nightly bench docs

check:
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

test:
	.venv/bin/pytest

nightly:
	.venv/bin/pytest -m nightly

bench:
	.venv/bin/redisched bench

docs:
	.venv/bin/python -m zensical build --strict --clean
