# The commands of the project. Each one sets up what it needs and may be run again at any time.
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help up examples down check test soak

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## Bring a cluster, install Venture, build the example decks, run a launch; APPROVE=no asks you
	@$(PYTHON) hack/cluster venture-up

examples: ## Build one document of each kind on the cluster, with a picture of every page
	@$(PYTHON) hack/cluster venture-examples

down: ## Remove the cluster and all that `make up` made in it; the cache stays
	@$(PYTHON) hack/cluster venture-down

check: ## The fast gate: ruff, mypy, import-linter, generated files, helm lint
	@$(PYTHON) hack/cluster check

test: ## Every tier of tests, with all they need set up first
	@$(PYTHON) hack/cluster test $(TIERS)

soak: ## The tests that search for faults, for long: crashes, properties, fuzzing
	@$(PYTHON) hack/cluster soak
