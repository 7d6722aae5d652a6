#!/bin/sh
# check_scripts.sh ROOT: shellcheck on every shell script; exits with 77 (skipped) without shellcheck.
set -u
cd "${1:?usage: check_scripts.sh ROOT}" || exit 2
if ! command -v shellcheck >/dev/null; then
	echo "shellcheck is not installed"
	exit 77
fi
find . \( -path ./.git -o -path './build*' -o -path ./results \) -prune -o -type f \( -name '*.sh' -o -path ./.ci/run \) \
	-print | LC_ALL=C sort | xargs shellcheck -x -P .
