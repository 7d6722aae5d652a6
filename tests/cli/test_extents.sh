#!/bin/sh
# `nescsim extents` and disks with the map of a real file: is every source read as the tools of its filesystem read it, is what
# cannot be a disk refused, and does fragmentation show?
. tests/cli/cli.sh
PATH=$PATH:/sbin:/usr/sbin
maps=traces/extents

# row WORDS: stdout has a line of these words, however far apart.
row() {
	tr -s ' ' <"$scratch/out" | sed 's/^ //' | grep -qxF -e "$1" || bad "$last: stdout has no row '$1': $(cat "$scratch/out")"
}

# same_map FILE FILE: remarks apart.
same_map() {
	grep -v '^#' "$1" >"$scratch/one"
	grep -v '^#' "$2" | cmp -s - "$scratch/one" || bad "$last: $1 and $2 differ"
}

# ---- what is said ------------------------------------------------------------------------------------------------------

# Counted by hand: 12 written extents of 1 to 16 KiB, 69 in all; 5 unwritten ones, 39 in all; holes of 6, 4 and 10 KiB.
run extents $maps/small.map
expect 0
out 'small.map: text, a file of 131072 bytes in blocks of 1024'
row 'written 0.1 12 12 1 3 5.8 16'
row 'unwritten 0.0 5 5 1 6 7.8 20'
row 'hole 0.0 - 3 4 6 6.7 10'
out '12 extents, depth 1, 1 nodes'
row '1 KiB 5 1 0'
row '8 KiB 3 1 1'

# Two extents that touch are one run; the tree has it as one entry.
printf 'nescsim extents 1 block_bytes 4096 file_bytes 40960\n0 100 2\n2 102 3\n5 200 1\n' >"$scratch/touch.map"
run extents "$scratch/touch.map"
expect 0
row 'written 0.0 3 2 4 4 12.0 20'
row 'hole 0.0 - 1 16 16 16.0 16'
out '2 extents, depth 1, 1 nodes'

printf 'nescsim extents 1 block_bytes 4096 file_bytes 0\n' >"$scratch/none.map"
run extents "$scratch/none.map"
expect 0
row 'written 0.0 0 0 - - - -'
out '0 extents, depth 1, 1 nodes'

# ---- --out -------------------------------------------------------------------------------------------------------------

run extents $maps/frag64k.map.xz --out "$scratch/copy.map"
expect 0
xz -dc $maps/frag64k.map.xz >"$scratch/shipped.map"
same_map "$scratch/copy.map" "$scratch/shipped.map"
run extents $maps/fresh.map --out "$scratch/copy.map"
expect 0
same_map "$scratch/copy.map" $maps/fresh.map

# It replaces maps and empty files, nothing else: the disk itself may be named by mistake.
: >"$scratch/empty"
run extents $maps/fresh.map --out "$scratch/empty"
expect 0
printf 'precious' >"$scratch/disk"
for target in "$scratch/disk" "$scratch" /dev/null; do
	run extents $maps/fresh.map --out "$target"
	expect 2
	err "$target: error: what is there is no map, and is not replaced"
done
[ "$(cat "$scratch/disk")" = precious ] || bad 'a file that is no map was replaced'
run extents $maps/fresh.map --out "$scratch/no/where"
expect 4
run extents "$scratch/disk" --format text --out "$scratch/none"
expect 3
[ ! -e "$scratch/none" ] || bad 'a map appeared although its source is bad'
for file in "$scratch"/*.partial-*; do
	[ ! -e "$file" ] || bad "$file was left"
done

# ---- a filesystem in an image ------------------------------------------------------------------------------------------

# make_image IMAGE TYPE: a filesystem of small files, every second of them deleted, and `disk` in the gaps.
make_image() {
	rm -rf "$scratch/tree"
	mkdir -p "$scratch/tree/folder"
	for i in 100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119; do
		printf '%4096s' "$i" >"$scratch/tree/f$i"
	done
	ln -s /disk "$scratch/tree/link"
	mke2fs -q -F -t "$2" -b 1024 -O ^has_journal -d "$scratch/tree" "$1" 8M >"$scratch/log" 2>&1 || bad "mke2fs: $(cat "$scratch/log")"
	awk 'BEGIN { for (i = 0; i < 100; i++) printf "%4096d", i }' >"$scratch/data"
	{
		for i in 100 102 104 106 108 110 112 114 116 118; do echo "rm f$i"; done
		echo "write $scratch/data disk"
	} >"$scratch/commands"
	debugfs -w -f "$scratch/commands" "$1" >"$scratch/log" 2>&1 || bad "debugfs: $(cat "$scratch/log")"
}

make_image "$scratch/ext4.img" ext4
debugfs -w -R 'fallocate /disk 450 470' "$scratch/ext4.img" >"$scratch/log" 2>&1
run extents "$scratch/ext4.img:/disk" --out "$scratch/ext4.map"
expect 0
out 'image, a file of 409600 bytes in blocks of 1024'
# What debugfs lists: level/depth entry/entries first - last first - last length [Uninit]; leaves have level = depth.
debugfs -R 'dump_extents /disk' "$scratch/ext4.img" 2>"$scratch/log" | tr '/-' '  ' |
	awk 'NR > 1 && $1 == $2 { print $5, $7, $9 ($10 == "Uninit" ? " unwritten" : "") }' >"$scratch/listed"
[ "$(wc -l <"$scratch/listed")" -gt 10 ] || bad "the file of the image is not fragmented: $(cat "$scratch/listed")"
grep -q unwritten "$scratch/listed" || bad 'the file of the image has no unwritten extent'
sed 1d "$scratch/ext4.map" | cmp -s - "$scratch/listed" || bad "an ext4 image is read otherwise than by debugfs: $(cat "$scratch/ext4.map")"
run extents "$scratch/ext4.img:/link" --out "$scratch/link.map"
expect 0
same_map "$scratch/link.map" "$scratch/ext4.map"

# Without extents: block by block, with indirect blocks between.
make_image "$scratch/ext2.img" ext2
run extents "$scratch/ext2.img:/disk" --out "$scratch/ext2.map"
expect 0
awk 'BEGIN { for (i = 0; i < 400; i++) print "bmap /disk", i }' >"$scratch/commands"
debugfs -f "$scratch/commands" "$scratch/ext2.img" 2>"$scratch/log" | grep -v '^debugfs' >"$scratch/listed"
[ "$(wc -l <"$scratch/listed")" -eq 400 ] || bad 'debugfs did not list 400 blocks'
awk 'NR > 1 { for (i = 0; i < $3; i++) print $2 + i }' "$scratch/ext2.map" | cmp -s - "$scratch/listed" ||
	bad "an ext2 image is read otherwise than by debugfs: $(cat "$scratch/ext2.map")"

run extents "$scratch/ext4.img:/nowhere"
expect 4
err 'there is no such file'
run extents "$scratch/ext4.img:/folder"
expect 4
err "'/folder' is no regular file"
run extents "$scratch/none.img:/disk"
expect 4
err 'cannot read the image'
run extents README.md:/disk
expect 3
err 'no filesystem that libext2fs can read'
: >"$scratch/zero.img"
run extents "$scratch/zero.img:/disk"
expect 3

# Data that lies in no block of its own, or in blocks that say something else.
debugfs -w -R 'set_inode_field /disk flags 0x80800' "$scratch/ext4.img" >"$scratch/log" 2>&1
run extents "$scratch/ext4.img:/disk"
expect 3
err 'is encrypted'
printf 'short' >"$scratch/tree/short"
mke2fs -q -F -t ext4 -I 256 -O inline_data -d "$scratch/tree" "$scratch/inline.img" 8M >"$scratch/log" 2>&1
run extents "$scratch/inline.img:/short"
expect 3
err 'within its inode'

# A journal that was not replayed may know better: a warning, no more.
mke2fs -q -F -t ext4 -b 1024 -d "$scratch/tree" "$scratch/journal.img" 16M >"$scratch/log" 2>&1
debugfs -w -R 'feature needs_recovery' "$scratch/journal.img" >"$scratch/log" 2>&1
run extents "$scratch/journal.img:/f101"
[ "$code" -eq 0 ] || bad "$last: exit code $code"
err 'warning'
err 'its journal is not replayed here'

# Damaged images are refused or read, and nothing worse; a block list that leads into itself ends. Blocks 1 to 60 hold the
# superblock, group descriptors, bitmaps and inodes.
damage() {
	cp "$scratch/$1.img" "$scratch/bad.img"
	awk -v seed="$2" 'BEGIN { srand(seed); for (i = 0; i < 40; i++) print 1024 + int(rand() * 60000), int(rand() * 256) }' |
		while read -r at value; do
			printf '%b' "\\0$(printf %o "$value")" | dd of="$scratch/bad.img" bs=1 seek="$at" conv=notrunc 2>/dev/null
		done
	run extents "$scratch/bad.img:/disk"
	case $code in
	0 | 3 | 4) ;;
	*) bad "$last, damaged by seed $2: exit code $code" ;;
	esac
}
for seed in 1 2 3 4 5; do
	damage ext4 $seed
	damage ext2 $seed
done
block=$(debugfs -R 'stat /disk' "$scratch/ext2.img" 2>/dev/null | grep -o '(DIND):[0-9]*' | cut -d: -f2)
cp "$scratch/ext2.img" "$scratch/bad.img"
word=$(printf '\\0%o\\0%o\\0\\0' $((block % 256)) $((block / 256)))
i=0
while [ $((i += 1)) -le 256 ]; do printf '%b' "$word"; done | dd of="$scratch/bad.img" bs=1024 seek="$block" conv=notrunc 2>/dev/null
debugfs -w -R "set_inode_field /disk block[TIND] $block" "$scratch/bad.img" >"$scratch/log" 2>&1
run extents "$scratch/bad.img:/disk"
expect 3
err 'more blocks than the filesystem has'

# ---- a mounted filesystem ----------------------------------------------------------------------------------------------

# Not every filesystem tells: then it says so. Where one does, it must be what filefrag sees.
cp "$scratch/ext4.img" "$scratch/live"
run extents "$scratch/live" --out "$scratch/live.map"
if [ "$code" -eq 0 ]; then
	out 'live: fiemap, a file of 8388608 bytes'
	filefrag -ve "$scratch/live" >"$scratch/live.txt"
	run extents "$scratch/live.txt" --out "$scratch/listed.map"
	expect 0
	out 'filefrag, a file of 8388608 bytes'
	same_map "$scratch/live.map" "$scratch/listed.map"
	sed 's/\.\./../; 5s/:/;/' "$scratch/live.txt" >"$scratch/bad.txt"
	run extents "$scratch/bad.txt"
	expect 3
	err 'bad.txt:5:'
else
	expect 4
	err 'does not tell maps'
fi

run extents nowhere
expect 4
run extents "$scratch"
expect 4
err 'is no regular file'
run extents $maps/fresh.map --format filefrg
expect 2
err 'did you mean filefrag?'
run extents
expect 2
run maps
expect 0
out 'IMAGE:/path'

# ---- disks of configurations -------------------------------------------------------------------------------------------

real='{disk: {bytes: 512 KiB, map: {kind: extents, file: '
load=' }}, workload: {kind: dd, op: mixed, pattern: random, request_bytes: 2 KiB, count: 400}}'

# A file in an image is a disk too, and its text is the same one. Each read is checked against what was written.
printf '{base: %s/configs/vc707.yaml, schemes: [nesc, {virtio: {file: true}}], vms: [%s"ext2.img:/disk"%s]}' "$PWD" "$real" "$load" >"$scratch/image.yaml"
run run "$scratch/image.yaml" --check --out "$scratch/image"
expect 0
run run "$scratch/image.yaml" --set "vms[0].disk.map.file=$scratch/ext2.map" --check --out "$scratch/text"
expect 0
cmp "$scratch/image/units.csv" "$scratch/text/units.csv" || bad 'an image and its text make different disks'
# The result says what map it was, and not what else is in the image.
digest=$(awk 'NR == 1 { print $7, $5; bytes = $5; next }
	{ printf "%d %d %d %d\n", $1 * bytes, $2 * bytes, $3 * bytes, $4 != "unwritten" }' "$scratch/ext2.map" | sha256sum)
grep -q "\"sha256\": \"${digest%% *}\"" "$scratch/image/result.json" || bad 'the digest of a map in an image'
run report "$scratch/image" --out "$scratch/image.html"
expect 0
grep -q "read the map <code>ext2.img:/disk</code>, .*<code>${digest%% *}</code>" "$scratch/image.html" || bad 'the report does not name the map'
! grep -q 'sha256sum' "$scratch/image.html" || bad 'sha256sum cannot read maps in images'
digest=$(sha256sum <"$scratch/ext2.map")
grep -q "\"sha256\": \"${digest%% *}\"" "$scratch/text/result.json" || bad 'the digest of a map in a text'

run check "$scratch/image.yaml" --set 'vms[0].disk.map.file=nowhere.map'
expect 4
err 'vms[0].disk.map.file: cannot read the map'
run check "$scratch/image.yaml" --set "vms[0].disk.map.file=$scratch/data"
expect 3
err 'a configuration cannot ask a mounted filesystem'
run check "$scratch/image.yaml" --set 'vms[0].disk.bytes=100 KiB'
expect 3
err 'the disk is smaller than the file that its map is of: 409600 bytes (at least 400 KiB)'
run check configs/real_maps.yaml --set 'media.capacity=800 MiB'
expect 3
err 'do not fit the medium'

# The shipped example: the more fragments, the fewer hits and the slower, on a VF; the host, which maps nothing, does not care.
run run configs/real_maps.yaml --out "$scratch/real"
expect 0
awk -F, '
	FILENAME ~ /units/ && $1 == "nesc" && $2 == "btlb" && $5 == "hit_rate_percent" { hits[$4] = $6 }
	FILENAME ~ /summary/ && $2 == "app" && $4 == "read" { us[$1 $3] = $10 }
	END {
		if (!(hits[1] > 99 && hits[1] > hits[2] + 20 && hits[2] > hits[3] + 20 && hits[3] > 0))
			print "hit rates:", hits[1], hits[2], hits[3]
		if (!(us["nesc1"] > 0 && us["nesc2"] > us["nesc1"] + 0.5 && us["nesc3"] > us["nesc2"] + 0.5))
			print "latencies:", us["nesc1"], us["nesc2"], us["nesc3"]
		for (vm = 2; vm <= 3; vm++)
			if (!(us["host" vm] > us["host1"] * 0.99 && us["host" vm] < us["host1"] * 1.01))
				print "latency on the host:", us["host1"], us["host" vm]
	}' "$scratch/real/units.csv" "$scratch/real/summary.csv" >"$scratch/wrong"
[ ! -s "$scratch/wrong" ] || bad "configs/real_maps.yaml: $(cat "$scratch/wrong")"
finish
