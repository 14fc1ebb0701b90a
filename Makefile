# SPDX-License-Identifier: Apache-2.0
# The commands of the project. Each target is one script in tools/; the build itself is Meson's.
.PHONY: all run demo check check-deep bench help format clean
.NOTPARALLEL:

all: ## build the programs into build/bin (the default)
	@tools/setup build
	@tools/build release

run: all ## watch an image become a signed bundle and reach a device
	@tools/setup run
	@tools/demo

demo: all ## a depot with a page and a fleet to look at, until Ctrl-C
	@tools/setup run
	@tools/demo depot

check: ## build two ways, run every test and every check of the source
	@tools/setup check
	@tools/check

check-deep: ## hours of fuzzing, a fleet of 20,000, valgrind, clang-tidy, gcc -fanalyzer, sanitized scenarios, mutations
	@tools/setup deep
	@tools/check-deep

bench: all ## measure, print a table, write build/bench.json
	@tools/setup bench
	@tools/bench

help: ## list these targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | awk -F '\t' '{ printf "make %-11s %s\n", $$1, $$2 }'

format: ## lay out every C file as make check wants it
	@tools/setup format
	@tools/list-files '*.c' '*.h' | xargs -r clang-format -i

clean: ## remove build/
	@rm -rf build
