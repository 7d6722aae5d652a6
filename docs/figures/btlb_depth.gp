# btlb_depth: latency and bandwidth by entries of the BTLB
# Made by nescsim plot. To draw it again, in this folder: gnuplot btlb_depth.gp
# or in another format (svg, png, pdf): gnuplot -e "format='pdf'" btlb_depth.gp
if (!exists('format')) format = 'svg'
width = 1080; height = 454
if (format eq 'svg') set terminal svg noenhanced size width, height font 'sans-serif,12' background 'white'
if (format eq 'png') set terminal pngcairo noenhanced size 2 * width, 2 * height fontscale 2 linewidth 2 pointscale 2 font 'sans,9'
if (format eq 'pdf') set terminal pdfcairo noenhanced size width / 96.0, height / 96.0 font 'sans,9' linewidth 0.7
set encoding utf8
stem = 'btlb_depth'
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

set xrange [14.12324794:1160.073099]
set xlabel 'entries'
set logscale x
set xtics ('16' 16, '32' 32, '64' 64, '128' 128, '256' 256, '512' 512, '1024' 1024)

set multiplot layout 1,2 title 'Entries of the BTLB'

set title ''
set yrange [0:31.47559187]
set ylabel 'mean latency, µs'
unset logscale y
set ytics autofreq
plot \
  data index 0 using 1:2 with linespoints linestyle 1 title 'nesc, depth=1', \
  data index 1 using 1:2 with linespoints linestyle 2 title 'nesc, depth=4', \
  data index 2 using 1:2 with linespoints linestyle 3 title 'nesc, depth=16'

set title ''
set yrange [0:920.3869322]
set ylabel 'bandwidth, MB/s'
unset logscale y
set ytics autofreq
plot \
  data index 3 using 1:2 with linespoints linestyle 1 title 'nesc, depth=1', \
  data index 4 using 1:2 with linespoints linestyle 2 title 'nesc, depth=4', \
  data index 5 using 1:2 with linespoints linestyle 3 title 'nesc, depth=16'
unset multiplot
