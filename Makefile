# Every task of the project; `make` alone lists them. CI calls the same ones.
#   PYTHON=/path/to/python3   the Python to set up with (3.11 or newer; remembered until `make clean`)
#   ARGS="..."                further words for kafalat, pytest or the benchmarks
PYTHON ?=
ARGS ?=
BIN := .venv/bin
# Messages are printed in Urdu too, whatever the terminal's language is set to.
export PYTHONUTF8 := 1
# Containers often forbid Python to keep what it compiled; each of our many short processes would compile for seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo serve test check bench prove lock clean

help: ## List these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

setup: ## Set everything up in this folder: Python packages, front-end files, translations
	@python=$$(sh tools/python.sh "$(PYTHON)") && "$$python" tools/install.py run

setup-dev: ## The same, with what it takes to test and check
	@python=$$(sh tools/python.sh "$(PYTHON)") && "$$python" tools/install.py dev

demo: setup ## Run the whole chain on a synthetic population, then serve the console
	@$(BIN)/kafalat demo $(ARGS)

serve: setup ## Serve the console on what is in the home folder
	@$(BIN)/kafalat serve $(ARGS)

test: setup-dev ## Run all tests (ARGS="-k words" picks some)
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup-dev ## Check style, types and the direction of imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup-dev ## Measure speed and memory, and write the table to benchmarks/
	@$(BIN)/python -m benchmarks $(ARGS)

prove: setup-dev ## Run the long proofs (an hour and a half) and write what they counted to docs/proof/
	@KAFALAT_PROVE_REPORT_DIR=docs/proof $(BIN)/pytest -m prove --hypothesis-seed=20261121 $(ARGS); \
		code=$$?; $(BIN)/python tools/proofs.py docs/proof; exit $$code

LOCK := $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS)
lock: setup ## Write the lock files anew from pyproject.toml and package.json (ARGS=--upgrade for newest)
	@$(LOCK) requirements/bootstrap.in -o requirements/bootstrap.txt
	@$(LOCK) requirements/node.in -o requirements/node.txt
	@$(LOCK) pyproject.toml --extra demo --extra build -o requirements/run.txt
	@$(LOCK) pyproject.toml --all-extras -c requirements/run.txt -o requirements/dev.txt
	@PATH="$$PWD/$(BIN):$$PATH" npm install --package-lock-only --no-audit --no-fund

clean: ## Remove what set-up and checks made; the home folder stays
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -rf src/kafalat/interfaces/static/vendor
	@find $(wildcard src tests tools benchmarks) -name __pycache__ -prune -exec rm -rf {} +
	@find src -name '*.mo' -exec rm -f {} +
