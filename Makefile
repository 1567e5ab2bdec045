# The commands of this repository; the work is done by scripts/. PYTHON=... names the interpreter to make .venv with.

MATRIX := 3.12 3.13

# $(call ensure,PROFILES) brings environments up to date before a recipe runs. As a function it can end make with one line
# where something is missing; a recipe that fails makes make add a line of its own.
ensure = $(call report,$(shell PYTHON='$(PYTHON)' scripts/with-python scripts/environments.py $(1) </dev/null))
report = $(if $(filter ready,$(1)),,$(error $(or $(1),the set-up failed)))

.PHONY: help demo setup test soak matrix bench lint format pin clean

help: ## say what the commands do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: ## talk to the local agent in this terminal; standard input may be a pipe
	$(call ensure,demo)
	@.venv/bin/agentframework run example_tools/quickstart.toml

setup: ## make or update the environments, .venv and those below .venvs
	$(call ensure,system test clients javascript bench)
	@:

test: setup ## style, types and the tests, those of sound last; about ten minutes
	@scripts/test

soak: setup ## the tests that take longer than ten seconds each; about twenty minutes
	@scripts/soak

matrix: setup ## the tests with the other versions of Python that are found here
	@scripts/matrix $(MATRIX)

bench: setup ## time the runtime beside the SDK and the least that a client can do; about a quarter of an hour
	@.venv/bin/python -m benchmarks --write

lint: ## style, format and types
	$(call ensure,test)
	@scripts/lint

format: ## put style and format right where that can be done
	$(call ensure,test)
	@.venv/bin/ruff check --quiet --fix --exit-zero
	@.venv/bin/ruff format --quiet

pin: ## take the newest versions into constraints.txt and the JavaScript client's lock
	$(call ensure,demo javascript)
	@scripts/pin

clean: ## remove all that the commands have made
	@rm -rf .venv .venvs .mypy_cache .ruff_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
