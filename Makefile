# make run and make test are all that a newcomer needs; Go is all they need.

BIN         := bin/tertium
GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
RUN_FLAGS   ?=
BENCH       ?= .

.PHONY: build run test test-docker images base-image bench curves selftest soak fuzz check clean

build: export CGO_ENABLED = 0
build:
	$(GO) build -o $(BIN) ./cmd/tertium

# A replicated payments service, tormented for half a minute and judged.
run: build
	$(BIN) run --system ledger $(RUN_FLAGS)

# go test hides what it skipped where all else passed, so this says it.
test:
	$(GO) test -timeout 10m ./...
	@[ "$$TERTIUM_REQUIRE_DOCKER" = 1 ] || echo "SKIPPED: containers; make test-docker tests them"
	@[ -w /dev/fuse ] || echo "SKIPPED: disks that forget; there is no /dev/fuse"
	@command -v redis-server >/dev/null || echo "SKIPPED: a real Redis; there is no redis-server on PATH"
	@dir=$$PWD; while [ "$$dir" != / ] && [ ! -d "$$dir/shared/corpora" ]; do dir=$$(dirname "$$dir"); done; \
	  [ -n "$$TERTIUM_CORPORA" ] || [ -d "$$dir/shared/corpora" ] || \
	  echo "SKIPPED: recorded histories; TERTIUM_CORPORA names no folder of them"
	@[ -n "$$TERTIUM_SOAK" ] || echo "SKIPPED: mutants and long differential tests; make soak runs them"

# What needs a Docker Engine. One package at a time: containers are heavy.
test-docker: build
	TERTIUM_DOCKER=1 TERTIUM_PROGRAM=$(abspath $(BIN)) $(GO) test -p 1 -timeout 15m ./harness/cluster/docker/... ./systems/...

# The images that systems run in, where they are not there yet.
images: build
	$(BIN) images

# What images are built from, where no registry is reached (needs root).
BASE_MIRROR ?= $(shell awk '/^URIs:|^deb /{print $$2; exit}' /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null)
base-image:
	command -v debootstrap >/dev/null || apt-get install -y debootstrap
	root=$$(mktemp -d) && trap 'rm -rf "$$root"' EXIT && \
	  debootstrap --variant=minbase bookworm "$$root" $(BASE_MIRROR) && \
	  tar -C "$$root" -c . | docker import - debian:bookworm-slim

# Speed, as ratios against a peer in the same run; one package at a time, so that
# none slows another down.
bench: build
	$(GO) test -p 1 -timeout 1h -run '^$$' -bench '$(BENCH)' -benchmem ./...

# How the time of checks grows with the size of histories, drawn.
CURVE_MAX   ?= 10000000
curves:
	TERTIUM_BENCH_MAX=$(CURVE_MAX) $(GO) test -p 1 -timeout 2h -run '^$$' -bench Curve -benchtime 2x \
	  ./checkers/linearizable ./checkers/transactional | $(GO) run ./checkers/internal/curves > docs/performance.svg

# Every planted bug must be found, and the correct service never accused.
selftest: build
	$(BIN) selftest

# The differential tests again, over so many random histories a type.
SOAK        ?= 10000000
soak:
	TERTIUM_SOAK=$(SOAK) $(GO) test -timeout 4h ./checkers/...

# Every fuzz target in turn, for so long each; what is found stays in testdata.
FUZZTIME    ?= 1m
fuzz:
	@status=0; \
	for package in $$($(GO) list ./...); do \
		targets=$$($(GO) test -list '^Fuzz' $$package) || exit 1; \
		for target in $$(echo "$$targets" | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || status=1; \
		done; \
	done; exit $$status

check:
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

clean:
	rm -rf bin
