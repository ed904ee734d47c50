# Spanstorm. `make help` is the table of contents.
# Needs Go, git, gcc and make; everything else is fetched, pinned, by Go.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

GO ?= go
FUZZTIME ?= 30s

GOLANGCI_VERSION := v2.15.0
GOLANGCI := bin/tools/$(GOLANGCI_VERSION)/golangci-lint

# A commit is written into the binary where there is one to write.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
VCS := $(if $(shell git rev-parse --verify --quiet HEAD 2>/dev/null),auto,false)
LDFLAGS := -ldflags "-X github.com/spanstorm/spanstorm/internal/run.Version=$(VERSION)"
BUILD_FLAGS := -trimpath -buildvcs=$(VCS) $(LDFLAGS)

PLATFORMS := darwin/arm64 windows/amd64

# A nested module for each kind of agent. In it, vX.Y.Z.yaml is the target file of
# a version, and vX.Y.Z.mod its module file where go.mod is that of another one.
NESTED := agents/datadog agents/otelcol
AGENTS := $(patsubst agents/datadog/v%.yaml,bin/datadog-agent-%,$(wildcard agents/datadog/v*.yaml)) \
	$(patsubst agents/otelcol/v%.yaml,bin/otelcol-%,$(wildcard agents/otelcol/v*.yaml))

# What this version needs takes minutes to build: it is left to `make agents` and `make prove-real`.
APART := 0.118.0
MODULES := $(filter-out %/v$(APART).mod,$(foreach n,$(NESTED),$(wildcard $n/go.mod $n/v*.mod)))

# $(call each,MODULE FILES,COMMAND): the command in the folder of each, with the file in $flags.
each = set -e; for mod in $1; do \
	version=$$(basename $$mod .mod); flags="-modfile=$$version.mod -tags=$${version//./_}"; \
	(cd $$(dirname $$mod) && $2); done

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/spanstorm
	$(GO) build $(BUILD_FLAGS) -o bin/ ./cmd/spanstorm

.PHONY: run
run: build ## build, and load the embedded agent with the scenario web-shop
	bin/spanstorm run web-shop

.PHONY: agents
agents: $(AGENTS) ## build the real agents to test against into bin/

bin/datadog-agent-%: agents/datadog/*.go agents/datadog/*.mod agents/datadog/*.sum
	$(BUILD_AGENT)

bin/otelcol-%: agents/otelcol/*.go agents/otelcol/*.mod agents/otelcol/*.sum
	$(BUILD_AGENT)

# With the module file of its version, if there is one, and that version's build tag;
# else with the flags of vet and of the tests, so that all use one build of what it needs.
BUILD_AGENT = cd $(<D) && $(GO) build $(if $(wildcard $(<D)/v$*.mod),-modfile=v$*.mod -tags=v$(subst .,_,$*)) -buildvcs=false -o ../../$@ .

.PHONY: test
test: lint unit race cross real ## run everything that CI runs

.PHONY: lint
lint: $(GOLANGCI) ## check formatting, vet and lint
	@files=$$(git ls-files --cached --others --exclude-standard '*.go' | xargs -r gofmt -l); \
	if [ -n "$$files" ]; then printf 'not formatted by gofmt:\n%s\n' "$$files"; exit 1; fi
	$(GO) vet -tags realagent,prove ./...
	$(GOLANGCI) run ./...
	set -e; for m in $(NESTED); do (cd $$m && $(CURDIR)/$(GOLANGCI) run ./...); done
	$(call each,$(filter-out %/go.mod,$(MODULES)),$(GO) vet $$flags ./...)

$(GOLANGCI):
	GOBIN=$(CURDIR)/$(@D) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

.PHONY: unit
unit: ## run the tests; those that load an agent last, with the machine to themselves
	$(GO) test -timeout 20m $$($(GO) list ./... | grep -v /cmd/)
	$(GO) test -timeout 30m -parallel 4 ./cmd/...
	$(call each,$(MODULES),$(GO) test $$flags ./...)

# Whole runs under the race detector: one of each kind, for each takes its time.
RACED := ^Test(ClosedLoop|Fleet|Retries|ObeyRates|ErrorsAndResets|MissingTraceToBytes|Interrupted|TargetDies)$$

.PHONY: race
race: ## run the tests under the race detector; drawing, growing, composing and judging have no goroutines of their own
	CGO_ENABLED=1 $(GO) test -race -short -timeout 20m $$($(GO) list ./... | grep -vE '/(report|cmd/|internal/(wire|outlook|trees|topology|fault|versus))|/generator$$')
	CGO_ENABLED=1 $(GO) test -race -short -timeout 20m -run '$(RACED)' ./cmd/...

.PHONY: cross
cross: ## build for the other systems, results thrown away
	@set -e; for p in $(PLATFORMS); do \
		echo "build for $$p"; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build ./...; \
	done

# The tests on real agents are named TestReal…, behind the build tag realagent.
# Those that run beside each other wait most of the time.
REAL := $(GO) test -count=1 -timeout 40m -tags realagent -run '^TestReal'
REAL_ROOMS := grep -rl --include='*_test.go' '^//go:build realagent' . | xargs -n1 dirname | sort -u

.PHONY: real
real: $(filter-out %-$(APART),$(AGENTS)) ## run the tests on the real agents, which are built first; shortened
	$(REAL) -short -parallel 6 $$($(REAL_ROOMS))

.PHONY: prove-real
prove-real: $(AGENTS) ## run them at full length
	$(REAL) -v $$($(REAL_ROOMS))

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (30s)
	@set -e -o pipefail; grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sort | while IFS=: read -r file func; do \
		echo "fuzz $$(dirname $$file) $${func#func }"; \
		$(GO) test -run '^$$' -fuzz "^$${func#func }\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 50x "$$(dirname $$file)" </dev/null; \
	done

.PHONY: prove-memory
prove-memory: ## show in ten minutes that memory does not grow with the length of a run
	$(GO) test -count=1 -timeout 20m -tags prove -run '^TestProveMemory$$' ./cmd/spanstorm

# PROVE_FLAGS=-short shortens the proofs, to see that they work.
PROVE := $(GO) test -count=1 -v -timeout 60m -tags prove,realagent $(LDFLAGS) $(PROVE_FLAGS)

.PHONY: prove-agents
prove-agents: $(AGENTS) ## load every real agent to its limit and past it, into docs/proofs/agents.md
	$(PROVE) -run '^TestProveAgents$$' ./cmd/spanstorm

.PHONY: prove-ledger
prove-ledger: build $(AGENTS) ## measure what the ledger costs in CPU and memory, into docs/proofs/ledger.md
	@failed=; for room in internal/run cmd/spanstorm internal/intake; do \
		$(PROVE) -run '^TestProveLedger' ./$$room || failed="$$failed $$room"; \
	done; [ -z "$$failed" ] || { echo "not all of it holds: see$$failed above"; exit 1; }

.PHONY: prove-capacity prove-compare
prove-capacity: build $(AGENTS) ## search capacities that are known, and those of real agents twice, into docs/proofs/capacity.md
	$(PROVE) -timeout 4h -run '^TestProveCapacity' ./internal/experiment

prove-compare: build $(AGENTS) ## compare agents with themselves, and with others that differ by a known amount, into docs/proofs/compare.md
	$(PROVE) -timeout 4h -run '^TestProveCompare' ./internal/experiment

.PHONY: bugs
bugs: build $(AGENTS) ## run the scenarios of published problems on every agent, into docs/bugs.md
	$(GO) run ./internal/prove/bugs -spanstorm bin/spanstorm $(BUGS_FLAGS) $(wildcard agents/*/v*.yaml)

VEGETA := bin/tools/vegeta-v12.13.0/vegeta

.PHONY: prove-wire
prove-wire: build $(VEGETA) ## measure what sending costs, beside vegeta and wrk, into docs/performance.md
	$(GO) run ./internal/prove/wire -spanstorm bin/spanstorm -vegeta $(VEGETA) $(WIRE_FLAGS)

$(VEGETA):
	GOBIN=$(CURDIR)/$(@D) $(GO) install github.com/tsenart/vegeta/v12@v12.13.0

.PHONY: clean
clean: ## delete what was built; records stay
	rm -rf bin
