# raw_bandwidth: bandwidth by request size
# Made by nescsim plot. To draw it again, in this folder: gnuplot raw_bandwidth.gp
# or in another format (svg, png, pdf): gnuplot -e "format='pdf'" raw_bandwidth.gp
if (!exists('format')) format = 'svg'
width = 1080; height = 454
if (format eq 'svg') set terminal svg noenhanced size width, height font 'sans-serif,12' background 'white'
if (format eq 'png') set terminal pngcairo noenhanced size 2 * width, 2 * height fontscale 2 linewidth 2 pointscale 2 font 'sans,9'
if (format eq 'pdf') set terminal pdfcairo noenhanced size width / 96.0, height / 96.0 font 'sans,9' linewidth 0.7
set encoding utf8
stem = 'raw_bandwidth'
if (!exists('to_stdout')) set output './' . stem . '.' . format
data = './' . stem . '.dat'

# Marks: told apart without colour, too.
set style line 1 linecolor rgb '#000000' linewidth 1.6 pointtype 6 pointsize 0.8 dashtype 2
set style line 2 linecolor rgb '#0072b2' linewidth 1.6 pointtype 7 pointsize 0.8 dashtype 1
set style line 3 linecolor rgb '#d55e00' linewidth 1.6 pointtype 5 pointsize 0.8 dashtype 4
set style line 4 linecolor rgb '#009e73' linewidth 1.6 pointtype 8 pointsize 0.8 dashtype 5
set grid xtics ytics linecolor rgb '#cccccc' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror
set key bmargin center horizontal Left reverse samplen 3 width 1 height 0.7
set rmargin 4

set xrange [390.7223575:5496188.295]
set xlabel 'request size'
set logscale x
set xtics ('512 B' 512, '2 KiB' 2048, '8 KiB' 8192, '32 KiB' 32768, '128 KiB' 131072, '512 KiB' 524288, '2 MiB' 2097152)

set multiplot layout 1,2 title 'Bandwidth by request size'

set title 'read'
set yrange [0:1060.684657]
set ylabel 'bandwidth, MB/s'
unset logscale y
set ytics autofreq
plot \
  data index 0 using 1:2 with linespoints linestyle 1 title 'host', \
  data index 1 using 1:2 with linespoints linestyle 2 title 'nesc', \
  data index 2 using 1:2 with linespoints linestyle 3 title 'virtio', \
  data index 3 using 1:2 with linespoints linestyle 4 title 'emulation'

set title 'write'
set yrange [0:1060.684657]
set ylabel 'bandwidth, MB/s'
unset logscale y
set ytics autofreq
plot \
  data index 4 using 1:2 with linespoints linestyle 1 title 'host', \
  data index 5 using 1:2 with linespoints linestyle 2 title 'nesc', \
  data index 6 using 1:2 with linespoints linestyle 3 title 'virtio', \
  data index 7 using 1:2 with linespoints linestyle 4 title 'emulation'
unset multiplot
