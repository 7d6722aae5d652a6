#!/bin/sh
# check_headers.sh ROOT CC: every header compiles alone, and twice in a row.
set -u
cd "${1:?usage: check_headers.sh ROOT CC}" || exit 2
cc=${2:?usage: check_headers.sh ROOT CC}
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
status=0

for header in $(cd src && find . -name '*.h' | LC_ALL=C sort) $(cd include && find . -name '*.h' | LC_ALL=C sort); do
	name=${header#./}
	printf '#include "%s"\n#include "%s"\n' "$name" "$name" >"$scratch/alone.c"
	if ! "$cc" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -Iinclude -Isrc "$scratch/alone.c"; then
		printf '%s does not compile alone\n' "$name"
		status=1
	fi
done
exit "$status"
