#!/bin/sh
# test_checks.sh DIR CC: the checks in DIR pass a small tree that keeps the rules and fail it after each seeded breach.
set -u
dir=$(cd "${1:?usage: test_checks.sh DIR CC}" && pwd) || exit 2
cc=${2:?usage: test_checks.sh DIR CC}
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree
passed=0 failed=0

# A fresh tree that keeps the rules.
plant() {
	rm -rf "$tree"
	for room in base config sim pcie media nesc workload metrics host stacks run cli; do
		mkdir -p "$tree/src/$room" "$tree/tests/$room"
		printf '#ifndef %s_A_H\n#define %s_A_H\n#endif\n' "$room" "$room" >"$tree/src/$room/a.h"
	done
	mkdir -p "$tree/include/nescsim" "$tree/.ci"
	printf '#ifndef PUBLIC_H\n#define PUBLIC_H\n#endif\n' >"$tree/include/nescsim/error.h"
	for command in quickstart.sh test.sh .ci/run; do
		printf './test.sh\n' >"$tree/$command"
		chmod +x "$tree/$command"
	done
	add src/base/a.c '#include "base/a.h"' '#include "nescsim/error.h"'
	add src/config/a.c '#include <yaml.h>' '#include "base/a.h"'
	add src/sim/a.c '#include <simgrid/actor.h>' '#  include <xbt/log.h>' '#include "config/a.h"'
	add src/media/a.c '#include "pcie/a.h"' '#include "sim/a.h"' '#include "a.h"'
	add src/workload/a.c '#include "config/a.h"' '#include "base/a.h"'
	add src/metrics/a.c '#include "base/a.h"'
	add src/host/a.c '#include "workload/a.h"' '#include "metrics/a.h"' '#include "nesc/a.h"'
	add src/run/a.c '#include "stacks/a.h"' '#include "metrics/a.h"' '#include "base/a.h"'
	add src/cli/a.c '#include "nescsim/error.h"' '#include "cli/a.h"'
	add tests/sim/a.c '#include <simgrid/actor.h>' '#include "run/a.h"'
}

# add FILE LINE...: appends the lines to a file of the tree.
add() {
	file=$tree/$1
	shift
	printf '%s\n' "$@" >>"$file"
}

# expect pass|FILE CHECK...: the check passes, or fails and names FILE.
expect() {
	want=$1 wrong=0
	shift
	output=$(sh "$dir/$1" "$tree" "$cc" 2>&1)
	status=$?
	case $want:$status:$output in
	pass:0:*) passed=$((passed + 1)) ;;
	pass:*) wrong=1 ;;
	*:0:*) wrong=1 ;;
	"$want":*"$want"*) passed=$((passed + 1)) ;;
	*) wrong=1 ;;
	esac
	[ "$wrong" -eq 0 ] || {
		failed=$((failed + 1))
		printf 'check %s, expected: %s; status %s, it said:\n%s\n' "$1" "$want" "$status" "$output"
	}
}

# breach CHECK FILE LINE: the check must object to LINE in FILE.
breach() {
	plant
	add "$2" "$3"
	expect "$2" "$1"
}

plant
expect pass check_includes.sh
expect pass check_headers.sh
expect pass check_tree.sh

breach check_includes.sh src/base/b.c '#include "sim/a.h"'
breach check_includes.sh src/base/b.h '#include "config/a.h"'
breach check_includes.sh src/pcie/b.c '#include "media/a.h"'
breach check_includes.sh src/media/b.c '# include "nesc/a.h"'
breach check_includes.sh src/nesc/b.c '#include "workload/a.h"'
breach check_includes.sh src/nesc/b.c '#include "metrics/a.h"'
breach check_includes.sh src/nesc/b.c '	#include "host/a.h" /* why not */'
breach check_includes.sh src/workload/b.c '#include "metrics/a.h"'
breach check_includes.sh src/workload/b.c '#include "sim/a.h"'
breach check_includes.sh src/metrics/b.c '#include "config/a.h"'
breach check_includes.sh src/metrics/b.c '#include "workload/a.h"'
breach check_includes.sh src/host/b.c '#include "stacks/a.h"'
breach check_includes.sh src/stacks/b.c '#include "run/a.h"'
breach check_includes.sh src/run/b.c '#include "cli/a.h"'
breach check_includes.sh src/cli/b.c '#include "run/a.h"'
breach check_includes.sh src/cli/b.c '#include "base/a.h"'
breach check_includes.sh src/nesc/b.c '#include "../pcie/a.h"'
breach check_includes.sh src/nesc/b.c '#include "elsewhere/a.h"'
breach check_includes.sh src/stacks/all.def '#include "run/a.h"'
breach check_includes.sh src/nesc/b.c '#include <simgrid/actor.h>'
breach check_includes.sh src/run/b.h '#include <xbt/log.h>'
breach check_includes.sh tests/nesc/b.c '#include <simgrid/actor.h>'
breach check_includes.sh src/base/b.c '#include <yaml.h>'
breach check_includes.sh include/nescsim/b.h '#include "run/a.h"'
breach check_includes.sh include/nescsim/b.h '#include <yaml.h>'
plant
mkdir "$tree/src/attic"
add src/attic/b.c '#include "base/a.h"'
expect src/attic/b.c check_includes.sh

plant
add src/nesc/b.h 'struct unknown_type embedded;'
expect nesc/b.h check_headers.sh
plant
add src/nesc/b.h 'typedef struct { int once; } not_guarded;'
expect nesc/b.h check_headers.sh

breach check_tree.sh src/nesc/b.c "/* TO""DO: finish */"
breach check_tree.sh include/nescsim/b.h "/* FI""XME */"
breach check_tree.sh src/run/b.c "/* not impl""emented */"
breach check_tree.sh docs.md "see /ho""me/me/notes"
plant
chmod -x "$tree/test.sh"
expect test.sh check_tree.sh
plant
add README.md 'Run ./quickstart.sh.'
expect test.sh check_tree.sh
plant
truncate -s 5M "$tree/big.bin"
expect big.bin check_tree.sh

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
