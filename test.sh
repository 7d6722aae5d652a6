#!/usr/bin/env bash
# Builds and runs the tests; ctest's summary comes last. Installs what is missing first.
set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")"
. scripts/setup.sh

usage() {
	cat <<'EOT'
usage: ./test.sh [--sanitize | --long | --fuzz | --browser | --slurm] [ctest option...]
  (none)      all tests but the long ones, assertions on, warnings are errors
  --sanitize  with address and undefined-behaviour sanitizers, without the slow tests
  --long      only the long tests (fuzzing of the simulator)
  --fuzz      only the trace readers' fuzzer, a minute for each format
  --browser   only the pages of `nescsim report`, in headless Chromium; skipped where it cannot be installed
  --slurm     only sweeps on a Slurm of two nodes, which the tests start on this machine; skipped without its packages
Further options go to ctest: ./test.sh -R btlb
EOT
}

build=ci tests=ci
while [ $# -gt 0 ]; do
	case $1 in
	--sanitize) build=asan-ubsan tests=asan-ubsan ;;
	--long) build=ci tests=long ;;
	--fuzz) build=ci tests=fuzz ;;
	--browser) build=ci tests=browser ;;
	--slurm) build=ci tests=slurm ;;
	-h | --help)
		usage
		exit 0
		;;
	*) break ;;
	esac
	shift
done

ensure_packages "${build_packages[@]}" "${test_packages[@]}"
# Without these, the tests that need them say that they are skipped.
optional=()
[ "$tests" != browser ] || optional=("${browser_packages[@]}")
[ "$tests" != slurm ] || optional=("${slurm_packages[@]}")
(ensure_packages ${optional[@]+"${optional[@]}"}) || say "going on without: ${optional[*]}"
build_preset "$build"
say "Running test preset $tests"
exec ctest --preset "$tests" -j "$(nproc)" "$@"
