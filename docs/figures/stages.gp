# stages: where a request's time goes, stage by stage
# Made by nescsim plot. To draw it again, in this folder: gnuplot stages.gp
# or in another format (svg, png, pdf): gnuplot -e "format='pdf'" stages.gp
if (!exists('format')) format = 'svg'
width = 1080; height = 494
if (format eq 'svg') set terminal svg noenhanced size width, height font 'sans-serif,12' background 'white'
if (format eq 'png') set terminal pngcairo noenhanced size 2 * width, 2 * height fontscale 2 linewidth 2 pointscale 2 font 'sans,9'
if (format eq 'pdf') set terminal pdfcairo noenhanced size width / 96.0, height / 96.0 font 'sans,9' linewidth 0.7
set encoding utf8
stem = 'stages'
if (!exists('to_stdout')) set output './' . stem . '.' . format
data = './' . stem . '.dat'

# Marks: told apart without colour, too.
set style line 1 linecolor rgb '#000000' linewidth 1.6 pointtype 6 pointsize 0.8 dashtype 2
set style line 2 linecolor rgb '#0072b2' linewidth 1.6 pointtype 7 pointsize 0.8 dashtype 1
set style line 3 linecolor rgb '#d55e00' linewidth 1.6 pointtype 5 pointsize 0.8 dashtype 4
set style line 4 linecolor rgb '#009e73' linewidth 1.6 pointtype 8 pointsize 0.8 dashtype 5
set style line 5 linecolor rgb '#cc79a7' linewidth 1.6 pointtype 13 pointsize 0.8 dashtype 1
set style line 6 linecolor rgb '#e69f00' linewidth 1.6 pointtype 4 pointsize 0.8 dashtype 3
set style line 7 linecolor rgb '#56b4e9' linewidth 1.6 pointtype 9 pointsize 0.8 dashtype 2
set style line 8 linecolor rgb '#7f7f7f' linewidth 1.6 pointtype 12 pointsize 0.8 dashtype 1
set style line 9 linecolor rgb '#000000' linewidth 1.6 pointtype 9 pointsize 0.8 dashtype 3
set style line 10 linecolor rgb '#0072b2' linewidth 1.6 pointtype 10 pointsize 0.8 dashtype 2
set style line 11 linecolor rgb '#d55e00' linewidth 1.6 pointtype 8 pointsize 0.8 dashtype 5
set style line 12 linecolor rgb '#009e73' linewidth 1.6 pointtype 11 pointsize 0.8 dashtype 1
set grid ytics linecolor rgb '#cccccc' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror
set key bmargin center horizontal Left reverse samplen 3 width 1 height 0.7
set rmargin 4

set xrange [-0.5:3.5]
set xlabel ''
set xtics ('host' 0, 'nesc' 1, 'virtio' 2, 'emulation' 3)

set multiplot layout 1,2 title 'Where the time of a request goes'

set title ''
set yrange [0:577.3980822]
set ylabel 'mean latency, µs'
unset logscale y
set ytics autofreq
plot \
  data index 0 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 1 dashtype 1 linewidth 0.8 fill solid 0.25 border rgb '#333333' title 'driver', \
  data index 1 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 2 dashtype 1 linewidth 0.8 fill solid 1.0 border rgb '#333333' title 'copy', \
  data index 2 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 3 dashtype 1 linewidth 0.8 fill pattern 4 border rgb '#333333' title 'exit', \
  data index 3 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 4 dashtype 1 linewidth 0.8 fill pattern 1 border rgb '#333333' title 'vmm', \
  data index 4 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 5 dashtype 1 linewidth 0.8 fill pattern 2 border rgb '#333333' title 'host', \
  data index 5 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 6 dashtype 1 linewidth 0.8 fill solid 0.35 border rgb '#333333' title 'queue', \
  data index 6 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 7 dashtype 1 linewidth 0.8 fill pattern 5 border rgb '#333333' title 'translate', \
  data index 7 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 8 dashtype 1 linewidth 0.8 fill solid 0.7 border rgb '#333333' title 'media', \
  data index 8 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 9 dashtype 1 linewidth 0.8 fill pattern 1 border rgb '#333333' title 'dma', \
  data index 9 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 10 dashtype 1 linewidth 0.8 fill pattern 2 border rgb '#333333' title 'completion', \
  data index 10 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 11 dashtype 1 linewidth 0.8 fill solid 0.35 border rgb '#333333' title 'interrupt', \
  data index 11 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 12 dashtype 1 linewidth 0.8 fill pattern 5 border rgb '#333333' title 'others', \
  data index 12 using 1:2:3 with labels offset 0,0.6 font ',9' notitle

set title ''
set yrange [0:100]
set ylabel 'share, %'
unset logscale y
set ytics autofreq
plot \
  data index 13 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 1 dashtype 1 linewidth 0.8 fill solid 0.25 border rgb '#333333' title 'driver', \
  data index 14 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 2 dashtype 1 linewidth 0.8 fill solid 1.0 border rgb '#333333' title 'copy', \
  data index 15 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 3 dashtype 1 linewidth 0.8 fill pattern 4 border rgb '#333333' title 'exit', \
  data index 16 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 4 dashtype 1 linewidth 0.8 fill pattern 1 border rgb '#333333' title 'vmm', \
  data index 17 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 5 dashtype 1 linewidth 0.8 fill pattern 2 border rgb '#333333' title 'host', \
  data index 18 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 6 dashtype 1 linewidth 0.8 fill solid 0.35 border rgb '#333333' title 'queue', \
  data index 19 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 7 dashtype 1 linewidth 0.8 fill pattern 5 border rgb '#333333' title 'translate', \
  data index 20 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 8 dashtype 1 linewidth 0.8 fill solid 0.7 border rgb '#333333' title 'media', \
  data index 21 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 9 dashtype 1 linewidth 0.8 fill pattern 1 border rgb '#333333' title 'dma', \
  data index 22 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 10 dashtype 1 linewidth 0.8 fill pattern 2 border rgb '#333333' title 'completion', \
  data index 23 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 11 dashtype 1 linewidth 0.8 fill solid 0.35 border rgb '#333333' title 'interrupt', \
  data index 24 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 12 dashtype 1 linewidth 0.8 fill pattern 5 border rgb '#333333' title 'others'
unset multiplot
