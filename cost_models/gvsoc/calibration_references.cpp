#include <array>

#include "cost_models/gvsoc/calibration.hpp"

namespace ares::gvsoc {
namespace {

/// Per cent that a set-up may differ by.
constexpr double close = 3;
/// Cycles of one turn of the loop that polls for the end of a copy.
constexpr double poll = 6;
/// Which core comes first at a bank shifts dense kernels by so many per cent.
constexpr double phase = 8;

constexpr std::array kReferences{
    Reference{"dma_in_4", "L2 to L1, 4 B", 17, close, poll},
    Reference{"dma_in_64", "L2 to L1, 64 B", 27, close, poll},
    Reference{"dma_in_1024", "L2 to L1, 1 KiB", 147, close, poll},
    Reference{"dma_in_16384", "L2 to L1, 16 KiB", 2067, close, poll},
    Reference{"dma_out_1024", "L1 to L2, 1 KiB", 150, close, poll + 3},
    Reference{"dma_out_16384", "L1 to L2, 16 KiB", 2130, close, poll},
    Reference{"dma_in_rows_16", "64 rows of 16 B, 512 B apart", 149, close, poll},
    Reference{"dma_in_rows_32", "64 rows of 32 B", 277, close, poll},
    Reference{"dma_in_rows_64", "64 rows of 64 B", 533, close, poll},
    Reference{"dma_in_rows_256", "64 rows of 256 B", 2069, close, poll},
    Reference{"dma_in_rows_66", "64 rows of 66 B", 566, close, poll},
    Reference{"dma_in_and_out_16384", "16 KiB in and 16 KiB out at once", 2074, close, poll},
    Reference{"dma_two_in_16384", "two times 16 KiB in", 4115, close, poll},
    Reference{"l3_served_1024", "L3 read, fabric controller, 1 KiB", 1154, close, 0},
    Reference{"l3_served_4096", "L3 read, fabric controller, 4 KiB", 4226, close, 0},
    Reference{"l3_served_16384", "L3 read, fabric controller, 16 KiB", 16514, close, 0},
    Reference{"add_100", "100 add", 100, close, 0},
    Reference{"mul_100", "100 mul, independent", 100, close, 0},
    Reference{"mul_dependent_100", "100 mul, each of the one before", 200, close, 0},
    Reference{"mulh_100", "100 mulh", 400, close, 0},
    Reference{"div_100", "100 div", 3300, close, 0},
    Reference{"load_100", "100 lw of L1", 100, close, 0},
    Reference{"load_use_100", "100 lw of L1 with an add of the result", 300, close, 0},
    Reference{"load_misaligned_100", "100 lw of L1 across a word", 200, close, 0},
    Reference{"load_l2_100", "100 lw of L2", 1500, close, 0},
    Reference{"store_100", "100 sw to L1", 100, close, 0},
    Reference{"jump_100", "100 jumps", 200, close, 0},
    Reference{"branch_taken_100", "100 branches taken", 300, close, 0},
    Reference{"branch_not_taken_100", "100 branches not taken", 100, close, 0},
    Reference{"dot_dependent_100", "100 dot products into one sum", 100, close, 0},
    Reference{"load_banks_100", "8 cores, 100 lw each, a bank each", 107, close, 0},
    Reference{"load_one_bank_100", "8 cores, 100 lw each, one bank", 800, close, 0},
    Reference{"fork_join", "fork and join, warm", 58, 0, 0},
    Reference{"fork_join_first", "fork and join, first", 164, 0, 0},
    Reference{"barrier_100", "100 barriers", 1000, 0, 0},
    Reference{"matmul_1_core", "64x64x64, 4x2 tile, 1 core: 2.00 MAC/cycle", 131072, close, 0},
    Reference{"matmul_8_cores", "64x64x64, 4x2 tile, 8 cores: 13.35 MAC/cycle", 19636, phase, 0},
    Reference{"matmul_8_cores_padded", "the same, rows of 68 B: 15.56 MAC/cycle", 16847, close, 0},
    Reference{"ne16_3x3_8_bit", "NE16 3x3 16x16 64->64, 8 bit", 86462, close, 0},
    Reference{"ne16_3x3_4_bit", "NE16 3x3 16x16 64->64, 4 bit", 49611, close, 0},
    Reference{"ne16_3x3_2_bit", "NE16 3x3 16x16 64->64, 2 bit", 31197, close, 0},
    Reference{"ne16_3x3_15", "NE16 3x3 15x15 64->64, 8 bit", 60742, close, 0},
    Reference{"ne16_3x3_12_32", "NE16 3x3 12x12 32->64, 8 bit", 20015, close, 0},
    Reference{"ne16_1x1_16", "NE16 1x1 16x16 64->64", 19966, close, 0},
    Reference{"ne16_1x1_15", "NE16 1x1 15x15 64->64", 13920, close, 0},
    Reference{"ne16_3x3_8_24_40", "NE16 3x3 8x8 24->40", 7638, close, 0},
    Reference{"ne16_1x1_8_24_40", "NE16 1x1 8x8 24->40", 2440, close, 0},
};

}  // namespace

std::span<const Reference> references() { return kReferences; }

}  // namespace ares::gvsoc
