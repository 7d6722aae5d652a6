# latency_cdf: distribution of latency, and its tail
# Made by nescsim plot. To draw it again, in this folder: gnuplot latency_cdf.gp
# or in another format (svg, png, pdf): gnuplot -e "format='pdf'" latency_cdf.gp
if (!exists('format')) format = 'svg'
width = 1080; height = 454
if (format eq 'svg') set terminal svg noenhanced size width, height font 'sans-serif,12' background 'white'
if (format eq 'png') set terminal pngcairo noenhanced size 2 * width, 2 * height fontscale 2 linewidth 2 pointscale 2 font 'sans,9'
if (format eq 'pdf') set terminal pdfcairo noenhanced size width / 96.0, height / 96.0 font 'sans,9' linewidth 0.7
set encoding utf8
stem = 'latency_cdf'
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

set xrange [5.119868518:10598.64693]
set xlabel 'latency, µs'
set logscale x
set xtics (10, 100, 1000, 10000)

set multiplot layout 1,2 title 'Distribution of the latency of reads and writes'

set title ''
set yrange [0:102]
set ylabel 'requests up to this latency, %'
unset logscale y
set ytics autofreq
plot \
  data index 0 using 1:2 with linespoints linestyle 1 pointnumber 8 title 'host', \
  data index 1 using 1:2 with linespoints linestyle 2 pointnumber 8 title 'nesc', \
  data index 2 using 1:2 with linespoints linestyle 3 pointnumber 8 title 'virtio', \
  data index 3 using 1:2 with linespoints linestyle 4 pointnumber 8 title 'emulation'

set title ''
set yrange [0.003998480577:110]
set ylabel 'requests above this latency, %'
set logscale y
set ytics (0.01, 0.1, 1, 10, 100)
plot \
  data index 4 using 1:2 with linespoints linestyle 1 pointnumber 8 title 'host', \
  data index 5 using 1:2 with linespoints linestyle 2 pointnumber 8 title 'nesc', \
  data index 6 using 1:2 with linespoints linestyle 3 pointnumber 8 title 'virtio', \
  data index 7 using 1:2 with linespoints linestyle 4 pointnumber 8 title 'emulation'
unset multiplot
