#!/usr/bin/python3
"""NLopt's CRS2 and DIRECT-L (Debian: python3-nlopt) on recorded spaces: the rows of runs.csv.

Each knob is a coordinate in [0, 1), read as a position in its list. What is not feasible gets a value above everything
measured so far and costs no measurement.   usage: nlopt_yardstick.py SPACES SEEDS MEASUREMENTS [ONLY]
"""
import math
import sys

import nlopt

import recorded

ALGORITHMS = {"nlopt-crs2": nlopt.GN_CRS2_LM, "nlopt-direct": nlopt.GN_ORIG_DIRECT_L}


def search(space, algorithm, seed, most):
    run = recorded.Search(space, most)
    worst = [0.0]

    def figure(x, _gradient):
        if run.done():
            optimizer.force_stop()
            return 0.0
        cycles = run.measure([min(int(v * size), size - 1) for v, size in zip(x, space.sizes)])
        if cycles is None or not math.isfinite(cycles):
            return worst[0] + 1
        worst[0] = max(worst[0], math.log(cycles))
        return math.log(cycles)

    nlopt.srand(seed + 1)
    count = len(space.sizes)
    optimizer = nlopt.opt(algorithm, count)
    optimizer.set_lower_bounds([0.0] * count)
    optimizer.set_upper_bounds([1.0] * count)
    optimizer.set_min_objective(figure)
    optimizer.set_maxeval(50 * most)
    try:
        optimizer.optimize([0.5] * count)
    except (nlopt.ForcedStop, nlopt.RoundoffLimited, SystemError):
        pass  # stopped by figure(), or the algorithm has converged
    return run


def main():
    directory, seeds, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for space in recorded.spaces(directory, sys.argv[4] if len(sys.argv) > 4 else ""):
        for name, algorithm in ALGORITHMS.items():
            for seed in range(1 if name == "nlopt-direct" else seeds):  # DIRECT has nothing random
                print(search(space, algorithm, seed, most).row(name, seed), flush=True)


if __name__ == "__main__":
    main()
