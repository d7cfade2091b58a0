# Every task of the project. Each sets itself up first; a set-up that is current costs a few milliseconds.
#   PYTHON=python3.12   the interpreter of a new .venv (3.11 or newer; found by itself when not given)
#   ARGUMENTS="..."     passed on to `waystation serve`, pytest or the benchmark

.DEFAULT_GOAL := help
.PHONY: help run setup test check lint type layers format bench fuzz stress chaos reference package lock train-router eval-router clean

BIN := .venv/bin
SOURCES := src tests scripts bench
PYTHON ?=
ARGUMENTS ?=
SET_UP := PYTHON="$(PYTHON)" sh scripts/setup.sh

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

run: ## Set up what serving needs, migrate, start the gateway, print its address, a key and a curl line
	@$(SET_UP) run
	@exec $(BIN)/waystation serve $(ARGUMENTS)

setup: ## Set up everything for running, testing and developing
	@$(SET_UP) dev

ifeq ($(CI),true)
test: ## Run all tests; with CI=true the same as `make check`
	@sh scripts/timed.sh "make test" $(MAKE) --no-print-directory check
else
test:
	@$(SET_UP) dev
	@sh scripts/timed.sh "make test" $(BIN)/python -m pytest $(ARGUMENTS)
endif

check: ## Lint, types, layers and tests
	@$(SET_UP) dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(ARGUMENTS)

lint: ## Rules of style
	@$(SET_UP) dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

type: ## Types, strictly
	@$(SET_UP) dev
	$(BIN)/mypy

layers: ## Who may import whom
	@$(SET_UP) dev
	$(BIN)/lint-imports

format: ## Format the sources and mend what can be mended by itself
	@$(SET_UP) dev
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: ## Measure this gateway beside nginx and its upstream (Linux)
	@$(SET_UP) bench
	$(BIN)/python bench/planning.py
	$(BIN)/python bench/accounting.py
	$(BIN)/python bench/run.py $(ARGUMENTS)

fuzz: ## Throw random input at what reads input: the files tests/**/fuzz_*.py
	@$(SET_UP) dev
	$(BIN)/python -m pytest tests -o "python_files=fuzz_*.py" $(ARGUMENTS)

stress: ## 200 clients at once on a key with ten cents left, 20 times, with 2 and 4 workers
	@$(SET_UP) dev
	$(BIN)/python tests/chaos/stress.py $(ARGUMENTS)

chaos: ## Kill workers and spoil disk and database under load (ARGUMENTS="--rounds 50"), then look for every record
	@$(SET_UP) dev
	$(BIN)/python tests/chaos/disasters.py $(ARGUMENTS)

reference: ## Write docs/reference anew from the code
	@$(SET_UP) dev
	WRITE_REFERENCE=1 $(BIN)/python -m pytest -q tests/test_reference_pages.py

package: ## Build wheel and sdist into dist/ and prove that the wheel runs from an empty environment
	@$(SET_UP) dev
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	@sh scripts/prove-wheel.sh

lock: ## Lock the newest allowed versions that are not locked yet (ARGUMENTS=--upgrade: all), with hashes
	@$(SET_UP) dev
	@sh scripts/lock.sh $(ARGUMENTS)

train-router: ## Make the auto router's weights anew, bit for bit (ARGUMENTS=FILE: into that file; minutes)
	@sh scripts/router/run.sh train.py $(ARGUMENTS)

eval-router: ## Print the auto router's figures, each beside its floor and goal (minutes)
	@sh scripts/router/run.sh evaluate.py $(ARGUMENTS)

clean: ## Remove what was built or cached; .venv and data stay
	rm -rf build dist .envs .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis .import_linter_cache
	$(MAKE) -C bench clean
	find src tests scripts bench -name __pycache__ -type d -prune -exec rm -rf {} +
