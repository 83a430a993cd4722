# Gap to the optimum over measurements: medians over spaces and seeds, a panel for each kind of prediction.
set datafile separator ","
set terminal svg size 1200,420 font "sans,11"
set output out."/curves.svg"
set multiplot layout 1,3
set logscale xy
set xrange [1:300]
set yrange [0.0005:3]
set xlabel "measurements"
set ylabel "slower than the optimum"
set format y "%g"
do for [prior in "model constant noise"] {
  set title "predictions: ".prior
  plot for [s in "auto bayesian evolutionary"] out."/curves.csv" skip 1 \
    using (strcol(1) eq prior && strcol(2) eq s ? $3 : NaN):($4 > 0.0005 ? $4 : 0.0005) with linespoints pt 7 ps 0.3 title s, \
    0.01 with lines dt 2 lc "grey" title "1 %"
}
unset multiplot
