# Everything a person or a machine runs here. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
SHAKEN := tests/unit tests/client tests/integration
.DEFAULT_GOAL := help
.PHONY: help demo test lint types tests shake bench screenshots translations system-packages clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.run

demo: $(VENV)/.run  ## a demo portal with sample data and the app inside it; prints one address to open
	$(BIN)/python -m demo_portal

test: $(VENV)/.dev system-packages lint types tests  ## everything: lint, types, unit, integration and browser tests

lint: $(VENV)/.dev  ## ruff, formatting, and the arrows between the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev  ## mypy --strict
	$(BIN)/mypy

tests: $(VENV)/.dev  ## pytest alone, two tests side by side (WORKERS=4: four; ARGS="tests/unit -x": which and how)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

shake: $(VENV)/.dev  ## the tests with random pauses in threads, HTTP calls, statements; prints its seed (SEED=7: that one)
	$(BIN)/python -m pytest -p tests.shake --shake-seed=$(SEED) -n $(WORKERS) --dist worksteal $(or $(ARGS),$(SHAKEN))

system-packages:  # chromium for the browser tests, LibreOffice for two tests of the workbook: installed where we may
	@sh tools/system-packages.sh

bench: $(VENV)/.dev  ## measure ourselves beside others; writes benchmarks/results.md (ARGS="--quick": does it run?)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(VENV)/.dev system-packages  ## pictures of every state of the page into docs/screenshots/
	$(BIN)/python -m tools.screenshots

translations: $(VENV)/.dev  ## compile the Russian catalogue; English needs none
	$(BIN)/pybabel compile -d bitrix_app/web/translations

clean:  ## remove what was built
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
