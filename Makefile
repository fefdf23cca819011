# The two commands of the README, and what they are made of. Nothing is installed outside this folder.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PORT ?= 9000
TOOLS := .tools
export AWS_DEFAULT_REGION ?= eu-central-1
export SAM_CLI_TELEMETRY := 0
export CARGO_LAMBDA := $(TOOLS)/cargo-lambda/bin/cargo-lambda

.PHONY: help run test invoke tools check rust-tests client-tests validate need-rust need-python need-node

help:
	@echo "make run                  serve on http://127.0.0.1:9000 (PORT=…, FRESH=1 starts empty)"
	@echo "make test                 run every test"
	@echo "make check                formatting, clippy and rustdoc, warnings as errors"
	@echo "make invoke EVENT=name    send events/name.json to the running service"

run: need-rust $(CARGO_LAMBDA)
	@cargo build --locked --bins --example local \
		|| { echo "make run: the build failed; mend what the compiler names above and run it again" >&2; exit 1; }
	@PORT=$(PORT) FRESH=$(FRESH) exec target/debug/examples/local

invoke: $(CARGO_LAMBDA)
	@test -f "events/$(EVENT).json" \
		|| { echo "make invoke: there is no events/$(EVENT).json; name one of:" $(basename $(notdir $(wildcard events/*.json))) >&2; exit 1; }
	@$(CARGO_LAMBDA) lambda invoke -A 127.0.0.1 -P $(PORT) --data-file events/$(EVENT).json

test: rust-tests validate client-tests

check: need-rust
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items

rust-tests: need-rust
	cargo test --locked

validate: $(TOOLS)/sam/bin/sam
	$(TOOLS)/sam/bin/sam validate --lint

client-tests: need-rust $(CARGO_LAMBDA) $(TOOLS)/clients/bin/pytest tests/clients/node_modules
	cargo build --locked --bins --example local
	$(TOOLS)/clients/bin/pytest -q -p no:cacheprovider tests/clients

tools: $(CARGO_LAMBDA) $(TOOLS)/sam/bin/sam $(TOOLS)/clients/bin/pytest tests/clients/node_modules

# Each tool has an environment of its own, because their dependencies conflict. The lists name every package that is
# needed, so pip adds none; cargo-lambda's leaves out zig, which only builds for other machines need.
PIP_FLAGS := --quiet --disable-pip-version-check --no-deps --require-hashes

define install-with-pip
	@echo "installing $(<F:.txt=) into $(TOOLS)/"
	@python3 -m venv --clear $(@D:/bin=)
	@$(@D)/pip install $(PIP_FLAGS) -r $<
	@touch $@
endef

$(CARGO_LAMBDA): requirements/cargo-lambda.txt | need-python
	$(install-with-pip)

$(TOOLS)/sam/bin/sam: requirements/sam.txt | need-python
	$(install-with-pip)

$(TOOLS)/clients/bin/pytest: requirements/clients.txt | need-python
	$(install-with-pip)

tests/clients/node_modules: tests/clients/package-lock.json | need-node
	@echo "installing gitbeaker into tests/clients/"
	@cd tests/clients && npm ci --no-audit --no-fund --silent
	@touch $@

need-rust:
	@command -v cargo >/dev/null || { echo "make: cargo is missing; install Rust with rustup" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "make: a C compiler is missing; install gcc or clang" >&2; exit 1; }

need-python:
	@python3 -c "import venv, ensurepip" 2>/dev/null \
		|| { echo "make: Python 3.11 or newer with venv is missing; install python3 and python3-venv" >&2; exit 1; }

need-node:
	@command -v npm >/dev/null || { echo "make: npm is missing; install Node.js 20 or newer" >&2; exit 1; }
