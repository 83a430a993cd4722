#!/usr/bin/python3
"""The table of all strategies and yardsticks, from the CSV files of one directory: median over spaces and seeds of the
measurements until within 1 %, the worst space's median, in how many runs it was reached.   usage: yardsticks.py OUTPUT"""
import collections
import csv
import pathlib
import statistics
import sys


def main():
    out = pathlib.Path(sys.argv[1])
    runs = collections.defaultdict(lambda: collections.defaultdict(list))
    most = {}  # measurements of the longest run; one more in a row: it was not reached
    with open(out / "runs.csv") as f:
        for r in csv.DictReader(f):
            runs[(r["model"], r["strategy"])][r["space"]].append(int(r["until_1"]))
            most[(r["model"], r["strategy"])] = int(r["most"])
    for name in ("nlopt_yardstick", "tpe"):
        if (out / f"{name}.csv").exists():
            with open(out / f"{name}.csv") as f:
                for space, model, strategy, _seed, until, *_, longest in csv.reader(f):
                    runs[(model, strategy)][space].append(int(until))
                    most[(model, strategy)] = int(longest)
    with open(out / "random.csv") as f:
        for r in csv.DictReader(f):
            runs[("none", "random, calculated")][r["space"]].append(int(r["median"]))
    print(f"{'predictions':<12} {'strategy':<20} {'median':>8} {'worst space':>12} {'runs':>6} {'reached':>8}")
    for (model, strategy), spaces in sorted(runs.items()):
        everything = [n for s in spaces.values() for n in s]
        limit = most.get((model, strategy), float("inf"))
        def text(n):
            return f"> {limit}" if n > limit else f"{n:g}"
        worst = max(statistics.median(s) for s in spaces.values())
        reached = sum(n <= limit for n in everything) / len(everything)
        print(f"{model:<12} {strategy:<20} {text(statistics.median(everything)):>8} {text(worst):>12}"
              f" {len(everything):>6} {'' if 'calculated' in strategy else f'{100 * reached:.0f} %':>8}")


if __name__ == "__main__":
    main()
