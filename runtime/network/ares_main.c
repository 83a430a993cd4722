// Runs a network on its sample, checks it and tells its times. First a run that checks every group and prints what
// ARES_DUMP names, or, with DISABLE_INTERMEDIATE_GOLDEN, a cold one whose time counts from the load of the constants
// on; then the timed run, in which nothing is printed or checked.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "network/ares_check.h"
#include "network/ares_network.h"

enum { MAX_GROUPS = 512 };

static ares_errors errors;

static void compare(const ares_group* group, const char* which) {
  const ares_errors e = ares_compare(group);
  ares_errors_add(&errors, &e);
#ifdef MINIMAL_OUTPUT
  if (e.differing == 0) return;
#endif
  printf("CHECK %s : %s, %" PRIu64 " of %" PRIu64 " values differ, max error %" PRIu64 "%s\n", group->output.name,
         e.differing == 0 ? "equal" : "DIFFERS", e.differing, e.values, e.max, which);
}

#ifdef ARES_DUMP
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)
static const char dumped[] = TEXT(ARES_DUMP);

static int has_group(const ares_network* network, const char* name) {
  for (int32_t i = 0; i < network->group_count; ++i)
    if (strcmp(network->groups[i].output.name, name) == 0) return 1;
  printf("DUMP=%s: there is no such group; the groups are", name);
  for (int32_t i = 0; i < network->group_count; ++i) printf(" %s", network->groups[i].output.name);
  printf("\n");
  return 0;
}
#endif

#if defined(ARES_DUMP) || !defined(DISABLE_INTERMEDIATE_GOLDEN)
static void inspect(const ares_group* group) {
#ifdef ARES_DUMP
  if (strcmp(group->output.name, dumped) == 0) ares_dump(group);
#endif
#ifndef DISABLE_INTERMEDIATE_GOLDEN
  // A group that writes a part of a tensor has no golden values: the last part's cover it.
  if (group->output.golden != NULL) compare(group, "");
#endif
}

// Not timed: 0.
static uint64_t first_run(const ares_network* network) {
  ares_network_load(network);
  ares_network_set_inputs(network);
  ares_network_run(network, NULL, inspect);
  return 0;
}
#else
// The time that it and loading the constants take.
static uint64_t first_run(const ares_network* network) {
  ares_network_set_inputs(network);
  const uint64_t begin = ares_time();
  ares_network_load(network);
  ares_network_run(network, NULL, NULL);
  return ares_time() - begin;
}
#endif

static uint64_t timed_run(const ares_network* network, ares_perf* perf) {
  ares_network_set_inputs(network);
  const uint64_t begin = ares_time();
  ares_network_run(network, perf, NULL);
  return ares_time() - begin;
}

#ifdef ENABLE_PERF
enum { TIMES_GROUPS = 1 };

static void print_groups(const ares_network* network, const ares_perf* perf) {
  for (int32_t i = 0; i < network->group_count; ++i) {
    const ares_perf* const p = &perf[i];
    printf("PERF %s : total=%" PRIu64 " compute=%" PRIu64 " dma_load=%" PRIu64 " dma_store=%" PRIu64 " idle=%" PRIu64
           " overlap=%" PRIu32 "%%\n",
           network->groups[i].output.name, p->total, p->compute, p->dma_load, p->dma_store, ares_perf_idle(p),
           ares_perf_overlap(p));
  }
}

static void print_shares(const ares_network* network, const ares_perf* perf, uint64_t total) {
  for (int32_t i = 0; i < network->group_count; ++i) {
    const uint64_t tenths = total == 0 ? 0 : perf[i].total * 1000 / total;
    printf("  %-32s %14" PRIu64 "  %3" PRIu64 ".%" PRIu64 " %%\n", network->groups[i].output.name, perf[i].total,
           tenths / 10, tenths % 10);
  }
}
#else
enum { TIMES_GROUPS = 0 };
#endif

#if defined(ENABLE_PERF) || defined(ARES_PERF_TOTAL)
static void print_total(const ares_network* network, uint64_t total) {
  uint64_t macs = 0;
  for (int32_t i = 0; i < network->group_count; ++i) macs += network->groups[i].macs;
  printf("PERFORMANCE SUMMARY %s : total=%" PRIu64 " %s macs=%" PRIu64 " groups=%d cores=%d\n", network->name, total,
         ares_time_unit(), macs, (int)network->group_count, (int)network->platform.cores);
}

static void print_cold(const ares_network* network, uint64_t cold) {
  if (cold > 0) printf("PERFORMANCE COLD %s : total=%" PRIu64 " %s\n", network->name, cold, ares_time_unit());
}
#endif

static int print_verdict(void) {
  const uint64_t millionths = errors.values == 0 ? 0 : errors.sum * 1000000 / errors.values;
  printf("Maximum error: %" PRIu64 "  Mean error: %" PRIu64 ".%06" PRIu64 "\n", errors.max, millionths / 1000000,
         millionths % 1000000);
  const int passed = errors.values > 0 && errors.differing == 0;
  printf("Test %s\n", passed ? "PASSED" : "FAILED");
  return passed ? 0 : 1;
}

int ares_network_main(const ares_network* network) {
  static ares_perf perf[MAX_GROUPS];
  ares_open(&network->platform);
  if (network->group_count > MAX_GROUPS) {
    printf("Test FAILED: %d groups, at most %d are possible\n", (int)network->group_count, MAX_GROUPS);
    return 1;
  }
#ifdef ARES_DUMP
  if (!has_group(network, dumped)) {
    ares_close();
    return 1;
  }
#endif
  const uint64_t cold = first_run(network);
  const uint64_t total = timed_run(network, TIMES_GROUPS ? perf : NULL);
  for (int32_t i = 0; i < network->group_count; ++i) {
    if (network->groups[i].is_output) compare(&network->groups[i], " (timed run)");
  }
#ifdef ENABLE_PERF
  print_groups(network, perf);
  print_total(network, total);
  print_shares(network, perf, total);
  print_cold(network, cold);
#elif defined(ARES_PERF_TOTAL)
  print_total(network, total);
  print_cold(network, cold);
#else
  (void)total, (void)cold;
#endif
  ares_close();
  return print_verdict();
}
