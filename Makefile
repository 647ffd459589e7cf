# SPDX-License-Identifier: Apache-2.0
# Only forwards: meson builds, scripts/ and tools/ know how.
.PHONY: all demo test lint fuzz bench tsan install clean

all:
	@scripts/build build programs
demo:
	@scripts/demo
test:
	@scripts/test
lint:
	@tools/lint
fuzz:
	@scripts/fuzz
bench:
	@scripts/bench
tsan:
	@scripts/tsan
install: all
	meson install -C build --no-rebuild
clean:
	rm -rf build build-*/
