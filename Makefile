# Development commands. `make help` lists them. Nothing is installed outside this folder.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PORT ?= 9000
MINUTES ?= 5
FUZZ_SECONDS ?= 60
TARGET ?= path
TOOLS := .tools
# Builds what `make run` starts, and the operator's command, which it names. With `--workspace`, cargo chooses the same
# features as for the tests, so the two share their crates.
BUILD_SERVICE := cargo build --locked --workspace \
	--bin release-links --bin local --bin dynamodb-engine --bin release-links-admin
# Builds a tool that measures, and the engine that it starts.
BUILD_TOOL := cargo build --locked --workspace --features release-links-tools/measure --bin dynamodb-engine
# Builds the service behind the gateways of the test kit, and the engine that it starts.
BUILD_GATEWAY := cargo build --locked --workspace --bin gateway --bin dynamodb-engine
PYTEST_OPTIONS := -q -p no:cacheprovider -o pythonpath=tests/support
PYTEST := $(TOOLS)/clients/bin/pytest $(PYTEST_OPTIONS)
OPENAPI_PYTEST := $(TOOLS)/openapi/bin/pytest -s $(PYTEST_OPTIONS)
export AWS_DEFAULT_REGION ?= eu-central-1
export SAM_CLI_TELEMETRY := 0
export CARGO_LAMBDA := $(TOOLS)/cargo-lambda/bin/cargo-lambda
# The tests run what they build, so they build for the processor of this computer instead of the template's default. For another
# processor, rustup would have to install std.
HOST_ARCHITECTURE := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)
# Elsewhere than on Debian, the tests of glab, those through a shared cache and those of the pages in a browser are skipped.
IS_DEBIAN := $(shell grep -sx ID=debian /etc/os-release)
FROM_DEBIAN := $(if $(IS_DEBIAN),$(TOOLS)/glab/usr/bin/glab $(TOOLS)/nginx/usr/sbin/nginx)
CHROMIUM := $(if $(IS_DEBIAN),$(TOOLS)/chromium/usr/lib/chromium/chromium-headless-shell)
# For `make test-arm64`: Rust's standard library for arm64, and qemu, which emulates the processor.
RUST_VERSION := $(shell sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
RUST_SRC := $(TOOLS)/rust-src/usr/src/rustc-$(RUST_VERSION)/library
SYSROOT := $(TOOLS)/sysroot
ARM64_TARGET := aarch64-unknown-linux-gnu
QEMU := $(TOOLS)/qemu-user-static/usr/bin/qemu-aarch64-static
QEMU_FORMAT := $(TOOLS)/qemu-user-static/usr/lib/binfmt.d/qemu-aarch64.conf
GLIBC := $(TOOLS)/libc6-arm64-cross/usr/aarch64-linux-gnu

.PHONY: help run deploy deploy-edge delete smoke test invoke tools check audit rust-tests client-tests page-tests picture deploy-local test-arm64 openapi-tests validate faults \
	histories schemathesis soak fuzz bench bench-variants startup-order baselines openapi need-rust need-valgrind need-python need-node \
	need-x86_64-debian

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-24s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: need-rust $(CARGO_LAMBDA) ## serve on http://127.0.0.1:9000 (PORT=…, STATE=file; FRESH=1 deletes the state first)
	@$(BUILD_SERVICE) \
		|| { echo "make run: the build failed; fix the errors above and run it again" >&2; exit 1; }
	@PORT=$(PORT) FRESH=$(FRESH) exec target/debug/local

deploy: need-rust $(TOOLS)/sam/bin/sam $(TOOLS)/deploy/bin/cargo-lambda ## build the function and deploy the stack to AWS
	@PATH="$(abspath $(TOOLS)/deploy/bin):$$PATH" $(TOOLS)/sam/bin/python dev/deploy.py

deploy-edge: $(TOOLS)/sam/bin/sam ## deploy a CloudFront distribution in front of the service (docs/edge.md)
	@$(TOOLS)/sam/bin/python dev/deploy_edge.py

delete: $(TOOLS)/sam/bin/sam ## delete the stack from AWS, and say what stays (YES=1 does not ask)
	@$(TOOLS)/sam/bin/python dev/delete.py $(if $(YES),--yes)

# make exports the variables of its command line to the command. A token there would be visible to every user of the machine.
smoke: need-python ## check a deployment with real requests (API_URL=…, PROJECT=24; TOKEN comes from the environment)
	@for variable in $(foreach name,TOKEN REVOKED_TOKEN,$(if $(filter command,$(origin $(name))),$(name))); do \
		echo "make smoke: $$variable is on the command line, where every user of this machine can read it:" \
			"write \`export $$variable\`, and run \`make smoke\` without it" >&2; exit 1; done
	@python3 dev/smoke.py

# After the Rust tests, one of the others waits for the network or a process most of the time, so they run beside each other.
# Old versions of make cannot keep their outputs apart.
test: rust-tests ## run every test
	@$(MAKE) --no-print-directory $(if $(filter output-sync,$(.FEATURES)),--jobs --output-sync=target) \
		validate client-tests page-tests deploy-local openapi-tests

check: need-rust ## check formatting, lints and documentation; warnings are errors
	cargo fmt --check
	cargo fmt --check --manifest-path benches/baselines/Cargo.toml
	cargo clippy --locked --workspace --all-targets --features release-links-tools/measure -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items

audit: $(TOOLS)/cargo-deny/bin/cargo-deny ## check licenses, sources and advisories of all dependencies
	$< check bans licenses sources
	@if $< fetch db >/dev/null 2>&1; then $< check advisories; \
		else echo "make audit: the advisories were NOT checked, because their database cannot be reached" >&2; fi

rust-tests: need-rust ## run the Rust tests
	cargo test --locked --workspace

openapi: need-rust ## write docs/openapi.json and docs/api.md from the code
	cargo run --locked --quiet --package openapi

validate: need-rust $(CARGO_LAMBDA) $(TOOLS)/sam/bin/sam $(TOOLS)/checkov/bin/checkov $(TOOLS)/clients/bin/pytest ## validate the templates and what SAM makes of it
	$(TOOLS)/sam/bin/sam validate --lint
	$(TOOLS)/sam/bin/sam validate --lint --template edge.yaml --region us-east-1
	$(TOOLS)/checkov/bin/checkov --config-file .checkov.yaml
	$(PYTEST) tests/template

client-tests: need-rust $(CARGO_LAMBDA) $(TOOLS)/sam/bin/sam $(TOOLS)/clients/bin/pytest tests/clients/node_modules $(FROM_DEBIAN) ## test with real clients
	$(BUILD_SERVICE)
	$(PYTEST) tests/clients

page-tests: need-rust $(CARGO_LAMBDA) $(TOOLS)/clients/bin/pytest tests/pages/node_modules $(CHROMIUM) ## test the pages in a real browser; screenshots in target/pages
	$(BUILD_SERVICE)
	$(PYTEST) -rs tests/pages

picture: need-rust $(CARGO_LAMBDA) $(TOOLS)/clients/bin/pytest tests/pages/node_modules $(CHROMIUM) ## write docs/page.png, the picture of a page
	$(BUILD_SERVICE)
	PICTURE=docs/page.png $(PYTEST) tests/pages/picture.py

deploy-local: need-rust .aws-sam/local/template.yaml $(TOOLS)/ministack/bin/ministack $(TOOLS)/awscli/bin/aws $(TOOLS)/clients/bin/pytest ## deploy the template on an emulator of AWS, and test it
	$(BUILD_SERVICE)
	$(PYTEST) -s tests/deployed

# This is not part of `make test`, because it takes too long. It skips a test that counts threads, because qemu adds one.
ARM64 := .aws-sam/arm64/template.yaml .aws-sam/arm64/run $(CARGO_LAMBDA) $(foreach tool,clients/bin/pytest ministack/bin/ministack \
	awscli/bin/aws,$(TOOLS)/$(tool))
test-arm64: need-rust need-x86_64-debian $(ARM64) ## build the function for arm64 and test it under qemu; run it before a release (a quarter of an hour)
	$(BUILD_SERVICE)
	BOOTSTRAP=$(abspath .aws-sam/arm64/run) cargo test --locked --workspace --test api -- \
		connection:: credentials:: concurrent_requests:: large_lists:: outage:: start_log:: --skip has_one_thread
	BOOTSTRAP=$(abspath .aws-sam/arm64/run) $(PYTEST) $(addprefix tests/clients/test_,$(addsuffix .py,events documented_requests \
		install log python_gitlab))
	tests/support/start_arm64.sh $(abspath .aws-sam/arm64/run) $(QEMU_FORMAT) $(PYTEST) -s -rs tests/deployed/architecture.py

openapi-tests: need-rust $(TOOLS)/openapi/bin/pytest ## test docs/openapi.json, and the service with requests made from it
	$(BUILD_GATEWAY)
	$(OPENAPI_PYTEST) tests/openapi

invoke: $(CARGO_LAMBDA) ## send events/NAME.json to the running service (EVENT=name)
	@test -f "events/$(EVENT).json" \
		|| { echo "make invoke: there is no events/$(EVENT).json; name one of:" $(basename $(notdir $(wildcard events/*.json))) >&2; exit 1; }
	@(exec 3<>"/dev/tcp/127.0.0.1/$(PORT)") 2>/dev/null \
		|| { echo "make invoke: no service listens on port $(PORT); start it with \`make run\`, or name its port with PORT=…" >&2; exit 1; }
	@$(CARGO_LAMBDA) lambda invoke -A 127.0.0.1 -P $(PORT) --data-file events/$(EVENT).json

soak: need-rust .aws-sam/local/template.yaml ## send mixed traffic for five minutes (MINUTES=…)
	$(BUILD_TOOL) --bin soak
	MINUTES=$(MINUTES) BOOTSTRAP=.aws-sam/local/Function/bootstrap target/debug/soak

faults: need-rust ## inject every pair of faults into the calls to DynamoDB (a quarter of an hour)
	cargo build --locked --workspace --bin dynamodb-engine
	FAULT_PAIRS=all cargo test --locked --workspace --test api -- no_fault_causes

histories: need-rust ## check random histories with faults for five minutes (MINUTES=…; SEED=… repeats one)
	cargo build --locked --workspace --bin dynamodb-engine
	MINUTES=$(MINUTES) cargo test --locked --workspace --test histories -- --nocapture linearizable

schemathesis: need-rust $(TOOLS)/openapi/bin/pytest ## send requests made from docs/openapi.json for five minutes (MINUTES=…; SEED=… repeats one)
	$(BUILD_GATEWAY)
	MINUTES=$(MINUTES) $(OPENAPI_PYTEST) tests/openapi/test_schemathesis.py

# Criterion comes first: with its features, cargo builds another program than the one that is deployed.
bench: need-rust need-valgrind baselines ## measure starts, requests, costs and growth into BENCHMARKS.md (ten minutes)
	cargo bench --locked --package release-links --bench pipeline
	cargo build --locked --release --package release-links
	$(BUILD_TOOL) --bin bench
	target/debug/bench

bench-variants: need-rust need-valgrind ## measure other builds of the function (half an hour)
	cargo build --locked --release --package release-links
	$(BUILD_TOOL) --bin bench
	target/debug/bench variants

startup-order: need-rust need-valgrind ## write src/startup.ld, the order of the functions (after an update of the dependencies)
	$(BUILD_TOOL) --bin bench
	target/debug/bench order

# They have dependencies of their own, so they are checked only where they are built.
baselines: need-rust ## check and build the programs that the bench compares with
	cargo clippy --locked --manifest-path benches/baselines/Cargo.toml --target-dir target/baselines -- -D warnings
	cargo build --locked --release --manifest-path benches/baselines/Cargo.toml --target-dir target/baselines

# cargo-fuzz needs options that only nightly compilers offer. RUSTC_BOOTSTRAP makes the pinned one offer them too.
fuzz: need-rust $(TOOLS)/cargo-fuzz/bin/cargo-fuzz ## fuzz a target of fuzz/fuzz_targets (TARGET=path, FUZZ_SECONDS=…)
	RUSTC_BOOTSTRAP=1 $(TOOLS)/cargo-fuzz/bin/cargo-fuzz run $(TARGET) -- -max_total_time=$(FUZZ_SECONDS) -max_len=512

INSTALLED := $(CARGO_LAMBDA) $(foreach tool,sam/bin/sam checkov/bin/checkov clients/bin/pytest ministack/bin/ministack \
	awscli/bin/aws openapi/bin/pytest,$(TOOLS)/$(tool)) tests/clients/node_modules $(FROM_DEBIAN) \
	tests/pages/node_modules $(CHROMIUM)
tools: $(INSTALLED) ## install the tools that are not compiled

# The bootstrap is built once, and deployed until one of its files changes. The host's own compiler links it: zig, which
# links for older systems, is more than the emulator needs. `make deploy` has a build folder of its own, .aws-sam/build, so
# that it never deploys this bootstrap.
.aws-sam/local/template.yaml: template.yaml build.rs askama.toml docs/openapi.json Cargo.toml Cargo.lock rust-toolchain.toml $(shell find src -type f) \
		| $(TOOLS)/sam/bin/sam $(CARGO_LAMBDA)
	@echo "building the bootstrap; this takes some minutes"
	@PATH="$(abspath $(dir $(CARGO_LAMBDA))):$$PATH" CARGO_LAMBDA_COMPILER=cargo \
		$(TOOLS)/sam/bin/sam build --no-cached --build-dir $(@D) --parameter-overrides Architecture=$(HOST_ARCHITECTURE)
	@touch $@

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

# The tools of `make deploy`: cargo-lambda with zig, which links for Amazon Linux on any host.
$(TOOLS)/deploy/bin/cargo-lambda: requirements/deploy.txt | need-python
	$(install-with-pip)

$(TOOLS)/sam/bin/sam: requirements/sam.txt | need-python
	$(install-with-pip)

$(TOOLS)/clients/bin/pytest: requirements/clients.txt | need-python
	$(install-with-pip)

$(TOOLS)/openapi/bin/pytest: requirements/openapi.txt | need-python
	$(install-with-pip)

$(TOOLS)/ministack/bin/ministack: requirements/ministack.txt | need-python
	$(install-with-pip)

$(TOOLS)/awscli/bin/aws: requirements/awscli.txt | need-python
	$(install-with-pip)

$(TOOLS)/checkov/bin/checkov: requirements/checkov.txt | need-python
	$(install-with-pip)

# To optimize it takes minutes, and saves two seconds.
$(TOOLS)/cargo-deny/bin/cargo-deny: | need-rust
	CARGO_PROFILE_DEV_DEBUG=false cargo install --quiet --locked --debug cargo-deny@0.20.2 --root $(TOOLS)/cargo-deny --target-dir $(TOOLS)/build

$(TOOLS)/cargo-fuzz/bin/cargo-fuzz: | need-rust
	cargo install --quiet --locked cargo-fuzz@0.13.2 --root $(TOOLS)/cargo-fuzz --target-dir $(TOOLS)/build

tests/clients/node_modules: tests/clients/package-lock.json | need-node
	@echo "installing gitbeaker, semantic-release, release-it and mise into tests/clients/"
	@cd tests/clients && npm ci --no-audit --no-fund --silent
	@touch $@

tests/pages/node_modules: tests/pages/package-lock.json | need-node
	@echo "installing playwright-core, axe-core and html-validate into tests/pages/"
	@cd tests/pages && npm ci --no-audit --no-fund --silent
	@touch $@

# apt with lists of its own. It downloads from the machine's own mirror, and checks the archive's signature. The packages are
# unpacked, not installed, so that the machine stays as it is.
APT := apt-get -qq --config-file ../../requirements/apt.conf
APT_SOURCES := apt-get --no-release-info indextargets --format '$$(RELEASE) $$(COMPONENT) $$(REPO_URI)' 'Created-By: Packages'
APT_KEYS := /usr/share/keyrings/debian-archive-keyring.gpg

# Unpacks a version of a package, $1=$2, from a suite, $3. The checksums also refuse a rebuild of the same version. A suite's
# section main keeps its versions once it gets no more updates but those for security, which are elsewhere.
define unpack-from-debian
	@echo "installing $1 into $(TOOLS)/"
	@rm -rf $(TOOLS)/$1 && mkdir -p $(TOOLS)/$1/{lists,cache/archives}/partial
	@cd $(TOOLS)/$1 && suite=$$(. /etc/os-release && echo "$$VERSION_CODENAME") \
		&& $(APT_SOURCES) | awk -v keys=$(APT_KEYS) -v suite="$$suite" '$$1 == suite && $$2 == "main" \
			&& !found++ { print "deb [signed-by=" keys "] " $$3 " $3 main" }' >sources.list
	@test -s $(TOOLS)/$1/sources.list || { echo "make: apt has no source for this release of Debian" >&2; exit 1; }
	@cd $(TOOLS)/$1 && $(APT) update && $(APT) download $1=$2 \
		|| { echo "make: cannot download $1 $2 from $3 in Debian's archive" >&2; exit 1; }
	@cd $(TOOLS)/$1 && sha256sum --check --quiet --ignore-missing ../../requirements/$1.sha256
	@cd $(TOOLS)/$1 && dpkg-deb --extract $1_*.deb . && rm -r lists cache $1_*.deb
	@touch $@
endef

$(TOOLS)/glab/usr/bin/glab: requirements/glab.sha256 requirements/apt.conf
	$(call unpack-from-debian,glab,1.53.0-1+b3,trixie)

$(TOOLS)/nginx/usr/sbin/nginx: requirements/nginx.sha256 requirements/apt.conf
	$(call unpack-from-debian,nginx,1.22.1-9+deb12u9,bookworm)

# `make test-arm64` unpacks these packages: the sources of the standard library of exactly the pinned Rust, and the emulator and
# the C library that run a program for arm64 on this computer.
$(TOOLS)/rust-src/usr/lib: requirements/rust-src.sha256 requirements/apt.conf
	$(call unpack-from-debian,rust-src,1.95.0+dfsg1-2~bpo13+1,trixie-backports)

$(QEMU): requirements/qemu-user-static.sha256 requirements/apt.conf
	$(call unpack-from-debian,qemu-user-static,1:7.2+dfsg-7+deb12u18+b3,bookworm)

$(GLIBC): requirements/libc6-arm64-cross.sha256 requirements/apt.conf
	$(call unpack-from-debian,libc6-arm64-cross,2.36-8cross1,bookworm)

# This sysroot has the toolchain's compiler and libraries, and the standard library for arm64. rustup could add that library to
# the toolchain, but this would change the toolchain for everything else, too. `rustc` is a script here, because the compiler
# follows symbolic links to itself, and looks for its sysroot beside their target.
$(SYSROOT)/bin/rustc: rust-toolchain.toml $(TOOLS)/rust-src/usr/lib | need-rust
	@test -e $(RUST_SRC)/Cargo.lock || { echo "make: rust-toolchain.toml pins Rust $(RUST_VERSION), but the Makefile unpacks" \
		"the sources of another version; pin the package rust-src of $(RUST_VERSION)" >&2; exit 1; }
	@test "$$(rustc -vV | sed -n 's/^release: //p')" = $(RUST_VERSION) || { echo "make: rust-toolchain.toml pins Rust" \
		"$(RUST_VERSION), but this is $$(rustc --version); its standard library has to be of the same version" >&2; exit 1; }
	@rm -rf $(SYSROOT) && mkdir -p $(SYSROOT)/{bin,lib/rustlib/src/rust}
	@toolchain=$$(rustc --print sysroot) && cd $(SYSROOT) \
		&& for name in $$(cd "$$toolchain" && ls -d lib/* lib/rustlib/* | grep -vxE 'lib/rustlib(/src|/$(ARM64_TARGET))?'); do \
			ln -s "$$toolchain/$$name" "$$name"; done \
		&& ln -s $(abspath $(RUST_SRC)) lib/rustlib/src/rust/library \
		&& printf '#!/bin/sh\nexec "%s/bin/rustc" --sysroot "%s" "$$@"\n' "$$toolchain" $(abspath $(SYSROOT)) >bin/rustc
	@chmod +x $@

# cargo builds the standard library for an empty crate, with the option `build-std`. RUSTC_BOOTSTRAP allows this option, which
# only nightly compilers accept otherwise. The function itself is then built without it. Its link-time optimization needs the
# bitcode of the library.
$(SYSROOT)/lib/rustlib/$(ARM64_TARGET)/lib: $(SYSROOT)/bin/rustc
	@echo "building Rust's standard library for arm64 into $(SYSROOT)/"
	@rm -rf $(TOOLS)/std && mkdir -p $(TOOLS)/std/src && touch $(TOOLS)/std/src/lib.rs
	@printf '%s\n' '[package]' 'name = "empty"' 'edition = "2024"' '[profile.release]' 'codegen-units = 1' '[workspace]' >$(TOOLS)/std/Cargo.toml
	@RUSTC=$(abspath $<) RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=std,panic_unwind RUSTFLAGS=-Cembed-bitcode=yes \
		cargo build --quiet --release --target $(ARM64_TARGET) --manifest-path $(TOOLS)/std/Cargo.toml --target-dir $(TOOLS)/std/target
	@mkdir -p $@ && cp $(TOOLS)/std/target/$(ARM64_TARGET)/release/deps/*.rlib $@ && rm -r $(TOOLS)/std $@/libempty-*.rlib
	@rm -rf target/arm64

# This builds the function for arm64 as `make deploy` does, except that `--skip-target-check` keeps cargo-lambda from calling
# rustup. It has its own target directory, because the compiled crates do not fit a standard library that rustup installs.
.aws-sam/arm64/template.yaml: .aws-sam/local/template.yaml $(SYSROOT)/lib/rustlib/$(ARM64_TARGET)/lib $(TOOLS)/deploy/bin/cargo-lambda
	@echo "building the bootstrap for arm64; this takes some minutes"
	@PATH="$(abspath $(TOOLS)/deploy/bin):$$PATH" RUSTC=$(abspath $(SYSROOT)/bin/rustc) CARGO_TARGET_DIR=target/arm64 \
		$(TOOLS)/deploy/bin/cargo-lambda lambda build --release --arm64 --skip-target-check --bin release-links \
		--lambda-dir $(@D)/Function --flatten release-links
	@cp $< $@

# This script runs a program for arm64, or the function if it gets no argument.
.aws-sam/arm64/run: Makefile $(QEMU) $(GLIBC)
	@mkdir -p $(@D)
	@printf '#!/bin/sh\n[ $$# -gt 0 ] || set -- "%s"\nexec "%s" -L "%s" "$$@"\n' \
		$(abspath .aws-sam/arm64/Function/bootstrap) $(abspath $(QEMU)) $(abspath $(GLIBC)) >$@
	@chmod +x $@

# Debian replaces Chromium every week by a version with fixes for its security, and its archive keeps only that one, so apt
# chooses the version. It adds the libraries that the machine lacks. The fonts make screenshots equal on all machines.
CHROMIUM_PACKAGES := chromium-headless-shell fonts-inter fonts-dejavu-core fonts-noto-color-emoji

$(TOOLS)/chromium/usr/lib/chromium/chromium-headless-shell: requirements/apt.conf
	@echo "installing Chromium into $(TOOLS)/"
	@rm -rf $(TOOLS)/chromium && mkdir -p $(TOOLS)/chromium/{lists,cache/archives}/partial
	@cd $(TOOLS)/chromium && suite=$$(. /etc/os-release && echo "$$VERSION_CODENAME") \
		&& $(APT_SOURCES) | awk -v keys=$(APT_KEYS) -v suites="^$$suite(-updates|-security)?$$" '$$1 ~ suites && $$2 == "main" \
			&& !found[$$1]++ { print "deb [signed-by=" keys "] " $$3 " " $$1 " main" }' >sources.list
	@test -s $(TOOLS)/chromium/sources.list || { echo "make: apt has no source for this release of Debian" >&2; exit 1; }
	@cd $(TOOLS)/chromium && $(APT) update \
		&& $(APT) --yes --no-install-recommends --reinstall --download-only install $(CHROMIUM_PACKAGES)
	@cd $(TOOLS)/chromium && for package in cache/archives/*.deb; do dpkg-deb --extract "$$package" .; done && rm -r lists cache
	@touch $@

need-rust:
	@command -v cargo >/dev/null || { echo "make: cargo is missing; install Rust with rustup" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "make: a C compiler is missing; install gcc or clang" >&2; exit 1; }

need-x86_64-debian:
	@test "$(IS_DEBIAN) $(HOST_ARCHITECTURE)" != "ID=debian arm64" || { echo "make: this computer is arm64, so that" \
		"'make test' already tests the function for arm64" >&2; exit 1; }
	@test -n "$(IS_DEBIAN)" || { echo "make: the tests of the function for arm64 unpack packages of Debian, so they run only on Debian" >&2; exit 1; }

need-valgrind:
	@command -v valgrind >/dev/null || { echo "make: valgrind is missing; install it with the system's package manager" >&2; exit 1; }

need-python:
	@python3 -c "import venv, ensurepip" 2>/dev/null \
		|| { echo "make: Python 3.11 or newer with venv is missing; install python3 and python3-venv" >&2; exit 1; }

need-node:
	@command -v npm >/dev/null || { echo "make: npm is missing; install Node.js 20.19 or newer" >&2; exit 1; }
