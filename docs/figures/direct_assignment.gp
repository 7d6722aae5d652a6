# direct_assignment: bandwidth, and its gain over the first scheme, by the bandwidth of the medium
# Made by nescsim plot. To draw it again, in this folder: gnuplot direct_assignment.gp
# or in another format (svg, png, pdf): gnuplot -e "format='pdf'" direct_assignment.gp
if (!exists('format')) format = 'svg'
width = 1080; height = 434
if (format eq 'svg') set terminal svg noenhanced size width, height font 'sans-serif,12' background 'white'
if (format eq 'png') set terminal pngcairo noenhanced size 2 * width, 2 * height fontscale 2 linewidth 2 pointscale 2 font 'sans,9'
if (format eq 'pdf') set terminal pdfcairo noenhanced size width / 96.0, height / 96.0 font 'sans,9' linewidth 0.7
set encoding utf8
stem = 'direct_assignment'
if (!exists('to_stdout')) set output './' . stem . '.' . format
data = './' . stem . '.dat'

# Marks: told apart without colour, too.
set style line 3 linecolor rgb '#d55e00' linewidth 1.6 pointtype 5 pointsize 0.8 dashtype 4
set style line 5 linecolor rgb '#cc79a7' linewidth 1.6 pointtype 13 pointsize 0.8 dashtype 1
set grid xtics ytics linecolor rgb '#cccccc' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror
set key bmargin center horizontal Left reverse samplen 3 width 1 height 0.7
set rmargin 4

set xrange [31.35468924:4133.353037]
set xlabel 'bandwidth of the medium, MB/s'
set logscale x
set xtics ('36' 36, '60' 60, '100' 100, '170' 170, '280' 280, '470' 470, '780' 780, '1300' 1300, '2200' 2200, '3600' 3600)

set multiplot layout 1,2 title 'Bandwidth by the bandwidth of the medium'

set title ''
set yrange [0:2558.71093]
set ylabel 'bandwidth, MB/s'
unset logscale y
set ytics autofreq
plot \
  data index 0 using 1:2 with linespoints linestyle 3 title 'virtio', \
  data index 1 using 1:2 with linespoints linestyle 5 title 'vfio'

set title ''
set yrange [0:4.22466069]
set ylabel 'speed-up over virtio (bandwidth)'
unset logscale y
set ytics autofreq
plot \
  data index 2 using 1:2 with linespoints linestyle 5 title 'vfio'
unset multiplot
