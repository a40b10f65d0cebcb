# Plain targets over the CMake presets. Everything lands in build/.
#
#   make          build/zdravo, optimised          make bench   measure, with references
#   make demo     a synthetic region, served       make fuzz    longer fuzzing (TIME=seconds each)
#   make test     every check and test             make soak    hours of crashes and load
#
# Each installs first what is missing (packages.txt by apt as root, package-lock.json by npm).

SHELL = /bin/bash
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
export JOBS

.PHONY: all deps demo test bench fuzz soak format lint coverage install clean

all: deps
	@. tools/step.sh && step "build release" build/logs/release.log tools/build.sh release zdravo
	@ln -sfn release/zdravo build/zdravo && echo "build/zdravo is ready: build/zdravo help"

deps:
	@tools/deps.sh

demo: all
	@tools/demo.sh

test: deps
	@tools/test.sh

bench: all
	@bench/run.sh

fuzz: deps
	@tools/fuzz.sh $(or $(TIME),60)

soak: all
	@tests/soak.sh

format: deps
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs -r clang-format -i

lint: deps
	@tools/lint.sh

coverage: deps
	@tools/coverage.sh

install: all
	install -D -m 755 build/release/zdravo $(DESTDIR)$(PREFIX)/bin/zdravo

clean:
	rm -rf build
