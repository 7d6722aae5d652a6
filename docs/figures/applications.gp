# applications: speed_up(latency_mean_us), speed_up(simulated_s) by application
# Made by nescsim plot. To draw it again, in this folder: gnuplot applications.gp
# or in another format (svg, png, pdf): gnuplot -e "format='pdf'" applications.gp
if (!exists('format')) format = 'svg'
width = 1080; height = 434
if (format eq 'svg') set terminal svg noenhanced size width, height font 'sans-serif,12' background 'white'
if (format eq 'png') set terminal pngcairo noenhanced size 2 * width, 2 * height fontscale 2 linewidth 2 pointscale 2 font 'sans,9'
if (format eq 'pdf') set terminal pdfcairo noenhanced size width / 96.0, height / 96.0 font 'sans,9' linewidth 0.7
set encoding utf8
stem = 'applications'
if (!exists('to_stdout')) set output './' . stem . '.' . format
data = './' . stem . '.dat'

# Marks: told apart without colour, too.
set style line 1 linecolor rgb '#000000' linewidth 1.6 pointtype 6 pointsize 0.8 dashtype 2
set style line 2 linecolor rgb '#0072b2' linewidth 1.6 pointtype 7 pointsize 0.8 dashtype 1
set style line 3 linecolor rgb '#d55e00' linewidth 1.6 pointtype 5 pointsize 0.8 dashtype 4
set grid ytics linecolor rgb '#cccccc' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror
set key bmargin center horizontal Left reverse samplen 3 width 1 height 0.7
set rmargin 4

set xrange [-0.5:2.5]
set xlabel 'application'
set xtics ('PostMark' 0, 'sysbench' 1, 'OLTP' 2)

set multiplot layout 1,2 title 'Applications: speed-up by mean latency, and by the time of the whole run (think time included)'

set title ''
set yrange [0:15.22943075]
set ylabel 'speed-up over emulation (mean latency)'
unset logscale y
set ytics autofreq
set boxwidth 0.2507
plot \
  data index 0 using ($1 + -0.2667):2 with boxes linestyle 3 dashtype 1 linewidth 0.8 fill pattern 4 border rgb '#333333' title 'virtio', \
  data index 1 using ($1 + 0):2 with boxes linestyle 2 dashtype 1 linewidth 0.8 fill solid 1.0 border rgb '#333333' title 'nesc', \
  data index 2 using ($1 + 0.2667):2 with boxes linestyle 1 dashtype 1 linewidth 0.8 fill solid 0.25 border rgb '#333333' title 'host', \
  data index 0 using ($1 + -0.2667):2:3 with labels offset 0,0.6 font ',9' notitle, \
  data index 1 using ($1 + 0):2:3 with labels offset 0,0.6 font ',9' notitle, \
  data index 2 using ($1 + 0.2667):2:3 with labels offset 0,0.6 font ',9' notitle

set title ''
set yrange [0:6.432703775]
set ylabel 'speed-up over emulation (simulated time)'
unset logscale y
set ytics autofreq
set boxwidth 0.2507
plot \
  data index 3 using ($1 + -0.2667):2 with boxes linestyle 3 dashtype 1 linewidth 0.8 fill pattern 4 border rgb '#333333' title 'virtio', \
  data index 4 using ($1 + 0):2 with boxes linestyle 2 dashtype 1 linewidth 0.8 fill solid 1.0 border rgb '#333333' title 'nesc', \
  data index 5 using ($1 + 0.2667):2 with boxes linestyle 1 dashtype 1 linewidth 0.8 fill solid 0.25 border rgb '#333333' title 'host', \
  data index 3 using ($1 + -0.2667):2:3 with labels offset 0,0.6 font ',9' notitle, \
  data index 4 using ($1 + 0):2:3 with labels offset 0,0.6 font ',9' notitle, \
  data index 5 using ($1 + 0.2667):2:3 with labels offset 0,0.6 font ',9' notitle
unset multiplot
