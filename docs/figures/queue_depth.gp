# queue_depth: throughput against latency, with rising number of outstanding requests
# Made by nescsim plot. To draw it again, in this folder: gnuplot queue_depth.gp
# or in another format (svg, png, pdf): gnuplot -e "format='pdf'" queue_depth.gp
if (!exists('format')) format = 'svg'
width = 680; height = 434
if (format eq 'svg') set terminal svg noenhanced size width, height font 'sans-serif,12' background 'white'
if (format eq 'png') set terminal pngcairo noenhanced size 2 * width, 2 * height fontscale 2 linewidth 2 pointscale 2 font 'sans,9'
if (format eq 'pdf') set terminal pdfcairo noenhanced size width / 96.0, height / 96.0 font 'sans,9' linewidth 0.7
set encoding utf8
stem = 'queue_depth'
if (!exists('to_stdout')) set output './' . stem . '.' . format
data = './' . stem . '.dat'

# Marks: told apart without colour, too.
set style line 1 linecolor rgb '#000000' linewidth 1.6 pointtype 6 pointsize 0.8 dashtype 2
set style line 2 linecolor rgb '#0072b2' linewidth 1.6 pointtype 7 pointsize 0.8 dashtype 1
set style line 3 linecolor rgb '#d55e00' linewidth 1.6 pointtype 5 pointsize 0.8 dashtype 4
set grid xtics ytics linecolor rgb '#cccccc' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror
set key bmargin center horizontal Left reverse samplen 3 width 1 height 0.7
set rmargin 4

set xrange [0:918.878908]
set xlabel 'bandwidth, MB/s'

set multiplot layout 1,1 title 'Throughput against latency; beside the points: outstanding requests'

set title ''
set yrange [6.8315456:493.8578749]
set ylabel 'mean latency, µs'
set logscale y
set ytics (10, 20, 50, 100, 200)
plot \
  data index 0 using 1:2 with linespoints linestyle 1 title 'host', \
  data index 1 using 1:2 with linespoints linestyle 2 title 'nesc', \
  data index 2 using 1:2 with linespoints linestyle 3 title 'virtio', \
  data index 0 using 1:2:3 with labels left offset 0.8,0.4 font ',8' notitle, \
  data index 1 using 1:2:3 with labels left offset 0.8,0.4 font ',8' notitle, \
  data index 2 using 1:2:3 with labels left offset 0.8,0.4 font ',8' notitle
unset multiplot
