#!/bin/sh
# mechanisms.sh: what the controller's own parameters do, on the fragmented file of configs/fragmented.yaml (about 7,500
# extents of 4-64 KiB, read at random): BTLB entries, walkers, depth of the extent tree (docs/validation.md).
# The tool is $NESCSIM, or `nescsim` of the search path, or ./nescsim.
set -eu
config=$(dirname "$0")/../configs/fragmented.yaml
nescsim=${NESCSIM:-nescsim}
command -v "$nescsim" >/dev/null || nescsim=./nescsim
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# measure OPTION...: sets mean (us), rate (MB/s), hits (%), dma (% busy), levels (tree nodes fetched per walk).
measure() {
	"$nescsim" run "$config" --schemes nesc --quiet --out "$scratch/result" "$@"
	mean=$(awk -F, '$2 == "app" && $3 == "all" && $4 == "all" { print $10 }' "$scratch/result/summary.csv")
	rate=$(awk -F, '$2 == "app" && $3 == "all" && $4 == "all" { print $9 }' "$scratch/result/summary.csv")
	hits=$(awk -F, '$2 == "btlb" && $4 == "all" && $5 == "hit_rate_percent" { print $6 }' "$scratch/result/units.csv")
	dma=$(awk -F, '$2 == "dma" && $5 == "utilisation_percent" { print $6 }' "$scratch/result/units.csv")
	levels=$(awk -F, '$2 == "device" && $5 == "walks" { walks = $6 } $2 == "device" && $5 == "walk_fetches" { fetches = $6 }
		END { print fetches / walks }' "$scratch/result/units.csv")
}

echo "BTLB entries; 4 KiB reads in 2 MiB (65 extents)"
echo "entries   hits  1 outstanding, mean  16 outstanding, mean and rate"
for entries in 1 2 4 8 16 32 64 128; do
	measure --set nesc.btlb.entries=$entries --set "vms[0].workload.region_bytes=2 MiB" --set "vms[0].workload.depth=1"
	printf '%7d %5.1f %% %16.3f us' "$entries" "$hits" "$mean"
	measure --set nesc.btlb.entries=$entries --set "vms[0].workload.region_bytes=2 MiB"
	printf ' %16.3f us %8.1f MB/s\n' "$mean" "$rate"
done

echo
echo "Walkers; 512 B reads in the whole file, 16 outstanding"
echo "walkers       mean       rate  DMA engine busy"
for walkers in 1 2 3 4 8; do
	measure --set nesc.walker.count=$walkers --set "vms[0].workload.request_bytes=512 B"
	printf '%7d %7.3f us %5.1f MB/s %14.1f %%\n' "$walkers" "$mean" "$rate" "$dma"
done

echo
echo "Entries per tree node; 4 KiB reads in the whole file, 1 outstanding"
echo "entries  levels       mean"
for entries in 20 8 4 3 2; do
	measure --set nesc.tree.max_entries=$entries --set "vms[0].workload.depth=1"
	printf '%7d %7d %7.3f us\n' "$entries" "$levels" "$mean"
done
