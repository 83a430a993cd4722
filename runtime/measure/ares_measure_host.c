// The host has caches that nobody empties, and no cycles.
#include "measure/ares_measure.h"

void ares_measure_flush(void) {}
void ares_measure_properties(void) {}
