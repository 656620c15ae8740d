# `make help` lists what there is. Everything runs from .venv, which the first target that needs it
# creates from the lock files; PYTHON=… names the interpreter to create it with.

PORT ?= 8000
PYTHON ?=
PYTEST_ARGS ?=

bin := .venv/bin
python := $(bin)/python
sources := $(wildcard moderation site tests benchmarks tools docs manage.py noxfile.py)
typed := $(wildcard moderation site tests benchmarks docs manage.py noxfile.py)

# The pictures that some tests and every evaluation need; tests say so where they are absent.
ifneq ($(wildcard ../shared/corpus/manifest.csv),)
export MODERATION_CORPUS ?= $(abspath ../shared/corpus)
endif

# As an operator would make a key.
random = "$$($(python) -c 'import secrets; print(secrets.token_urlsafe(48))')"

.DEFAULT_GOAL := help
.PHONY: help demo test check fix format lint types imports django django-deploy migrations docs bench mutants package audit lock clean venv

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

venv: ## create or refresh .venv from the lock files
	@PYTHON='$(PYTHON)' sh tools/bootstrap.sh

demo: venv ## show the main job on sample pictures, then serve the site on PORT=8000
	@exec $(python) manage.py demo --port $(PORT)

# A test process for each processor, four at most: each has databases and servers of its own.
parallel := -n auto --maxprocesses 4

# All tests on SQLite, then what touches the database again on a PostgreSQL of the run's own.
test: venv ## run all tests, on SQLite and on PostgreSQL (PYTEST_ARGS=… for a single run of your own)
ifneq ($(PYTEST_ARGS),)
	$(bin)/pytest $(PYTEST_ARGS)
else
	$(bin)/pytest $(parallel)
	TEST_DATABASE=postgres $(bin)/pytest $(parallel) tests/services tests/entrypoints tests/http
endif

check: format lint types imports django django-deploy docs ## format, lint, types, import contracts, Django's checks, migrations, documentation

fix: venv ## format, and mend what the linter can mend by itself
	$(bin)/ruff check --quiet --fix $(sources)
	$(bin)/ruff format --quiet $(sources)

format: venv
	$(bin)/ruff format --check --diff --quiet $(sources)

lint: venv
	$(bin)/ruff check --quiet $(sources)

types: venv
	$(bin)/mypy $(typed)

imports: venv
	PYTHONPATH=site $(bin)/lint-imports

django: venv
	DJANGO_SETTINGS_MODULE=tests.settings $(python) manage.py check --fail-level WARNING
	DJANGO_SETTINGS_MODULE=tests.settings $(python) manage.py makemigrations --check --dry-run

migrations: venv ## write the migrations that changed models want
	DJANGO_SETTINGS_MODULE=tests.settings $(python) manage.py makemigrations

django-deploy: venv
	DEBUG=0 HTTPS=1 ALLOWED_HOSTS=pictures.example DATABASE_URL=sqlite://:memory: \
	SECRET_KEY=$(random) SEAL_KEY=$(random) \
	$(python) manage.py check --deploy --fail-level WARNING

docs: venv ## build the documentation into docs/_build/html; a warning is an error
	$(bin)/sphinx-build -q -E -W --keep-going -b html docs docs/_build/html

bench: ## measure speed and recognition (needs a C++ compiler for pdqhash)
	@PYTHON='$(PYTHON)' sh tools/bootstrap.sh bench
	$(python) -m benchmarks

mutants: ## change policy, radii, reasons and strength in small ways: each change must fail a test
	@PYTHON='$(PYTHON)' sh tools/bootstrap.sh mutants
	rm -rf mutants
	$(bin)/mutmut run
	@! $(bin)/mutmut results | grep .

package: ## build the wheel and the source distribution into dist/, with a bill of materials (CycloneDX)
	@PYTHON='$(PYTHON)' sh tools/bootstrap.sh supply
	rm -rf dist
	$(python) -m build --no-isolation --outdir dist
	.cache/supply/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --of JSON -o dist/site.cdx.json requirements-site.lock

audit: ## look for known faults of what is locked (asks a feed on the internet)
	@PYTHON='$(PYTHON)' sh tools/bootstrap.sh supply
	@.cache/supply/bin/pip-audit --progress-spinner off --disable-pip --require-hashes -r requirements-site.lock || \
	{ echo "If the feed could not be reached, as said above, nothing was checked: run it where it can be." >&2; exit 1; }

lock: venv ## resolve the lock files anew (LOCK_ARGS=--upgrade takes newer versions)
	sh tools/lock.sh $(bin)/uv $(LOCK_ARGS)

clean: ## remove .venv, the demo's data, caches and builds
	rm -rf .venv .demo .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache mutants build dist docs/_build
	find moderation site tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
