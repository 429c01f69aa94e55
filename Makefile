# Everything that is done to tocsin. `make demo` and `make test` need Go and a C++ compiler, nothing else.
BIN := bin/tocsin
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LINT := .cache/bin/golangci-lint
FUZZTIME ?= 30s
export TOCSIN_SHARED ?= $(abspath ../shared)

.PHONY: build help demo test integration soak lint fuzz bench golden release clean

build: ## the program, into bin/
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN) ./cmd/tocsin

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1: /p' $(firstword $(MAKEFILE_LIST))

demo: build ## the main job on embedded defaults, in ./tocsin-demo
	$(BIN) demo

test: ## all tests that need nothing else installed; several wait for a clock or a process
	go test -parallel 4 ./...

integration: ## installs and starts the real components, runs the tests that need them
	tools/mailtest.sh install
	tools/trino.sh install
	tools/aws.sh install
	go test -tags integration -run Integration -count=1 -p 1 -timeout 25m -v ./notifier/email ./cmd/tocsin ./store/trino
	go test -run 'TestGuarantees$$' -count=1 ./alertrules -rapid.checks=1000
	go test -run 'TestMissedMoments' -count=1 ./alertrules -rapid.checks=100
	go test -run 'TestGuarantees$$|Property$$' -count=1 ./store -rapid.checks=100

soak: ## what takes too long for every run
	tools/trino.sh install
	go test -tags soak -run 'Soak' -timeout 2h -count=1 -v ./...
	go test -run 'TestGuarantees$$|Property$$' -timeout 4h -count=1 ./store -rapid.checks=2000

lint: $(LINT) ## gofmt, vet and the linters of .golangci.yml
	go vet ./...
	$(LINT) run --timeout 10m

$(LINT):
	GOBIN=$(abspath .cache/bin) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

fuzz: ## every fuzz target for FUZZTIME
	tools/fuzz.sh $(FUZZTIME)

bench: build ## figures with a baseline from the same run
	go test -run '^$$' -bench . -benchtime 1x -timeout 1h ./...

golden: ## rewrite golden files; read the diff
	UPDATE=1 go test ./query ./alertrules ./templates ./cmd/tocsin ./cmd/tocsin/shell

release: ## stripped program and its checksum in dist/
	mkdir -p dist
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o dist/tocsin-$(shell go env GOOS)-$(shell go env GOARCH) ./cmd/tocsin
	cd dist && sha256sum tocsin-* > SHA256SUMS

clean:
	rm -rf bin dist .cache tocsin-demo
