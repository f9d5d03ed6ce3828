# The project's commands. `make demo` and `make test` need Python >= 3.11 and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Seconds after which `make fuzz` begins no further round.
FUZZ_SECONDS ?= 600

.PHONY: demo test check test-real test-openapi fuzz bench lock audit sbom clean

demo: $(VENV)/demo.stamp
	@$(BIN)/python -m proxy demo

test: check
	$(BIN)/pytest -n 3 --dist loadgroup --cov --cov-report=term-missing:skip-covered

check: $(VENV)/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/pytest -q tests/test_architecture.py

test-real: $(VENV)/real.stamp
	$(BIN)/pytest -m real tests/real

# Everything that `python -m benchmarks --help` knows goes into BENCH.
bench: $(VENV)/demo.stamp
	@$(BIN)/python -m benchmarks $(BENCH)

# Requests made of our own OpenAPI page, for some seconds; what `make test` leaves out without schemathesis.
test-openapi: $(VENV)/fuzz.stamp
	$(BIN)/pytest -q tests/fuzz/test_openapi.py

# Searches with new random input, round after round; `make test` has a short search with the cases found so far.
fuzz: $(VENV)/fuzz.stamp
	@end=$$(($$(date +%s) + $(FUZZ_SECONDS))); while :; do \
		FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/pytest -q --timeout 0 tests/fuzz || exit 1; \
		[ $$(date +%s) -lt $$end ] || exit 0; \
	done

# What the image installs: every dependency, extras included, with its version and its hashes.
lock: $(VENV)/audit.stamp
	$(BIN)/uv pip compile pyproject.toml --quiet --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --output-file requirements.lock

# Known advisories about what is locked, and doubtful code. An advisory service that does not answer is a failure.
audit: $(VENV)/audit.stamp
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive proxy adapters emulator sagegate.py
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

sbom: $(VENV)/audit.stamp
	@mkdir -p dist
	$(BIN)/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml --output-file dist/sagegate.cdx.json requirements.lock

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/demo.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable . --group demo
	@touch $@

$(VENV)/dev.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

$(VENV)/fuzz.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable . --group dev --group fuzz
	@touch $@

# An environment's tools only: none of them sees the project installed.
$(VENV)/audit.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --group audit
	@touch $@

$(VENV)/real.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable . --group dev --group real
	@touch $@

clean:
	rm -rf $(VENV) build dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
