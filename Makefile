SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

web := examples/chat/web
# The module for JavaScript clients.
resume := clients/dist/resume.js
# What npm writes last when it installs the packages of a lockfile.
packages := $(patsubst %/package-lock.json,%/node_modules/.package-lock.json,\
  $(shell find e2e examples/notices examples/subgraph -name node_modules -prune -o -name package-lock.json -print))
# The tools are pinned in a module of their own, apart from the users' graph.
tool := go tool -modfile=tools/go.mod

# Where run, run-fleet and run-lambda listen, each with a default of its own, and the
# port of the page for operators, which run has only if it is given.
PORT ?=
DEBUG ?=
# The program that run-lambda runs in place of the chat.
PROGRAM ?=
# How long each fuzz test runs.
FUZZTIME ?= 10s
# How many histories soak plays on each adapter, and the first one's seed.
HISTORIES ?= 10000
SEED ?=
# Flags of bench/load, such as -quick.
LOAD ?=
# vet is a part of lint. No package takes half an hour, but on a machine that does much else.
# A binary that is built with -race sleeps at its end: 0.1 s, in place of 1 s.
tests := GORACE=atexit_sleep_ms=100 go test -race -vet=off -timeout 30m
# What the race detector cannot run, or only in part, runs without it too.
unraced := go test -vet=off ./core ./internal/graphql/document

.PHONY: help run run-fleet run-lambda test unit e2e lint vuln fuzz soak bench figures check fmt tidy setup web clean

help: ## what there is
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: ## the chat example, with its page and a GraphQL explorer, on PORT (8080)
	@if command -v npm >/dev/null; then $(MAKE) -s web; \
	else echo 'npm is missing, so only the GraphQL endpoint starts; for the pages install Node.js 20.19 or later'; fi
	@scripts/step 'building the chat' go build -o bin/chat ./examples/chat
	@exec bin/chat -addr 127.0.0.1:$(or $(PORT),8080) $(if $(DEBUG),-debug 127.0.0.1:$(DEBUG)) # not by go run, which calls Ctrl-C a failure

run-fleet: ## the same chat on two gateways that share a Redis, on PORT (8090) and the next
	@scripts/setup node redis
	@$(MAKE) -s web
	@scripts/step 'building the fleet' go build -o bin/chat-fleet ./examples/chat/fleet
	@scripts/step 'building a gateway' go build -o bin/chat-redis ./examples/chat/redis
	@exec bin/chat-fleet -program bin/chat-redis -port $(or $(PORT),8090)

run-lambda: ## the same chat on its Lambda functions, a local API Gateway and DynamoDB Local, on PORT (8081)
	@scripts/setup node java
	@$(MAKE) -s web
	@scripts/step 'building the cloud' go build -o bin/chat-lambda ./examples/chat/lambda/local
	@exec bin/chat-lambda -addr 127.0.0.1:$(or $(PORT),8081) $(if $(PROGRAM),-program '$(abspath $(PROGRAM))')

test: setup web $(resume) $(packages) ## all tests, after installing what they need
	$(tests) -tags 'integration e2e' ./...
	$(unraced)
	cd bench && go vet ./... && go test ./...

unit: ## the tests that need nothing but Go
	$(tests) ./...
	$(unraced)

e2e: setup web $(resume) $(packages) ## the chat example with real clients and a browser
	$(tests) -tags e2e ./e2e/...

lint: ## formatting, linters, tidiness of go.mod
	go mod tidy -diff
	$(tool) golangci-lint run ./...

vuln: ## known vulnerabilities in what the code calls
	scripts/vuln $(tool) govulncheck ./...

fuzz: ## every fuzz test, each for FUZZTIME (10s)
	scripts/fuzz $(FUZZTIME)

soak: setup ## HISTORIES (10000) random histories with faults on each adapter, from SEED on, and crowds on Lambda
	scripts/soak $(HISTORIES) $(SEED)

bench: ## the benchmarks, and the server beside its peers
	go test -run '^$$' -bench . -benchmem ./...
	cd bench && go run ./posts
	@$(MAKE) figures

figures: ## measures the server beside its peers with the flags LOAD, and draws docs/performance.md from it
	cd bench && go run ./load -json results.json $(LOAD) && go run ./plot

check: test lint vuln fuzz ## what CI runs

fmt: ## formats the Go code
	$(tool) golangci-lint fmt

tidy: ## puts go.mod and go.sum in order
	go mod tidy
	cd bench && go mod tidy
	cd tools && go mod tidy

setup: ## installs what the tests need, or says what to install
	@scripts/setup

web: $(web)/dist/index.html ## builds the pages of the chat example

$(resume): clients/src/resume.ts clients/package.json clients/package-lock.json clients/tsconfig.json
	cd clients && npm ci && npm run build

# Built again when a source or the lockfile is newer than the pages are.
$(web)/dist/index.html: clients/src/resume.ts $(shell find $(web) -name node_modules -prune -o -name dist -prune -o -type f -print)
	@scripts/step 'installing what the pages are built with' npm --prefix $(web) ci
	@scripts/step 'building the pages' npm --prefix $(web) run build

%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	cd $* && npm ci

clean: ## removes what was built
	rm -rf bin $(web)/dist $(web)/node_modules clients/dist clients/node_modules examples/notices/react/dist $(dir $(packages))
