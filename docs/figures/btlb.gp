# btlb: latency and bandwidth by entries of the BTLB
# Made by nescsim plot. To draw it again, in this folder: gnuplot btlb.gp
# or in another format (svg, png, pdf): gnuplot -e "format='pdf'" btlb.gp
if (!exists('format')) format = 'svg'
width = 1080; height = 434
if (format eq 'svg') set terminal svg noenhanced size width, height font 'sans-serif,12' background 'white'
if (format eq 'png') set terminal pngcairo noenhanced size 2 * width, 2 * height fontscale 2 linewidth 2 pointscale 2 font 'sans,9'
if (format eq 'pdf') set terminal pdfcairo noenhanced size width / 96.0, height / 96.0 font 'sans,9' linewidth 0.7
set encoding utf8
stem = 'btlb'
if (!exists('to_stdout')) set output './' . stem . '.' . format
data = './' . stem . '.dat'

# Marks: told apart without colour, too.
set style line 2 linecolor rgb '#0072b2' linewidth 1.6 pointtype 7 pointsize 0.8 dashtype 1
set grid xtics ytics linecolor rgb '#cccccc' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror
set key bmargin center horizontal Left reverse samplen 3 width 1 height 0.7
set rmargin 4

set xrange [0.8645372313:148.0560875]
set xlabel 'entries'
set logscale x
set xtics ('1' 1, '2' 2, '4' 4, '8' 8, '16' 16, '32' 32, '64' 64, '128' 128)

set multiplot layout 1,2 title 'Entries of the BTLB'

set title ''
set yrange [0:13.62380924]
set ylabel 'mean latency, µs'
unset logscale y
set ytics autofreq
plot \
  data index 0 using 1:2 with linespoints linestyle 2 title 'nesc'

set title ''
set yrange [0:420.011258]
set ylabel 'bandwidth, MB/s'
unset logscale y
set ytics autofreq
plot \
  data index 1 using 1:2 with linespoints linestyle 2 title 'nesc'
unset multiplot
