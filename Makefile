# Everything here needs only Python 3.11 or newer, make and a package index. Each target sets up .venv itself; when
# .venv is up to date, that costs nothing. Choose an interpreter with `make PYTHON=python3.13 …`.

BIN := .venv/bin
ARGS ?=
# Python that may not keep compiled modules starts several times slower.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check lint proof bench bench-clocks bench-tagging bench-blind bench-people bench-trends books \
	weights lock venv clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: venv ## five days of a shop's complaints in about a minute, with a crash in the middle
	@$(BIN)/amends demo $(ARGS)

test: venv ## the tests; ARGS="tests/unit -k merge" for some of them
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: lint test ## what has to pass before a merge: lint, types, import rules, tests

lint: venv ## style, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

proof: venv ## the long proof: crashes, lost answers and dishonest networks, for as long as it takes
	@$(BIN)/python tests/proof/run.py $(ARGS)

bench: venv ## speed, as ratios against bare loops and other libraries; ARGS="--help" for choices
	@$(BIN)/python -m benchmarks.run $(ARGS)

bench-clocks: venv ## what working time and sweeps cost, beside other ways; ARGS="--peers --write"
	@$(BIN)/python -m benchmarks.clocks $(ARGS)

bench-tagging: venv ## how good and how fast tagging is, on the corpora in AMENDS_CORPORA
	@$(BIN)/python -m benchmarks.tagging $(ARGS)

bench-blind: venv ## how good tagging is on messages by authors who saw neither its phrases nor its examples
	@$(BIN)/python -m benchmarks.blind $(ARGS)

bench-people: venv ## how well and how fast people are told apart, on generated cities; ARGS="--write"
	@$(BIN)/python -m benchmarks.people $(ARGS)

bench-trends: venv ## how often a jump is found and how often a false alarm raised; ARGS="--seeds 5 --write"
	@$(BIN)/python -m benchmarks.trends $(ARGS)

books: venv ## pack the shipped phrase books and the letters of languages, after a book or `eld` was changed
	@$(BIN)/python -c "from connector.settings.packed_books import main; main()"
	@$(BIN)/python -m benchmarks.letters

weights: venv ## build the model that ships from the corpora in AMENDS_CORPORA; ARGS=--check to compare only
	@$(BIN)/python -m benchmarks.weights $(ARGS)

lock: venv ## pin the dependencies with their hashes; ARGS=--upgrade for newer versions
	@.ci/lock $(ARGS)

venv: ## set up .venv, if it is not up to date
	@.ci/setup

clean: ## remove what can be made again
	@rm -rf .venv .amends-demo .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	@find . -type d -name __pycache__ -not -path './.git/*' -exec rm -rf {} +
