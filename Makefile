# The front door. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PRESET ?= release
JOBS ?= $(shell nproc)
DEPS_DIR ?= $(CURDIR)/.deps
CCACHE_DIR ?= $(CURDIR)/.ccache
export DEPS_DIR CCACHE_DIR
BUILD := build/$(PRESET)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' \
	  $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what is missing (Debian packages, LibTorch)
	@tools/setup.sh

.PHONY: configure
configure: setup
	@test -f $(BUILD)/build.ninja || \
	  cmake --preset $(PRESET) -DDEPS_DIR=$(DEPS_DIR)

.PHONY: build
build: configure ## build everything (PRESET=release|asan|tsan)
	@cmake --build $(BUILD) -j $(JOBS)

.PHONY: test
test: build ## all tests but the slow ones; ends with `N passed, N failed`
	@python3 tools/run_tests.py --build $(BUILD)

.PHONY: test-slow
test-slow: build ## the long tests
	@python3 tools/run_tests.py --build $(BUILD) --label slow --exclude gpu

.PHONY: sanitize
sanitize: ## ASan+UBSan on every test program, TSan on those without LibTorch
	@$(MAKE) --no-print-directory sanitized PRESET=asan
	@$(MAKE) --no-print-directory sanitized PRESET=tsan

.PHONY: sanitized
sanitized: configure
	@cmake --build $(BUILD) -j $(JOBS) --target ume_test_programs
	@python3 tools/run_tests.py --build $(BUILD) --label program

UME := $(BUILD)/bin/ume
EMOJI := examples/emoji

.PHONY: emoji-data
emoji-data: setup ## build the example's training and evaluation sets
	@python3 $(EMOJI)/build.py --output $(EMOJI)/data \
	  $(if $(wildcard $(EMOJI)/style),--style $(EMOJI)/style)

.PHONY: demo
demo: build emoji-data ## train, evaluate and report the emoji example
	@RUN=$${RUN:-emoji-$$(date +%Y%m%d-%H%M%S)}; \
	  $(UME) train configs/emoji.yaml run.name=$$RUN

.PHONY: demo-seeds
demo-seeds: build emoji-data ## three seeds, control, upper reference: one report (RUN=NAME)
	@tools/demo_seeds.sh $(UME) $(or $(RUN),emoji-seeds)

.PHONY: emoji-base
emoji-base: build ## train the example's starting model anew (long)
	@python3 $(EMOJI)/fetch_style.py --output $(EMOJI)/style
	@python3 $(EMOJI)/build.py --output $(EMOJI)/data --style $(EMOJI)/style
	@rm -rf build/emoji-base-init
	@$(UME) model init --config $(EMOJI)/base --output build/emoji-base-init \
	  --seed 1 --dtype float32
	@$(UME) train configs/emoji_base.yaml \
	  model.path=build/emoji-base-init $(if $(RESUME),--resume)
	@echo "the model is in runs/emoji-base/model; copy its model.safetensors to $(EMOJI)/base"

.PHONY: bench
bench: build ## measure; figures in BUILD/bench (BENCH="topic …" for some)
	@cmake --build $(BUILD) -j $(JOBS) --target ume_benches
	@python3 bench/run_all.py --build $(BUILD) $(addprefix --only=,$(BENCH))

.PHONY: chaos
chaos: build ## kill every role once; the run must end as a calm one does
	@python3 tests/system/processes_test.py --programs $(BUILD)/bin \
	  Processes.test_every_role_killed_once_changes_nothing

FUZZ_SECONDS ?= 60
FUZZ_TARGET ?=

.PHONY: fuzz
fuzz: ## fuzz the parsers (FUZZ_SECONDS=60 each, FUZZ_TARGET=name; clang)
	@command -v clang++-14 >/dev/null || { echo "fuzzing needs clang:" \
	  "apt-get install clang-14 libclang-rt-14-dev" >&2; exit 69; }
	@test -f build/fuzz/build.ninja || cmake --preset fuzz
	@cmake --build --preset fuzz -j $(JOBS)
	@python3 tools/fuzz.py --build build/fuzz --seconds $(FUZZ_SECONDS) \
	  $(FUZZ_TARGET:%=--target %)

.PHONY: format
format: ## clang-format over the tree
	@git ls-files '*.cpp' '*.h' | xargs -r clang-format -i

.PHONY: lint
lint: ## formatting and folder order
	@tools/check_format.sh
	@python3 tools/check_layers.py

.PHONY: clean
clean: ## remove the build folders (not .deps, not runs)
	@rm -rf build
