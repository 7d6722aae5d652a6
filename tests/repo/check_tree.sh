#!/bin/sh
# check_tree.sh ROOT: nothing left open in the code, no path of somebody's machine, no huge file, and the two
# commands that a newcomer runs are there.
set -u
cd "${1:?usage: check_tree.sh ROOT}" || exit 2
status=0

bad() {
	printf '%s\n' "$1"
	[ -z "${2-}" ] || printf '%s\n' "$2" | sed 's/^/    /'
	status=1
}

# What a clone holds; a tree without git (a tarball) is taken whole but for what builds leave.
files() {
	git ls-files --cached --others --exclude-standard 2>/dev/null \
		|| find . \( -path ./.git -o -path './build*' -o -path ./results \) -prune -o -type f -print | sed 's|^\./||'
}

# The brackets keep these patterns from finding themselves.
open=$(grep -rnE '\b(TO[D]O|FI[X]ME|XX[X]|HA[C]K)\b|not impl[e]mented' src include 2>/dev/null)
[ -z "$open" ] || bad "left open in the code:" "$open"

paths=$(files | grep -vE '\.(xz|gz|png)$' | while IFS= read -r file; do
	[ ! -f "$file" ] || grep -HnIE '(^|[^[:alnum:]_.])/(h[o]me|r[o]ot|U[s]ers|w[o]rk|w[o]rkspace)/' "$file"
done)
[ -z "$paths" ] || bad "paths that exist on no user's machine:" "$paths"

big=$(files | while IFS= read -r file; do
	[ ! -f "$file" ] || find "$file" -size +4096k
done)
[ -z "$big" ] || bad "files over 4 MiB:" "$big"

for command in quickstart.sh test.sh .ci/run; do
	[ -x "$command" ] || bad "$command is missing or not executable"
done
if [ -f .ci/run ] && ! grep -q 'test\.sh' .ci/run; then
	bad ".ci/run does not call ./test.sh"
fi
if [ -f README.md ]; then
	for command in quickstart.sh test.sh; do
		grep -q "$command" README.md || bad "README.md does not mention ./$command"
	done
fi
exit "$status"
