#!/bin/sh
# check_result.sh DIR: is DIR a whole result folder? Every file there, the JSON parses, the CSVs are rectangular.
set -u
dir=${1:?usage: check_result.sh DIR}
status=0

bad() {
	printf '%s: %s\n' "$dir/$1" "$2" >&2
	status=1
}

for file in result.json summary.csv stages.csv units.csv; do
	[ -s "$dir/$file" ] || {
		bad "$file" "missing or empty"
		continue
	}
	case $file in
	*.json)
		# python3 comes with libsimgrid-dev.
		python3 -m json.tool "$dir/$file" >/dev/null || bad "$file" "is not JSON"
		;;
	*.csv)
		# A quoted field may hold commas.
		awk -F, '
			{ gsub(/"[^"]*"/, "q") }
			NR == 1 { fields = NF }
			NF != fields { printf "line %d has %d fields, the header %d\n", NR, NF, fields; wrong = 1 }
			END { if (NR < 2) print "no rows"; exit (wrong || NR < 2) }
		' "$dir/$file" >&2 || bad "$file" "is not a table with rows"
		;;
	esac
done
[ "$status" -ne 0 ] || printf '%s: whole\n' "$dir"
exit "$status"
