#!/bin/sh
# Everything that search/README.md says of the strategies, from nothing: records the spaces, searches in them, lets the
# yardsticks of Debian's packages (python3-optuna, python3-nlopt) do the same, draws the curves (gnuplot-nox).
# usage: experiments/search/run.sh [BUILD [OUTPUT]]     about an hour on two cores, nearly all of it TPE's
# Environment: MEASURE=event|gvsoc, MOST=N configs of a space (default: all; GVSOC takes some 0.2 s for one),
# SLOWER=N leave out what the model expects to take N cycles more than its favourite (GVSOC's time goes with the cycles),
# TPE_SEEDS=N, TPE_MOST=N: runs of TPE on a space, and measurements of one,
# NETWORKS=A,B: all groups of these reference networks, and what transfers between them.
set -e
build=${1:-build/release} out=${2:-out/search}
here=$(dirname "$0")
mkdir -p "$out"
"$build/bin/ares-study-search" --what record --data "$out/spaces" --measure "${MEASURE:-event}" --most "${MOST:-8388608}" \
  --networks "${NETWORKS:-}" --slower "${SLOWER:-inf}"
"$build/bin/ares-study-search" --what replay --data "$out/spaces" --output "$out" | tee "$out/summary.txt"
for yardstick in "nlopt_yardstick 30 300" "tpe ${TPE_SEEDS:-5} ${TPE_MOST:-200}"; do
  set -- $yardstick
  if /usr/bin/python3 "$here/$1.py" "$out/spaces" "$2" "$3" > "$out/$1.csv"; then
    echo "$1: $out/$1.csv"
  else
    echo "$1: not run; apt-get install python3-optuna python3-nlopt python3-numpy"
  fi
done
/usr/bin/python3 "$here/yardsticks.py" "$out" | tee -a "$out/summary.txt"
if [ -n "${NETWORKS:-}" ]; then
  /usr/bin/python3 "$here/transfer.py" "$out/spaces" | tee -a "$out/summary.txt"
  "$build/bin/ares-study-search" --what transfer --data "$out/spaces" --output "$out" | tee -a "$out/summary.txt"
fi
if command -v gnuplot > /dev/null; then
  gnuplot -e "out='$out'" "$here/curves.gnuplot" && echo "curves: $out/curves.svg"
fi
