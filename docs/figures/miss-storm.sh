#!/bin/sh
# miss-storm.sh: draws docs/figures/miss-storm.svg from docs/figures/miss-storm.csv (see docs/isolation.md) with gnuplot.
set -eu
cd "$(dirname "$0")"
gnuplot <<'PLOT'
set terminal svg size 640,360 font "sans-serif,12" background "white"
set output "miss-storm.svg"
set datafile separator ","
set style data linespoints
set logscale y 10
set yrange [8:900]
set xrange [-0.3:4.3]
set xtics ("p50" 0, "p90" 1, "p99" 2, "p99.9" 3, "max" 4)
set ylabel "latency of the worst honest VM, us"
set grid y
set key top left reverse Left
values(row) = sprintf("< awk -F, 'NR == %d { for (i = 2; i <= 6; i++) print i - 2 \",\" $i }' miss-storm.csv", row)
plot values(5) lc 7 pt 5 title "storm, block: the shared queue stalls", \
     values(3) lc 1 pt 6 dashtype 2 title "the same bytes, no misses", \
     values(4) lc 1 pt 7 title "storm, park: missed blocks wait aside", \
     values(2) lc 8 pt 4 dashtype 3 title "VM 1 idle"
PLOT
