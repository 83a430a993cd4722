#!/usr/bin/env python3
"""A cost model in Python: linear regression (numpy) of log cycles on what the analytical model says.

    ares-tune --model m.qonnx --trials t.jsonl                              # measures, and writes down what it measured
    ares-tune --model m.qonnx --cost-model 'exec:python3 mine.py t.jsonl'   # ranks with what was learnt from it

Without a file of trials this is the analytical model. ARES sends one JSON object a line and waits for one: first a greeting, then batches of configs of one group.
"""
import json
import sys

import numpy


def features(analytical):
    """Logarithm of the cycles, and the share of each resource in them."""
    parts = numpy.asarray(analytical, dtype=float)
    cycles = parts[:, :1]
    return numpy.hstack([numpy.log(cycles), parts[:, 1:7] / cycles, numpy.ones_like(cycles)])


def fit(file):
    weights = numpy.zeros(8)
    weights[0] = 1  # exp(log(cycles)): the analytical model
    if not file:
        return weights
    rows = [r for r in map(json.loads, open(file)) if r["cycles"]]  # null: failed
    x = features([r["analytical"] for r in rows])
    y = numpy.log([r["cycles"] for r in rows])
    ridge = 1e-3 * numpy.eye(8)  # pulls towards the analytical model
    return weights + numpy.linalg.solve(x.T @ x + ridge, x.T @ (y - x @ weights))


def main():
    weights = fit(sys.argv[1] if len(sys.argv) > 1 else None)
    json.loads(sys.stdin.readline())  # {"ares_cost_model": 1, "target": .., "knobs": [..], "parts": [..]}
    print(json.dumps({"ares_cost_model": 1, "name": "regression"}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)  # {"group": {..}, "configs": [[..], ..], "analytical": [[..], ..]}
        cycles = numpy.exp(features(request["analytical"]) @ weights)
        print(json.dumps({"cycles": cycles.tolist()}), flush=True)


if __name__ == "__main__":
    main()
