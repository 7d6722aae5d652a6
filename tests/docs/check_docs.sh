#!/bin/sh
# shellcheck disable=SC2016 # the backticks are the pages'
# check_docs.sh [--update] ROOT PROGRAM...: is what README.md and docs/*.md say true?
#
#   commands  in a block fenced by ```console, each line "$ command" is run and what it prints is compared with the
#             lines up to the next one. The shell's path begins with the PROGRAMs, under their file names; the folder is a
#             scratch one with links to configs/, docs/ and traces/, the same for all blocks of a file.
#   links     every relative link leads to a file, every anchor to a heading
#   files     every `src/...`, `tests/...`, `configs/...` that is named is there
#   keys      every `section.key` that is named is one of the configuration's
#   names     everything in a table named below is explained
#
# --update writes what the commands print into the files, instead of comparing. Look at the difference before you commit,
# and at the text around it: numbers in sentences and tables are not checked.
set -u
update=no
if [ "${1-}" = --update ]; then
	update=yes
	shift
fi
[ $# -ge 2 ] || {
	echo "usage: check_docs.sh [--update] ROOT PROGRAM..." >&2
	exit 2
}
root=$(cd -P "$1" && pwd) || exit 2
shift
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
status=0

mkdir "$scratch/bin"
for program in "$@"; do
	[ -x "$program" ] || {
		echo "check_docs.sh: no program $program" >&2
		exit 2
	}
	ln -s "$(cd "$(dirname "$program")" && pwd)/$(basename "$program")" "$scratch/bin/$(basename "$program")"
done
PATH=$scratch/bin:$PATH
export PATH LC_ALL=C

bad() {
	printf '%s\n' "$1"
	status=1
}

cd "$root" || exit 2
pages=
for page in README.md docs/*.md; do
	[ ! -f "$page" ] || pages="$pages $page"
done
[ -n "$pages" ] || bad "there is no README.md and no docs/*.md"

# ---- commands

for page in $pages; do
	folder=$scratch/$(basename "$page" .md)
	mkdir "$folder"
	for name in configs docs traces; do
		[ ! -e "$root/$name" ] || ln -s "$root/$name" "$folder/$name"
	done
	(cd "$folder" && awk '
		/^```console$/ { inside = 1; print; next }
		/^```/ { inside = 0 }
		!inside { print; next }
		/^\$ / {
			print
			command = "(" substr($0, 3) ") </dev/null 2>&1"
			while ((command | getline line) > 0)
				print line
			close(command)
		}
	' "$root/$page") >"$scratch/page"
	if cmp -s "$page" "$scratch/page"; then
		continue
	elif [ "$update" = yes ]; then
		cat "$scratch/page" >"$page"
		echo "$page: updated"
	else
		bad "$page does not say what the commands print (- is the page; check_docs.sh --update writes it):"
		diff -u "$page" "$scratch/page" | sed -n '3,80p'
	fi
done

# ---- links, files, keys

# Lines of the page outside of fenced blocks.
prose() {
	awk '/^```/ { inside = !inside; next } !inside' "$1"
}

# The anchors of a page's headings, as web hosts make them.
anchors() {
	prose "$1" | sed -n 's/^##* //p' | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

for page in $pages; do
	for link in $(prose "$page" | grep -oE '\]\([^) ]+\)' | sed 's/^](//; s/)$//'); do
		case $link in
		*://* | mailto:*) continue ;;
		esac
		file=${link%%#*}
		case $link in
		'#'*) target=$page ;;
		*) target=$(dirname "$page")/$file ;;
		esac
		if [ ! -e "$target" ]; then
			bad "$page: the link $link leads nowhere"
			continue
		fi
		case $link in
		*'#'*) anchors "$target" | grep -qxF -- "${link#*#}" || bad "$page: $file has no heading for $link" ;;
		esac
	done
	for file in $(prose "$page" | grep -oE '`[^` ]+`' | tr -d '`' |
		grep -E '^(src|include|tests|configs|traces|docs|scripts|cmake|bench)/[A-Za-z0-9_./-]*[A-Za-z0-9]$'); do
		[ -e "$file" ] || bad "$page: there is no $file"
	done
	for key in $(prose "$page" | grep -oE '`[^` ]+`' | tr -d '`' |
		grep -E '^(sim|device|link|nesc|media|host|guest|hypervisor|vms|output|sweep)(\[[0-9]*\])?(\.[a-z_]+)+$' |
		grep -vE '^sweep\.(csv|json)$'); do
		nescsim params "$key" >"$scratch/key" 2>&1 || bad "$page: there is no key $key: $(cat "$scratch/key")"
	done
done

# ---- names: explained TABLE WORD PAGE: the name that each row WORD(name, ...) of TABLE begins with stands in backticks
# in PAGE (stages in lower case).

explained() {
	[ -f "$1" ] || return 0
	sed -n "s/^$2(\\([A-Za-z0-9_]*\\).*/\\1/p" "$1" >"$scratch/names"
	while read -r name; do
		[ "$2" != STAGE ] || name=$(echo "$name" | tr '[:upper:]' '[:lower:]')
		if [ ! -f "$3" ] || ! grep -qF -- "\`$name\`" "$3"; then
			bad "$3 does not explain \`$name\` of $1"
		fi
	done <"$scratch/names"
}

explained src/base/stages.def STAGE docs/life-of-a-request.md
explained src/sim/mutants.def X docs/time.md
for kind in TEXT IMAGE LIVE; do
	explained src/host/real_maps.def MAP_$kind docs/extents.md
done
explained src/stacks/stacks.def X docs/units.md
explained src/media/media.def X docs/units.md
explained src/workload/readers.def READER README.md
explained src/sweep/executors.def EXECUTOR docs/sweep.md

# listed TABLE WORD PAGE HEADING: the names of the rows WORD(name, ...) of TABLE, and no others, are the first column of the table
# under this heading of PAGE.
listed() {
	[ -f "$1" ] || return 0
	sed -n "s/^$2(\\([A-Za-z0-9_]*\\).*/\\1/p" "$1" | sort >"$scratch/names"
	awk -v heading="## $4" '/^## / { inside = $0 == heading } inside && /^\|/ { split($0, columns, "|"); print columns[2] }' "$3" |
		grep -o '`[^`]*`' | tr -d '`' | sort >"$scratch/listed"
	cmp -s "$scratch/names" "$scratch/listed" && return 0
	bad "$3, $4: not the names of $1 (- is the page):"
	diff -u "$scratch/listed" "$scratch/names" | sed '1,3d'
}

listed src/workload/fio_options.def ALIAS docs/fio.md 'Other names'
listed src/workload/fio_options.def IGNORED docs/fio.md 'Options that are accepted'
listed src/workload/fio_options.def REFUSED docs/fio.md 'Options that are refused'

exit "$status"
