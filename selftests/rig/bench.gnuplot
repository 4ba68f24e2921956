# SPDX-License-Identifier: GPL-2.0
# Draws what bench.sh measured: dir has a file for each case, out is the drawing
set terminal svg size 800,500 font "sans-serif,13" background "white"
set output out
set title "Instructions of one operation, s390x, counted by QEMU -icount"
set xlabel "operations in a batch"
set ylabel "instructions per operation"
set logscale x 2
set xrange [1:4096]
set xtics (1, 4, 16, 64, 256, 1024, 4096)
set yrange [0:850]
set grid
set key outside right
data(name) = dir . "/" . name . ".dat"
plot data("mmio-block128") with lines dashtype 2 linecolor 8 title "s390 mmio write, 128 B", \
	data("mmio-load4") with lines dashtype 2 linecolor 7 title "s390 mmio read, 4 B", \
	data("vfio-load4") with lines dashtype 2 linecolor 4 title "vfio-pci read, 4 B", \
	data("uring-nop") with linespoints linecolor 5 title "io\\_uring NOP", \
	data("getppid") with lines dashtype 3 linecolor 6 title "getppid", \
	data("ring-block128") with linespoints linewidth 2 linecolor 2 title "ring, PCISTB 128 B", \
	data("ring-load4") with linespoints linewidth 2 linecolor 1 title "ring, PCILG 4 B", \
	data("ring-store4") with linespoints linewidth 2 linecolor 10 title "ring, PCISTG 4 B", \
	data("ring-load4-sqpoll") with linespoints linewidth 2 linecolor 3 title "ring by SQPOLL, user side", \
	data("floor-load4") with lines dashtype 3 linecolor 9 title "the instruction alone"
