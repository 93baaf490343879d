.DEFAULT_GOAL := help
.PHONY: help setup demo preview check test test-all suite unit parse lint ruff mypy sqlfluff docs bench bench-stats \
	datalens-smoke clean lock java

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# processes take files one by one, in the order of tests/conftest.py
PYTEST := $(BIN)/pytest --dist loadfile --no-loadscope-reorder
TESTS := tests
DEMO_LOG := data/demo/dataset_telemetry.csv

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

java:
	@PYTHONPATH=python $(PYTHON) -m business_telemetry.java

setup: java $(VENV)/.installed profiles.yml ## install everything into .venv

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 setup")'
	@echo "Installing the locked dependencies into $(VENV), this takes a few minutes the first time"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -W ignore -m business_telemetry.java --archive
	@touch $@

profiles.yml:
	@cp profiles.yml.example profiles.yml

demo: setup $(DEMO_LOG) ## generate a log, ingest it, build and test every mart, make the docs
	@$(BIN)/telemetry ingest $(DEMO_LOG) --log demo
	@$(BIN)/dbt build --exclude-resource-type unit_test
	@$(BIN)/dbt docs generate --no-compile --quiet
	@$(BIN)/telemetry summary

$(DEMO_LOG):
	@mkdir -p $(@D)
	@$(BIN)/telemetry generate $(DEMO_LOG) --sessions 300000 --users 4000 --days 736 --bad-rate 0.01 \
		--promotions --lost-day 2023-06-20 --seed 2115

preview: setup ## the dashboard in the browser, http://127.0.0.1:8765/
	@$(BIN)/telemetry preview

check: setup ## before each commit: lint, dbt's parse and the quick unit tests
	@$(MAKE) --no-print-directory -j2 lint parse unit

test: setup ## every check but the longest sweeps: lint, types, unit, functional and dbt tests
	@$(MAKE) --no-print-directory -j4 suite lint

# three processes for two cores, since tests also wait
suite: setup ## the tests alone, or some of them: make suite TESTS=tests/unit
	@$(PYTEST) -n 3 $(TESTS)

test-all: setup lint ## the longest sweeps too, as every night
	@$(PYTEST) -n 3 -m "" $(TESTS)

unit: setup
	@$(PYTEST) -n 2 -q -m "not slow" tests/unit

parse: setup
	@$(BIN)/dbt parse --warn-error --quiet

lint: ruff mypy sqlfluff ## ruff, mypy, sqlfluff

ruff: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

mypy: setup
	@$(BIN)/mypy

sqlfluff: setup
	@$(BIN)/sqlfluff lint models tests/dbt

docs: setup ## dbt docs as one static page, target/static_index.html
	@$(BIN)/dbt docs generate --static

bench: setup ## speed and memory on 6.5M rows, as ratios to plain ClickHouse; SCALE=10: on ten times as many
	@$(BIN)/python -m bench$(if $(SCALE),.scale $(SCALE))

datalens-smoke: setup ## live test of the DataLens deploy, needs an account (docs/datalens.md)
	@$(BIN)/telemetry datalens smoke

bench-stats: setup ## anomalies and the forecast on labelled logs, beside simple methods (about five minutes)
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.stats

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-strip-extras --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --upgrade \
		pyproject.toml --output-file requirements.lock

clean: ## remove everything that these commands made, except .venv
	rm -rf target logs data warehouse spark-warehouse
