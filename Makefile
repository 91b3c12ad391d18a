# Everything a person or a CI job types. Each target works from a clean checkout on Debian 12 or 13 with Rust.

CARGO ?= cargo
export CARGO

.PHONY: help build rust setup lint test fuzz demo bench campaign pictures clean-hosts

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

build: rust ## Build the release binary
	$(CARGO) build --release

rust: ## Say so where this Rust is too old
	@scripts/rust.sh

setup: ## Install the Debian packages that tests and the demo need (as root; only what is missing)
	scripts/setup.sh

lint: rust setup ## Check format, clippy, documentation and shell scripts
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --document-private-items --quiet
	shellcheck scripts/*.sh tests/lab/*/*.sh tests/virtualbox/*.sh tests/virtualbox/VBoxNetAdpCtl $$(find templates -name '*.sh') templates/openrc/* .ci/run examples/plugins/rmachine-driver-command

test: lint ## Run every check and test, real hosts included
	scripts/test.sh

fuzz: rust ## Throw spoilt streams at the reader of plugins' answers for ten minutes
	RMACHINE_FUZZ_SECONDS=600 RMACHINE_SEED=$$(date +%s) $(CARGO) test --release --lib plugin::gob -- --nocapture

demo: rust ## Create a machine with the default driver and run a container on it
	scripts/demo.sh

bench: rust ## Measure adoption against its floor on hosts of its own
	$(CARGO) bench

campaign: rust ## Run the long fault campaigns at full count and write docs/results.md
	scripts/campaign.sh

pictures: rust ## Draw README's pictures from a real run
	scripts/pictures.sh

clean-hosts: rust ## Remove test hosts that an interrupted run left behind
	scripts/clean-hosts.sh
