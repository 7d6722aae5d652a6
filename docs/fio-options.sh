#!/bin/sh
# fio-options.sh: the options of fio that are keys of the workload kind `fio`, a paragraph each, from `nescsim params` (docs/fio.md).
# The tool is $NESCSIM, or `nescsim` of the search path, or ./nescsim.
set -eu
nescsim=${NESCSIM:-nescsim}
command -v "$nescsim" >/dev/null || nescsim=./nescsim
"$nescsim" params | awk '
	/^vms\[\]\.workload\.[a-z_]+ .*kind = fio\)$/ { sub(/^vms\[\]\.workload\./, ""); text = $1 ":"; next }
	text == "" { next }
	/^$/ { print text; text = "" }
	$1 == "help" { is_help = 1; $1 = "" }
	text == "" { is_help = 0 }
	is_help { sub(/^ +/, ""); text = text " " $0 }
	END { if (text != "") print text }' | fold -s -w 120 | sed 's/ *$//; /^[a-z_]*:/!s/^/    /'
