#!/usr/bin/python3
"""Optuna's TPE (Debian: python3-optuna) with its default settings on recorded spaces: the rows of runs.csv.

Knobs whose order means something are integers (the position in the knob's list), the others categories. Choices that are
not feasible are told as failed and cost no measurement, nor
do repeated ones; it may ask twice as often as it may measure.   usage: tpe.py SPACES SEEDS MEASUREMENTS [ONLY]
"""
import math
import sys

import optuna

import recorded

CATEGORIES = {"order", "kernel", "parallel"}


def search(space, seed, most):
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(sampler=sampler)
    run = recorded.Search(space, most)
    for _ in range(2 * most):
        if run.done():
            break
        trial = study.ask()
        choice = []
        for knob, size in zip(space.knobs, space.sizes):
            if knob["name"] in CATEGORIES:
                choice.append(trial.suggest_categorical(knob["name"], list(range(size))))
            else:
                choice.append(trial.suggest_int(knob["name"], 0, size - 1))
        cycles = run.measure(choice)
        if cycles is None or not math.isfinite(cycles):
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, math.log(cycles))
    return run


def main():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    directory, seeds, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for space in recorded.spaces(directory, sys.argv[4] if len(sys.argv) > 4 else ""):
        for seed in range(seeds):
            print(search(space, seed, most).row("tpe", seed), flush=True)


if __name__ == "__main__":
    main()
