#!/bin/sh
# dd-curve.sh: draws docs/figures/dd-curve.svg from docs/figures/dd-curve.csv (see docs/validation.md) with gnuplot.
set -eu
cd "$(dirname "$0")"
gnuplot <<'PLOT'
set terminal svg size 900,360 font "sans-serif,12" background "white"
set output "dd-curve.svg"
set datafile separator ","
set multiplot layout 1,2
set logscale x 2
set xrange [400:5500000]
set xtics ("512 B" 512, "4 KiB" 4096, "32 KiB" 32768, "256 KiB" 262144, "2 MiB" 2097152)
set xlabel "request size"
set grid
set key left top
set title "Latency as dd sees it"
set ylabel "us"
set logscale y 10
data(op, column) = strcol(1) eq op ? column : NaN
plot "dd-curve.csv" skip 1 using 2:(data("read", $3)) with linespoints lc 1 pt 6 title "host, read", \
     "" skip 1 using 2:(data("read", $4)) with linespoints lc 1 pt 7 title "nesc, read", \
     "" skip 1 using 2:(data("write", $3)) with linespoints lc 2 pt 4 title "host, write", \
     "" skip 1 using 2:(data("write", $4)) with linespoints lc 2 pt 5 title "nesc, write"
set title "Bandwidth"
set ylabel "MB/s"
unset logscale y
set yrange [0:1100]
plot "dd-curve.csv" skip 1 using 2:(data("read", $5)) with linespoints lc 1 pt 6 notitle, \
     "" skip 1 using 2:(data("read", $6)) with linespoints lc 1 pt 7 notitle, \
     "" skip 1 using 2:(data("write", $5)) with linespoints lc 2 pt 4 notitle, \
     "" skip 1 using 2:(data("write", $6)) with linespoints lc 2 pt 5 notitle
PLOT
