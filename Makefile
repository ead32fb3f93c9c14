# `make demo` and `make test` need only git, make and Python >= 3.11 with venv; the first call installs everything.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
CONFIG ?= configs/demo.yaml
# Each worker builds a tiny shop of its own first, so more than two gain little.
TEST_WORKERS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install demo test test-all lint ui clean

help:
	@echo "make demo      raw logs of a simulated shop to an evaluated release, with a table of what came out"
	@echo "make test      linters, type checker, import rules, SQL style, the tests but the slow ones"
	@echo "make test-all  the same with every test, and coverage: what CI runs"
	@echo "make ui        the Dagster UI of CONFIG (default configs/demo.yaml) on http://127.0.0.1:3000"
	@echo "make clean     remove everything that was built (not the virtual environment)"

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Sluice needs Python 3.11 or newer; say PYTHON=python3.x" >&2; exit 2; }
	@test -x $(BIN)/python || { echo "creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing torch 2.13.0 (1 of 2)"
	@$(BIN)/python -m pip install --quiet torch==2.13.0
	@echo "installing Sluice and its tools with constraints.txt (2 of 2, a few minutes)"
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/sluice simulate -c configs/demo.yaml
	@$(BIN)/sluice build -c configs/demo.yaml

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint dbt --processes 1

test: lint
	@$(BIN)/pytest -n $(TEST_WORKERS) --dist loadfile -m 'not slow'

test-all: lint
	@$(BIN)/pytest -n $(TEST_WORKERS) --dist loadfile --cov --cov-report=term:skip-covered --cov-fail-under=85

ui: $(STAMP)
	@$(BIN)/sluice ui -c $(CONFIG)

clean:
	rm -rf out dbt/target dbt/logs logs .coverage .pytest_cache .mypy_cache .ruff_cache
