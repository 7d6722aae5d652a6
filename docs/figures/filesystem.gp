# filesystem: what a filesystem in the guest adds to the latency of writes
# Made by nescsim plot. To draw it again, in this folder: gnuplot filesystem.gp
# or in another format (svg, png, pdf): gnuplot -e "format='pdf'" filesystem.gp
if (!exists('format')) format = 'svg'
width = 680; height = 454
if (format eq 'svg') set terminal svg noenhanced size width, height font 'sans-serif,12' background 'white'
if (format eq 'png') set terminal pngcairo noenhanced size 2 * width, 2 * height fontscale 2 linewidth 2 pointscale 2 font 'sans,9'
if (format eq 'pdf') set terminal pdfcairo noenhanced size width / 96.0, height / 96.0 font 'sans,9' linewidth 0.7
set encoding utf8
stem = 'filesystem'
if (!exists('to_stdout')) set output './' . stem . '.' . format
data = './' . stem . '.dat'

# Marks: told apart without colour, too.
set style line 2 linecolor rgb '#0072b2' linewidth 1.6 pointtype 7 pointsize 0.8 dashtype 1
set style line 3 linecolor rgb '#d55e00' linewidth 1.6 pointtype 5 pointsize 0.8 dashtype 4
set style line 10 linecolor rgb '#0072b2' linewidth 1.6 pointtype 10 pointsize 0.8 dashtype 2
set style line 11 linecolor rgb '#d55e00' linewidth 1.6 pointtype 8 pointsize 0.8 dashtype 5
set grid xtics ytics linecolor rgb '#cccccc' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror
set key bmargin center horizontal Left reverse samplen 3 width 1 height 0.7
set rmargin 4

set xrange [451.9439341:37122.33915]
set xlabel 'request size'
set logscale x
set xtics ('512 B' 512, '1 KiB' 1024, '2 KiB' 2048, '4 KiB' 4096, '8 KiB' 8192, '16 KiB' 16384, '32 KiB' 32768)

set multiplot layout 1,1 title 'Writes with a filesystem in the guest, and without'

set title ''
set yrange [4.8384:364.4576]
set ylabel 'mean latency, µs'
set logscale y
set ytics (5, 10, 20, 50, 100, 200)
plot \
  data index 0 using 1:2 with linespoints linestyle 2 title 'nesc, raw', \
  data index 1 using 1:2 with linespoints linestyle 3 title 'virtio, raw', \
  data index 2 using 1:2 with linespoints linestyle 10 title 'nesc, ext4', \
  data index 3 using 1:2 with linespoints linestyle 11 title 'virtio, ext4'
unset multiplot
