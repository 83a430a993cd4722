/* A cost model of your own as a shared library, in C or anything that can export a C function.
 *
 * Export one function, ares_cost_model_plugin(), that returns a filled struct ares_plugin; build with
 * `cc -shared -fPIC`; run `ares-tune --cost-model ./libmine.so`. ARES calls, in this order:
 *
 *   ares_cost_model_plugin()   once; another abi than ARES_PLUGIN_ABI is refused
 *   create(target)             once; the name of the target, as gap9. Null: the model does not know it
 *   estimate(..)               for each batch of configs of one group; never from two threads at once
 *   destroy(model)             once
 *
 * The library runs in a process of its own, in which it may crash, hang or throw: ARES reports it by name and goes on
 * with its own model. With --trust-plugin it runs inside ares-tune, which is faster and protects from nothing but
 * exceptions. This file needs nothing else of ARES. */
#ifndef ARES_COST_MODELS_PLUGIN_H
#define ARES_COST_MODELS_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised with every change of what stands below. */
#define ARES_PLUGIN_ABI 1

/* What a group computes and where. Families without a window have kernel and stride 1. */
struct ares_plugin_group {
  char family[24];              /* conv, depthwise, linear, max_pool, average_pool, table, add, ... */
  int32_t in[3], out[3];        /* rows, columns, channels; linear: 1, tokens, features */
  int32_t kernel[2], stride[2]; /* rows, columns */
  int32_t dilation[2];
  int32_t pad[4]; /* top, left, bottom, right */
  int32_t weight_bits;
  int32_t weights_level; /* 1, 2 or 3: weights come from L1, L2 or L3 */
  int32_t cores;         /* workers */
  uint32_t l1_bytes;     /* window for the group's buffers */
  int64_t macs;          /* multiply-accumulates of one inference; 0 without weights */
};

/* Knobs of a config; one that the group does not have is 0. Sizes are in rows, columns and channels of the output. */
enum ares_plugin_knob {
  ARES_TILE_H,
  ARES_TILE_W,
  ARES_TILE_CO,
  ARES_TILE_CI, /* input features per step of a split reduction */
  ARES_TILE_L2, /* output channels per weight chunk, L3 to L2 */
  ARES_BUF_IN,
  ARES_BUF_W,
  ARES_BUF_OUT,
  ARES_BUF_L2,   /* copies of buffers: 2 is double buffering */
  ARES_ORDER,    /* loops: 1 channels outer, 2 inner, 3 middle */
  ARES_KERNEL,   /* 1 gemm_4x2 2 gemm_4x4 3 gemm_5x4 4 gemm_8x1
                    5 im2col_4x2 6 im2col_4x4 7 slide_4x4 8 slide_2x8 */
  ARES_PARALLEL, /* workers share 1 rows, 2 pixels, 3 channels */
  ARES_KERNEL2,  /* of a fused layer with weights behind the first; 0: there is none */
  ARES_SHARE,    /* of a depthwise layer on the accelerator: channels of the workers */
  ARES_KNOBS
};

/* A config, and what the analytical model of ARES says of it: cycles, and the cycles of each resource, which overlap.
 */
struct ares_plugin_config {
  uint16_t knob[16]; /* ARES_KNOBS of them */
  double cycles, compute, dma_in, dma_out, l3, stall, overhead;
  uint32_t l1_bytes, reserved;
};

struct ares_plugin {
  uint32_t abi; /* ARES_PLUGIN_ABI */
  const char* name;
  void* (*create)(const char* target);
  /* cycles[i] of configs[i], each finite and above 0. Returns 0; anything else: failed. */
  int (*estimate)(void* model, const struct ares_plugin_group* group, const struct ares_plugin_config* configs,
                  size_t count, double* cycles);
  void (*destroy)(void* model);
};

/* The function to export. */
const struct ares_plugin* ares_cost_model_plugin(void);

#ifdef __cplusplus
}
#endif

#endif
