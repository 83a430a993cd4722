"""Recorded spaces (experiments/search/recorded_space.hpp) for yardsticks written in Python."""
import json
import pathlib

import numpy


class Space:
    """cycles of every feasible choice of knob values; a choice is a tuple of positions in the knobs' lists."""

    def __init__(self, file):
        with open(file, "rb") as f:
            self.header = json.loads(f.readline())
            count = self.header["recorded"]
            self.indices = numpy.fromfile(f, "<u8", count)
            self.predicted = numpy.fromfile(f, "<f4", count)
            self.cycles = numpy.fromfile(f, "<f4", count)
        self.name = self.header["name"]
        self.knobs = self.header["knobs"]
        self.sizes = [len(k["values"]) for k in self.knobs]
        self.optimum = float(self.cycles.min())
        self.sampled = count < self.header["feasible"]
        self.digits = self._digits()

    def _digits(self):
        """Positions in the knobs' lists, a row per config, each over the length of its list."""
        columns, rest = [], self.indices.copy()
        for size in reversed(self.sizes):
            columns.append((rest % size) / max(1, size - 1))
            rest //= size
        return numpy.stack(columns[::-1], axis=1)

    def nearest(self, choice, seen):
        """Of a sample: the recorded config nearest to a choice, of those that were not seen; None: all were."""
        wanted = [position / max(1, size - 1) for position, size in zip(choice, self.sizes)]
        distance = numpy.abs(self.digits - wanted).sum(axis=1)
        distance[list(seen)] = numpy.inf
        at = int(distance.argmin())
        return at if numpy.isfinite(distance[at]) else None

    def find(self, choice):
        """Position of a choice in the arrays; None: it is not feasible."""
        index = 0
        for position, size in zip(choice, self.sizes):
            index = index * size + int(position)
        at = int(numpy.searchsorted(self.indices, index))
        return at if at < len(self.indices) and self.indices[at] == index else None


def spaces(directory, only=""):
    for file in sorted(pathlib.Path(directory).glob("*.space")):
        if only in file.name:
            yield Space(file)


class Search:
    """Counts what a yardstick measures. What is not feasible, or was measured before, costs it nothing. Where only a sample
    of the space is recorded, the nearest config of it that is still unmeasured stands for a choice."""

    def __init__(self, space, most):
        self.space, self.most = space, most
        self.seen = {}
        self.best = float("inf")
        self.until = {}  # fraction: measurements needed

    def done(self):
        return 0.01 in self.until or len(self.seen) >= self.most

    def measure(self, choice):
        """Cycles; None: not feasible."""
        at = self.space.nearest(choice, self.seen) if self.space.sampled else self.space.find(choice)
        if at is None:
            return None
        if at not in self.seen:
            self.seen[at] = float(self.space.cycles[at])
            self.best = min(self.best, self.seen[at])
            for fraction in (0.05, 0.01):
                if self.best <= self.space.optimum * (1 + fraction):
                    self.until.setdefault(fraction, len(self.seen))
        return self.seen[at]

    def row(self, strategy, seed):
        never = self.most + 1
        return (f"{self.space.name},none,{strategy},{seed},{self.until.get(0.01, never)},"
                f"{self.until.get(0.05, never)},,{len(self.seen) * self.space.header['seconds_each']:.6g},{self.most}")
