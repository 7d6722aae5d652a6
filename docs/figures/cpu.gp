# cpu: core time per request, by who spent it
# Made by nescsim plot. To draw it again, in this folder: gnuplot cpu.gp
# or in another format (svg, png, pdf): gnuplot -e "format='pdf'" cpu.gp
if (!exists('format')) format = 'svg'
width = 680; height = 434
if (format eq 'svg') set terminal svg noenhanced size width, height font 'sans-serif,12' background 'white'
if (format eq 'png') set terminal pngcairo noenhanced size 2 * width, 2 * height fontscale 2 linewidth 2 pointscale 2 font 'sans,9'
if (format eq 'pdf') set terminal pdfcairo noenhanced size width / 96.0, height / 96.0 font 'sans,9' linewidth 0.7
set encoding utf8
stem = 'cpu'
if (!exists('to_stdout')) set output './' . stem . '.' . format
data = './' . stem . '.dat'

# Marks: told apart without colour, too.
set style line 1 linecolor rgb '#000000' linewidth 1.6 pointtype 6 pointsize 0.8 dashtype 2
set style line 2 linecolor rgb '#0072b2' linewidth 1.6 pointtype 7 pointsize 0.8 dashtype 1
set style line 3 linecolor rgb '#d55e00' linewidth 1.6 pointtype 5 pointsize 0.8 dashtype 4
set style line 4 linecolor rgb '#009e73' linewidth 1.6 pointtype 8 pointsize 0.8 dashtype 5
set style line 5 linecolor rgb '#cc79a7' linewidth 1.6 pointtype 13 pointsize 0.8 dashtype 1
set grid ytics linecolor rgb '#cccccc' linewidth 0.8 dashtype 1
set border 3 linewidth 0.8
set tics nomirror
set key bmargin center horizontal Left reverse samplen 3 width 1 height 0.7
set rmargin 4

set xrange [-0.5:3.5]
set xlabel ''
set xtics ('host' 0, 'nesc' 1, 'virtio' 2, 'emulation' 3)

set multiplot layout 1,1 title 'Core time per request'

set title ''
set yrange [0:255.42748]
set ylabel 'core time, µs per request'
unset logscale y
set ytics autofreq
plot \
  data index 0 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 1 dashtype 1 linewidth 0.8 fill solid 0.25 border rgb '#333333' title 'guest', \
  data index 1 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 2 dashtype 1 linewidth 0.8 fill solid 1.0 border rgb '#333333' title 'kvm', \
  data index 2 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 3 dashtype 1 linewidth 0.8 fill pattern 4 border rgb '#333333' title 'vmm', \
  data index 3 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 4 dashtype 1 linewidth 0.8 fill pattern 1 border rgb '#333333' title 'kernel', \
  data index 4 using 1:4:($1 - 0.33):($1 + 0.33):3:4 with boxxyerror linestyle 5 dashtype 1 linewidth 0.8 fill pattern 2 border rgb '#333333' title 'app', \
  data index 5 using 1:2:3 with labels offset 0,0.6 font ',9' notitle
unset multiplot
