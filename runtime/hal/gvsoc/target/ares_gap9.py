"""GVSOC target: the public simulator's pulp-open board with the parameters of GAP9.

What differs from pulp-open: 128 KiB of L1 in 16 banks that serve one access a cycle each, NE16 in place, and GAP9's
multiplier: mul in 1 cycle (+1 where the next instruction needs it), mulh in 4. L2 has 1.5 MiB in pulp-open already;
its HyperRAM becomes as large as what GAP9's evaluation kit has.
Beyond any chip there is a memory at 0x80000000 that the loader fills: the sample, expected outputs, the image of L3.
"""

import functools

import gvsoc.runner
import pulp.chips.pulp_open.cluster as cluster
import pulp.chips.pulp_open.l1_subsystem as l1_subsystem
import pulp.chips.pulp_open.pulp_open as chip
import pulp.chips.pulp_open.pulp_open_board as board
import pulp.cpu.iss.pulp_cores as cores
from memory.memory import Memory
from pulp.chips.pulp_open.pulp_open_board import Pulp_open_board
from pulp.ne16.ne16 import Ne16

L1_BYTES = 128 * 1024
BANK_WIDTH_LOG2 = 2  # bytes a bank serves per cycle: a word
L3_BYTES = 32 * 1024 * 1024  # as core/target/gap9.json
HOST_BYTES = 64 * 1024 * 1024  # at 0x80000000, where pulp-open can have a DDR memory
MUL_LATENCY, MULH_LATENCY = 1, 4


def load_cluster_properties(conf, path):
    properties = super(cluster.ClusterConf, conf).load_property_file(path)
    for mapping in ('mapping', 'ts_mapping'):
        properties['l1'][mapping]['size'] = f'0x{L1_BYTES:08x}'
    return properties


class Gap9Cluster(cluster.Cluster):
    """pulp-open's cluster has the places for NE16, but leaves it out."""

    def __init__(self, parent, name, config_file, cid=0, pulpnn=False):
        super().__init__(parent, name, config_file, cid=cid, pulpnn=pulpnn)
        conf = self.conf
        ne16 = Ne16(self, 'ne16')
        periph_ico = self.get_component('periph_ico')
        periph_ico.add_mapping('ne16', **self._reloc_mapping(conf.get_property('peripherals/ne16/mapping')))
        self.bind(periph_ico, 'ne16', ne16, 'input')
        irq = conf.get_property('pe/irq').index('acc_0')
        for i in range(conf.get_property('nb_pe', int)):
            self.bind(ne16, 'irq', self.get_component('event_unit'), f'in_event_{irq}_pe_{i}')
        self.bind(ne16, 'out', self.get_component('l1'), 'ne16_in')


def with_gap9_multiplier(build_isa):
    """The cores' start-up code gives pulp-open's latencies to the lists of instructions tagged mul and mulh."""

    @functools.wraps(build_isa)
    def build(*args, **kwargs):
        isa = build_isa(*args, **kwargs)
        for insn in isa.get_insns():
            if 'mul' in insn.tags:
                insn.set_latency(MUL_LATENCY)
            if 'mulh' in insn.tags:
                insn.set_latency(MULH_LATENCY)
        isa.isa_tags_insns['mul'] = []
        isa.isa_tags_insns['mulh'] = []
        return isa

    return build


cluster.ClusterConf.load_property_file = load_cluster_properties
l1_subsystem.Memory = functools.partial(l1_subsystem.Memory, width_log2=BANK_WIDTH_LOG2)
board.Hyperram = functools.partial(board.Hyperram, size=L3_BYTES)
chip.Cluster = Gap9Cluster
cores._build_cluster_isa = with_gap9_multiplier(cores._build_cluster_isa)
cores._build_fc_isa = with_gap9_multiplier(cores._build_fc_isa)


class Gap9Board(Pulp_open_board):
    def __init__(self, parent, name, parser, options):
        super().__init__(parent, name, parser, options)
        chip = self.get_component('chip')
        host = Memory(chip, 'host', size=HOST_BYTES)
        chip.bind(chip.get_component('soc_clock_domain'), 'out', host, 'clock')
        chip.bind(chip.get_component('soc'), 'ddr', host, 'input')


class Target(gvsoc.runner.Target):
    gapy_description = "pulp-open with GAP9's parameters"
    model = Gap9Board
    name = 'ares-gap9'

    def __init__(self, parser, options=None, name=None):
        super().__init__(parser, options, model=Gap9Board, name=name)
