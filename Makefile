# Everything a person or a machine runs here. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 3
SHAKEN := tests/unit tests/client tests/integration
.DEFAULT_GOAL := help
COMPILE = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-annotate --custom-compile-command "make requirements"
.PHONY: help demo test lint types tests shake bench screenshots showcase market translations requirements audit system-packages clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/bin/python
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

tests: $(VENV)/.dev  ## pytest alone, three tests side by side: much of a test is waiting (WORKERS=4: four; ARGS="tests/unit -x": which and how)
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

showcase: $(VENV)/.dev  ## sample workbook, its picture, the films of README (LibreOffice and poppler-utils are needed)
	$(BIN)/python -m tools.showcase
	$(BIN)/python -m tools.film

market: $(VENV)/.dev system-packages  ## what the Market's cabinet asks for into dist/market/: texts, icon, screenshots, checklist
	$(BIN)/python -m tools.market

translations: $(VENV)/.dev  ## compile the catalogues: of the pages (Russian; English needs none) and of reports (English)
	$(BIN)/pybabel compile -d bitrix_app/web/translations
	$(BIN)/pybabel compile -d bitrix_app/translations -D report

$(VENV)/.tools: requirements-tools.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-tools.txt
	@touch $@

requirements: $(VENV)/.tools  ## the newest versions and their hashes into requirements*.txt, from the short requirements*.in
	$(COMPILE) requirements-dev.in -o requirements-dev.txt
	for each in requirements requirements-s3 requirements-bench requirements-tools; do \
		$(COMPILE) -c requirements-dev.txt $$each.in -o $$each.txt || exit 1; done

audit: $(VENV)/.tools  ## known holes in the packages that the app runs on, where the database of holes can be reached
	@sh tools/audit.sh $(BIN)/pip-audit requirements.txt requirements-s3.txt

clean:  ## remove what was built
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
