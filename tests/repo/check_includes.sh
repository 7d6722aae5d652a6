#!/bin/sh
# check_includes.sh ROOT: the include directions between the rooms (docs/architecture.md). Prints every include
# that goes up, sideways or to a library that belongs to another room; fails when there is one.
set -u
cd "${1:?usage: check_includes.sh ROOT}" || exit 2

folders=
for folder in src include tests bench; do
	[ ! -d "$folder" ] || folders="$folders $folder"
done
# shellcheck disable=SC2016,SC2086 # awk's own $; a list of plain names
find $folders -type f \( -name '*.[ch]' -o -name '*.def' -o -name '*.inc' \) | LC_ALL=C sort | xargs awk '
	BEGIN {
		# May include what is before it in this order, and itself.
		num_ordered = split("base config sim pcie media nesc host stacks run sweep", ordered, " ")
		for (i = 1; i <= num_ordered; i++)
			for (j = 1; j <= i; j++)
				may[ordered[i], ordered[j]] = 1
		# The two rooms beside nesc.
		num_beside = split("workload metrics", beside, " ")
		for (i = 1; i <= num_beside; i++) {
			may[beside[i], beside[i]] = may[beside[i], "base"] = 1
			may["host", beside[i]] = may["stacks", beside[i]] = may["run", beside[i]] = may["sweep", beside[i]] = 1
		}
		may["workload", "config"] = 1
		# Figures are made of what a run leaves: they need what reads and writes files, and the names of the schemes.
		num_drawn = split("plot base config metrics workload stacks", drawn, " ")
		for (i = 1; i <= num_drawn; i++)
			may["plot", drawn[i]] = 1
		# What a configuration may say about figures is theirs to know.
		may["run", "plot"] = may["sweep", "plot"] = 1
		# Reports have figures, read configurations by the schema that run puts together, and say parameters as sweep reads them.
		num_reported = split("report base config metrics workload plot run sweep", reported, " ")
		for (i = 1; i <= num_reported; i++)
			may["report", reported[i]] = 1
		num_reproduced = split("reproduce base config metrics run plot", reproduced, " ")
		for (i = 1; i <= num_reproduced; i++)
			may["reproduce", reproduced[i]] = 1
		may["cli", "cli"] = 1
		for (i = 1; i <= num_ordered; i++)
			room[ordered[i]] = 1
		room["workload"] = room["metrics"] = room["cli"] = room["plot"] = room["report"] = room["reproduce"] = 1
		# Libraries with one owner: the public interface and all other rooms stay free of them.
		owner["simgrid"] = owner["xbt"] = "sim"
		owner["yaml.h"] = "config"
		owner["ext2fs"] = "host"
		owner["nettle"] = "run"
	}
	function wrong(why) {
		printf "%s:%d: %s: %s\n", FILENAME, FNR, $0, why
		bad = 1
	}
	FNR == 1 {
		num_parts = split(FILENAME, part, "/")
		tree = part[1]
		from = num_parts > 2 ? part[2] : ""
		if (tree == "src" && !(from in room))
			wrong("src/" from " is no room: give it a place in tests/repo/check_includes.sh")
	}
	/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
		quoted = $0 ~ /include[ \t]*"/
		path = $0
		sub(/^[^<"]*[<"]/, "", path)
		sub(/[>"].*$/, "", path)
		top = path
		sub(/\/.*$/, "", top)
		if (path ~ /(^|\/)\.\.?\//)
			wrong("name the room, not a relative path")
		if ((top in owner) && (from != owner[top] || (tree != "src" && tree != "tests")))
			wrong("only src/" owner[top] " may include it")
		if (!quoted || tree == "tests" || tree == "bench")
			next
		if (path !~ /\//)
			top = from
		if (tree == "include") {
			if (top != "nescsim")
				wrong("a public header includes public headers only")
		} else if (top == "nescsim") {
			next
		} else if (!(top in room)) {
			wrong(top " is no room")
		} else if (from == "cli" && top != "cli") {
			wrong("src/cli uses the public headers, nescsim/..., only")
		} else if (!((from, top) in may)) {
			wrong("src/" from " may not include src/" top)
		}
	}
	END { exit bad }
'
