# One obvious way to work. `make help` lists the targets.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
# `make test PYTEST="tests/normalise -x"` runs a part.
PYTEST ?= tests

.DEFAULT_GOAL := help
.PHONY: help install run test lint format bench soak fuzz docs lock kafka kafka-jars tools clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: $(STAMP) ## Make the environment in .venv

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

run: install ## Start the whole pipeline on the embedded log, fed by a simulated wire
	$(BIN)/newswire demo

kafka-jars:
	@if command -v mvn >/dev/null && command -v java >/dev/null; then \
		mvn -q -B -f deploy/kafka/pom.xml package; \
	fi

kafka: kafka-jars ## Run one Apache Kafka broker on loopback, port 9092
	deploy/kafka/broker

tools: install ## Fetch helm and kubectl, which judge the chart
	@test -x $(BIN)/helm || $(BIN)/python deploy/helm/tools.py $(BIN)

test: install kafka-jars ## Run every test
	$(BIN)/python -m pytest $(PYTEST)

lint: install ## Style, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install ## Put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install kafka-jars ## Measure speed; ratios in one run
	@missed=0; for bench in tests/bench/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench || missed=1; done; \
	if [ $$missed -eq 1 ]; then echo "at least one goal was missed"; exit 1; fi

soak: install kafka-jars ## The long forms of the fault runs
	$(BIN)/python -m pytest tests -m slow --timeout 3600

fuzz: install ## Look for input that breaks a parser; FUZZ="--seconds 600 --seeds FOLDER"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check atheris==3.0.0
	$(BIN)/python scripts/fuzz_formats.py $(FUZZ)

docs: install ## Generate the reference pages and schemas
	$(BIN)/python scripts/generate_docs.py

lock: install ## Refresh requirements.lock
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url --universal \
		--python-version 3.11 --no-header --upgrade --quiet -o requirements.lock

clean: ## Remove what was built, not what was stored
	rm -rf .venv build dist deploy/kafka/target .pytest_cache .mypy_cache .ruff_cache
