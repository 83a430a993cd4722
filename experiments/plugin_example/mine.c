/* A cost model of one's own: what the analytical model says, plus 150 cycles for every step of the tile loops - as if
 * the orchestrating core were slower than ARES thinks. Run with: ares-tune --cost-model ./libmine.so ... */
#include <ares/plugin.h>

static void* create(const char* target) { return (void*)target; /* any target will do; nothing to remember */ }
static void destroy(void* model) { (void)model; }

static double steps(int32_t whole, uint16_t tile) { return tile ? (whole + tile - 1) / tile : 1; }

static int estimate(void* model, const struct ares_plugin_group* group, const struct ares_plugin_config* configs,
                    size_t count, double* cycles) {
  (void)model;
  for (size_t i = 0; i < count; ++i) {
    const uint16_t* knob = configs[i].knob;
    cycles[i] = configs[i].cycles + 150 * steps(group->out[0], knob[ARES_TILE_H]) *
                                        steps(group->out[1], knob[ARES_TILE_W]) *
                                        steps(group->out[2], knob[ARES_TILE_CO]);
  }
  return 0;
}

const struct ares_plugin* ares_cost_model_plugin(void) {
  static const struct ares_plugin plugin = {ARES_PLUGIN_ABI, "mine", create, estimate, destroy};
  return &plugin;
}
