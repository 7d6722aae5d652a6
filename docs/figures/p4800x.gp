# p4800x: latencies as published, in a label @published_us, beside the simulated ones
# Made by nescsim plot. To draw it again, in this folder: gnuplot p4800x.gp
# or in another format (svg, png, pdf): gnuplot -e "format='pdf'" p4800x.gp
if (!exists('format')) format = 'svg'
width = 680; height = 434
if (format eq 'svg') set terminal svg noenhanced size width, height font 'sans-serif,12' background 'white'
if (format eq 'png') set terminal pngcairo noenhanced size 2 * width, 2 * height fontscale 2 linewidth 2 pointscale 2 font 'sans,9'
if (format eq 'pdf') set terminal pdfcairo noenhanced size width / 96.0, height / 96.0 font 'sans,9' linewidth 0.7
set encoding utf8
stem = 'p4800x'
if (!exists('to_stdout')) set output './' . stem . '.' . format
data = './' . stem . '.dat'

# Marks: told apart without colour, too.
set style line 1 linecolor rgb '#000000' linewidth 1.6 pointtype 6 pointsize 0.8 dashtype 2
set style line 2 linecolor rgb '#0072b2' linewidth 1.6 pointtype 7 pointsize 0.8 dashtype 1
set grid ytics linecolor rgb '#cccccc' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror
set key bmargin center horizontal Left reverse samplen 3 width 1 height 0.7
set rmargin 4

set xrange [-0.5:2.5]
set xlabel ''
set xtics ('bare metal' 0, 'virtio, I/O thread' 1, 'virtio, main loop' 2)

set multiplot layout 1,1 title '4 KiB random reads of an Optane P4800X, one outstanding (calibrated)'

set title ''
set yrange [0:51.296]
set ylabel 'mean latency, µs'
unset logscale y
set ytics autofreq
set boxwidth 0.376
plot \
  data index 0 using ($1 + -0.2):2 with boxes linestyle 1 dashtype 1 linewidth 0.8 fill solid 0.25 border rgb '#333333' title 'published', \
  data index 1 using ($1 + 0.2):2 with boxes linestyle 2 dashtype 1 linewidth 0.8 fill solid 1.0 border rgb '#333333' title 'simulated', \
  data index 0 using ($1 + -0.2):2:3 with labels offset 0,0.6 font ',9' notitle, \
  data index 1 using ($1 + 0.2):2:3 with labels offset 0,0.6 font ',9' notitle
unset multiplot
