# The two commands of the README, and what they are made of. Nothing is installed outside this folder.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PORT ?= 9000
MINUTES ?= 5
FUZZ_SECONDS ?= 60
TARGET ?= path
FUZZ_TARGETS := path, event, parameters, multipart, page, location, command_line
TOOLS := .tools
PYTEST := $(TOOLS)/clients/bin/pytest -q -p no:cacheprovider -o pythonpath=tests/support
export AWS_DEFAULT_REGION ?= eu-central-1
export SAM_CLI_TELEMETRY := 0
export CARGO_LAMBDA := $(TOOLS)/cargo-lambda/bin/cargo-lambda

.PHONY: help run test invoke tools check audit rust-tests client-tests deploy-local validate soak fuzz bench \
	bench-variants baselines need-rust need-valgrind need-python need-node

help:
	@echo "make run                  serve on http://127.0.0.1:9000 (PORT=…, FRESH=1 starts empty)"
	@echo "make test                 run every test"
	@echo "make check                formatting, clippy and rustdoc, warnings as errors"
	@echo "make deploy-local         deploy the template on an emulator of AWS, and ask it the documented requests"
	@echo "make audit                licences, sources and advisories of all dependencies"
	@echo "make soak                 mixed traffic for five minutes (MINUTES=…)"
	@echo "make bench                cost of starts and requests next to baselines, into BENCHMARKS.md (ten minutes)"
	@echo "make bench-variants       the same of other builds (half an hour)"
	@echo "make fuzz TARGET=path     fuzz one of $(FUZZ_TARGETS) (FUZZ_SECONDS=…)"
	@echo "make invoke EVENT=name    send events/name.json to the running service"

run: need-rust $(CARGO_LAMBDA)
	@cargo build --locked --bins --example local \
		|| { echo "make run: the build failed; mend what the compiler names above and run it again" >&2; exit 1; }
	@PORT=$(PORT) FRESH=$(FRESH) exec target/debug/examples/local

invoke: $(CARGO_LAMBDA)
	@test -f "events/$(EVENT).json" \
		|| { echo "make invoke: there is no events/$(EVENT).json; name one of:" $(basename $(notdir $(wildcard events/*.json))) >&2; exit 1; }
	@$(CARGO_LAMBDA) lambda invoke -A 127.0.0.1 -P $(PORT) --data-file events/$(EVENT).json

test: rust-tests validate client-tests deploy-local

check: need-rust
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items
	cargo fmt --check --manifest-path benches/baselines/Cargo.toml
	cargo clippy --locked --manifest-path benches/baselines/Cargo.toml --target-dir target/baselines -- -D warnings

rust-tests: need-rust
	cargo test --locked

validate: $(TOOLS)/sam/bin/sam $(TOOLS)/checkov/bin/checkov
	$(TOOLS)/sam/bin/sam validate --lint
	$(TOOLS)/checkov/bin/checkov --config-file .checkov.yaml

client-tests: need-rust $(CARGO_LAMBDA) $(TOOLS)/clients/bin/pytest tests/clients/node_modules
	cargo build --locked --bins --example local
	$(PYTEST) tests/clients

# The bootstrap is built once and deployed as often as it does not change. It is linked by the host's own compiler: zig,
# which makes one for older systems, is more than this needs.
deploy-local: need-rust .aws-sam/build/template.yaml $(TOOLS)/ministack/bin/ministack $(TOOLS)/clients/bin/pytest
	cargo build --locked --bin release-links-admin
	$(PYTEST) -s tests/deployed

.aws-sam/build/template.yaml: template.yaml Cargo.lock Cargo.toml $(shell find src -name '*.rs') \
		| $(TOOLS)/sam/bin/sam $(CARGO_LAMBDA)
	@echo "building the bootstrap; this takes some minutes"
	@PATH="$(abspath $(dir $(CARGO_LAMBDA))):$$PATH" CARGO_LAMBDA_COMPILER=cargo $(TOOLS)/sam/bin/sam build
	@touch $@

soak: need-rust .aws-sam/build/template.yaml
	cargo build --locked --example soak
	MINUTES=$(MINUTES) BOOTSTRAP=.aws-sam/build/Function/bootstrap target/debug/examples/soak

# What the service costs, next to programs that do less; callgrind counts the instructions. Criterion comes first, because
# with what it depends on, cargo makes another program of the service than the one that is deployed.
bench: need-rust need-valgrind baselines
	cargo bench --locked --bench pipeline
	cargo build --locked --release --bin release-links
	cargo run --locked --example bench

# The service built otherwise. Allocators are tried where Debian's packages libjemalloc2 and libmimalloc2.0 are installed.
VARIANTS := opt-level=3 opt-level=2 opt-level="z" lto="thin" codegen-units=16
ALLOCATORS := $(wildcard /usr/lib/*/libjemalloc.so.2 /usr/lib/*/libmimalloc.so.2.0)

bench-variants: need-rust need-valgrind
	cargo build --locked --release --bin release-links
	@for variant in $(VARIANTS:%='%'); do \
		cargo build --locked --release --bin release-links \
			--config "profile.release.$$variant" --target-dir "target/variants/$${variant//\"/}"; \
	done
	cargo run --locked --example bench variants $(foreach v,$(subst ",,$(VARIANTS)),'$(v)|target/variants/$(v)/release/release-links') \
		$(foreach a,$(ALLOCATORS),'$(notdir $(a))|target/release/release-links|$(a)')

baselines: need-rust
	cargo build --locked --release --manifest-path benches/baselines/Cargo.toml --target-dir target/baselines

# The advisories stand in a repository that cannot be reached from everywhere.
audit: $(TOOLS)/cargo-deny/bin/cargo-deny
	$< check bans licenses sources
	@if $< fetch db >/dev/null 2>&1; then $< check advisories; \
		else echo "make audit: the advisories were NOT checked, because their database cannot be reached" >&2; fi

# cargo-fuzz asks for what only nightly compilers offer; RUSTC_BOOTSTRAP makes the pinned one offer it too.
fuzz: need-rust $(TOOLS)/cargo-fuzz/bin/cargo-fuzz
	RUSTC_BOOTSTRAP=1 $(TOOLS)/cargo-fuzz/bin/cargo-fuzz run $(TARGET) -- -max_total_time=$(FUZZ_SECONDS) -max_len=512

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

$(TOOLS)/ministack/bin/ministack: requirements/ministack.txt | need-python
	$(install-with-pip)

$(TOOLS)/checkov/bin/checkov: requirements/checkov.txt | need-python
	$(install-with-pip)

$(TOOLS)/cargo-deny/bin/cargo-deny: | need-rust
	cargo install --quiet --locked cargo-deny@0.20.2 --root $(TOOLS)/cargo-deny --target-dir $(TOOLS)/build

$(TOOLS)/cargo-fuzz/bin/cargo-fuzz: | need-rust
	cargo install --quiet --locked cargo-fuzz@0.13.2 --root $(TOOLS)/cargo-fuzz --target-dir $(TOOLS)/build

tests/clients/node_modules: tests/clients/package-lock.json | need-node
	@echo "installing gitbeaker into tests/clients/"
	@cd tests/clients && npm ci --no-audit --no-fund --silent
	@touch $@

need-rust:
	@command -v cargo >/dev/null || { echo "make: cargo is missing; install Rust with rustup" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "make: a C compiler is missing; install gcc or clang" >&2; exit 1; }

need-valgrind:
	@command -v valgrind >/dev/null || { echo "make: valgrind is missing; install it with the system's package manager" >&2; exit 1; }

need-python:
	@python3 -c "import venv, ensurepip" 2>/dev/null \
		|| { echo "make: Python 3.11 or newer with venv is missing; install python3 and python3-venv" >&2; exit 1; }

need-node:
	@command -v npm >/dev/null || { echo "make: npm is missing; install Node.js 20 or newer" >&2; exit 1; }
