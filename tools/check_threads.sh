#!/usr/bin/env bash
# Races between threads: what needs no Vulkan driver, whose code knows nothing of it, under
# ThreadSanitizer. Takes about a minute, so .ci/run calls it and not the tests.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -e build-tsan/build.ninja ] ||
    meson setup build-tsan -Db_sanitize=thread -Db_lundef=false -Dbuildtype=debugoptimized
# Builds what these need, and no more.
meson test -C build-tsan --print-errorlogs train_dataset train_films queue progress
