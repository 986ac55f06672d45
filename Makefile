# Fireline's front door. `make` alone says what there is.
#
#   PYTHON=python3.12   which Python makes the environment (3.11 or newer)
#   VENV=/some/where    where it is made (default: .venv)
#   HEADLESS=1          `make demo` plays the whole story by itself
#   KILLS=1000          how often `make crash` kills at random instants
#   SHARE=0.3           how much of the crash points' matrix `make crash` goes through, drawn by a seed
#   EXAMPLES=20000      how many lives `make any-order` leads each kind of run
#   JOBS=8              how many tests run at once (default: two more than there are processors, for many of them wait)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

PYTHON ?= python3
VENV ?= .venv
JOBS ?= $(shell echo $$(($$(nproc 2>/dev/null || echo 2) + 2)))
HEADLESS ?=
KILLS ?= 200
SHARE ?= 1
EXAMPLES ?= 3000
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-input --constraint constraints.txt
COVERAGE_FLOOR := 88
MEASURED := tests/unit tests/contract tests/architecture tests/docs
STORIES := tests/integration tests/acceptance tests/crash tests/live
# pytest ends with 5 where nothing fits: that is fine in one half of the tests when somebody chose by ARGS.
UNLESS_CHOSEN := $(if $(ARGS),|| [ $$? -eq 5 ],)

.PHONY: help install demo serve lint types imports format test quick unit bench crash any-order coverage lock docs screenshots docker-lint clean clean-all

help: ## Say what there is
	@echo "Fireline: incidents in Slack, runbooks as code."; echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s%s\n", $$1, $$2}'
	@echo; echo "Set PYTHON=python3.12, VENV=…, HEADLESS=1, JOBS=4, ARGS='…' as needed."

# ------------------------------------------------------------------------------------------------------- environment

# Three stamps in one environment: it exists, it can run Fireline, it can test Fireline. Only a change of what is
# declared or locked installs again.
$(VENV)/.made:
	@.ci/make-venv "$(PYTHON)" "$(VENV)"
	@touch $@

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "Installing Fireline into $(VENV) …"
	@$(PIP) hatchling editables
	@$(PIP) --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@echo "Installing what the tests need into $(VENV) …"
	@$(PIP) --no-build-isolation --editable '.[dev,postgres]'
	@touch $@

install: $(VENV)/.runtime ## Make .venv with Fireline in it

# --------------------------------------------------------------------------------------------------------------- run

demo: $(VENV)/.runtime ## Play an incident from the alert to the postmortem (HEADLESS=1: without a browser)
	@$(BIN)/fireline demo $(if $(filter-out 0 no false,$(HEADLESS)),--headless) $(ARGS)

serve: $(VENV)/.runtime ## Run Fireline with the settings in fireline.yaml
	@$(BIN)/fireline serve $(ARGS)

# ------------------------------------------------------------------------------------------------------------- check

lint: $(VENV)/.dev ## Style, formatting, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

types: $(VENV)/.dev ## Types alone
	$(BIN)/mypy

imports: $(VENV)/.dev ## Import contracts alone
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev ## Rewrite the code as the formatter wants it
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

# Coverage is measured where code is called by its tests. The stories start whole processes, which measuring would slow
# by half: what they alone reach, they tell by how they end.
test: lint ## Everything that must hold: lint, all tests, coverage
	@rm -f .coverage .coverage.*
	$(BIN)/pytest -n $(JOBS) --dist loadgroup --cov --cov-report= $(MEASURED) $(ARGS) $(UNLESS_CHOSEN)
	$(BIN)/python .ci/coverage_floor.py --all $(COVERAGE_FLOOR)
	$(BIN)/pytest -n $(JOBS) --dist loadgroup $(STORIES) $(ARGS) $(UNLESS_CHOSEN)

quick: $(VENV)/.dev ## The tests of seconds: no real parts, no browser, nothing slow
	$(BIN)/pytest -n $(JOBS) -m "not slow and not needs" $(MEASURED) $(ARGS)

bench: $(VENV)/.dev ## Measure (alone on the machine, please)
	$(BIN)/pytest tests/benchmarks -p no:xdist -s --timeout=600 $(ARGS)

crash: $(VENV)/.dev ## Kill Fireline at every crash point, many times over (half an hour)
	CRASH_MATRIX=1 CRASH_KILLS=$(KILLS) CRASH_SHARE=$(SHARE) $(BIN)/pytest tests/crash -n $(JOBS) --dist worksteal -s --timeout=7200 $(ARGS)

any-order: $(VENV)/.dev ## Let anything happen to runs in any order, thousands of times over (minutes)
	ANY_ORDER_EXAMPLES=$(EXAMPLES) $(BIN)/pytest tests/unit/conductor -k any_order -n $(JOBS) --timeout=7200 $(ARGS)

coverage: $(VENV)/.dev ## Coverage of the last `make test`, by room
	$(BIN)/python .ci/coverage_floor.py --all $(COVERAGE_FLOOR)

docker-lint: $(VENV)/.dev ## Check the Dockerfile
	$(BIN)/hadolint Dockerfile

# -------------------------------------------------------------------------------------------------------------- keep

docs: $(VENV)/.dev ## Write the generated pages anew (settings, …)
	$(BIN)/python .ci/write_docs.py

screenshots: $(VENV)/.dev ## Play the demo in a browser and take the pictures in docs/images
	$(BIN)/python .ci/screenshots.py $(ARGS)

lock: $(VENV)/.dev ## Resolve the newest versions that pyproject.toml allows into constraints.txt
	.ci/lock "$(VENV)"

clean: ## Remove caches and what a demo wrote
	rm -rf .coverage .coverage.* htmlcov .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	rm -rf fireline-data
	find bot integrations tests .ci -name __pycache__ -type d -prune -exec rm -rf {} +

clean-all: clean ## Remove .venv too
	@if [ ! -e $(VENV) ] || [ -e $(VENV)/.fireline ]; then rm -rf $(VENV); else echo "$(VENV) was not made by this Makefile: it stays."; fi
