#!/usr/bin/python3
"""What the knowledge of other networks is worth, on recorded spaces: every network is left out in turn, with all its
signatures; its groups take what the rest suggests, unmeasured. Recordings answer for what was chosen.

  nearest     the rule of kb/choose.hpp: the best config of the nearest group that differs in dimensions only (distance
              at most 1), fitted to this one, where model and the neighbour's measured/model ratio expect it to win

The corrected model (cost_models/corrected.hpp) is asked by ares-study-search --what transfer.   usage: transfer.py SPACES
"""
import collections
import math
import sys

import numpy

import recorded

TILES = ("tile_h", "tile_w", "tile_co", "tile_ci")
LEAST_GAIN = 0.03


class Group:
    def __init__(self, space):
        self.name, self.space = space.name, space
        self.family = space.header["signature"].split(":")[0]
        fields = dict(f.split("=", 1) for f in space.header["signature"].split(":")[1:])
        size = lambda text: [max(1.0, float(v)) for v in text.split("x")]
        l1 = fields.pop("l1", "1K").rstrip("KB")
        self.dims = numpy.log2(size(fields.pop("out")) + [size(fields.pop("in"))[2], max(1.0, float(l1))])
        fields.pop("staging", None)
        self.exact = (self.family, tuple(sorted(fields.items())))
        self.members = collections.Counter(m.split(".")[0] for m in space.header["members"])
        self.configs = self.decode()
        ok = numpy.isfinite(space.cycles) & numpy.isfinite(space.predicted)
        self.ok = ok
        self.cycles = numpy.where(ok, space.cycles, numpy.inf).astype(float)
        self.model = numpy.where(ok, space.predicted, numpy.inf).astype(float)
        self.best = int(self.cycles.argmin())
        self.favourite = int(self.model.argmin())
        self.rule = space.header["rule"]

    def decode(self):
        """Value of each knob, per config."""
        values, rest = {}, self.space.indices.copy()
        for knob, size in zip(reversed(self.space.knobs), reversed(self.space.sizes)):
            values[knob["name"]] = numpy.asarray(knob["values"])[(rest % size).astype(int)]
            rest //= size
        return values

    def knob(self, name):
        return self.configs.get(name, numpy.zeros(len(self.space.indices), int))


def fitted(g, values):
    """The config nearest to these values; of tiles by ratio."""
    distance = numpy.zeros(len(g.cycles))
    for name, value in values.items():
        mine = g.knob(name)
        if name in TILES:
            distance += numpy.abs(numpy.log2(numpy.maximum(1, mine)) - math.log2(max(1, value)))
        else:
            distance += 10 * (mine != value)
    return int(numpy.where(g.ok, distance, numpy.inf).argmin())


def nearest(train, g, tolerance=1.0):
    near = sorted((float(numpy.linalg.norm(n.dims - g.dims)), i) for i, n in enumerate(train) if n.exact == g.exact)
    for distance, i in near[:4]:
        n = train[i]
        if distance > tolerance:
            break
        c = fitted(g, {name: int(v[n.best]) for name, v in n.configs.items()})
        expected = g.model[c] * n.cycles[n.best] / n.model[n.best]
        if expected < g.model[g.favourite] * n.cycles[n.favourite] / n.model[n.favourite]:
            return c
    return g.favourite


def main():
    groups = [Group(s) for s in recorded.spaces(sys.argv[1])]
    networks = sorted({n for g in groups for n in g.members})
    designs = {"nearest": nearest}
    reached = collections.defaultdict(list)
    worse = collections.Counter()
    print(f"{'network':<20} {'groups':>6} {'gain':>7} {'rule':>7} " + " ".join(f"{d:>10}" for d in designs))
    for network in networks:
        own = [g for g in groups if network in g.members]
        train = [g for g in groups if network not in g.members]
        count = [g.members[network] for g in own]
        total = lambda choice: sum(n * g.cycles[choice(g)] for n, g in zip(count, own))
        model_best, best, rule = (total(lambda g: g.favourite), total(lambda g: g.best), total(lambda g: g.rule))
        gain = 1 - best / model_best
        row = []
        for name, design in designs.items():
            taken = total(lambda g: design(train, g))
            worse[name] += taken > model_best * (1 + 1e-9)
            share = (model_best - taken) / (model_best - best) if best < model_best else math.nan
            if gain >= LEAST_GAIN:
                reached[name].append(share)
            row.append(f"{100 * share:>8.0f} %" if gain > 0 else f"{'-':>10}")
        print(f"{network:<20} {len(own):>6} {100 * gain:>5.1f} % {100 * (1 - best / rule):>5.1f} % " + " ".join(row))
    for name in designs:
        values = reached[name]
        median = numpy.median(values) if values else math.nan
        print(f"{name}: {100 * median:.0f} % of the gain on the median of {len(values)} networks with at least "
              f"{100 * LEAST_GAIN:.0f} % to gain; {worse[name]} of {len(networks)} lose to model-best")


if __name__ == "__main__":
    main()
