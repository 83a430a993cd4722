// The fabric controller's part of a program: memories, constants from flash into RAM, and the cluster's task.
#include "hal/pmsis/ares_pmsis.h"

#include <stddef.h>

#include "bsp/bsp.h"
#include "bsp/flash.h"
#include "bsp/fs.h"
#include "bsp/fs/readfs.h"
#include "network/ares_network.h"

// The program is this network; its check runs on the cluster.
extern const ares_network ARES_NETWORK;

#ifdef __GAP9__
typedef struct pi_default_ram_conf ram_configuration;
typedef struct pi_default_flash_conf flash_configuration;
static void configure_ram(ram_configuration* c) { pi_default_ram_conf_init(c); }
static void configure_flash(flash_configuration* c) { pi_default_flash_conf_init(c); }
#else
typedef struct pi_hyperram_conf ram_configuration;
typedef struct pi_hyperflash_conf flash_configuration;
static void configure_ram(ram_configuration* c) { pi_hyperram_conf_init(c); }
static void configure_flash(flash_configuration* c) { pi_hyperflash_conf_init(c); }
#endif

enum { ALIGNMENT = 16, CHUNK = 4096, ORCHESTRATOR_STACK = 2048 };

static struct pi_device cluster, ram, flash, files;
static ram_configuration ram_conf;
static flash_configuration flash_conf;
static struct pi_readfs_conf files_conf;
static int status;

static uint8_t* aligned(void* block, const char* name, uint32_t bytes) {
  if (block == NULL) ares_pmsis_fail("no memory for %u bytes of %s", (unsigned)bytes, name);
  return (uint8_t*)(((uintptr_t)block + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

static void open_l3(void) {
  configure_ram(&ram_conf);
  pi_open_from_conf(&ram, &ram_conf);
  if (pi_ram_open(&ram) != 0) ares_pmsis_fail("the external RAM cannot be opened");
  configure_flash(&flash_conf);
  pi_open_from_conf(&flash, &flash_conf);
  if (pi_flash_open(&flash) != 0) ares_pmsis_fail("the flash cannot be opened");
  pi_readfs_conf_init(&files_conf);
  files_conf.fs.flash = &flash;
  pi_open_from_conf(&files, &files_conf);
  if (pi_fs_mount(&files) != 0) ares_pmsis_fail("the flash holds no read-only file system");
}

// The image of all constants, from its file in flash to RAM; L2 that the program will use is on the way.
static void load_constants(uint8_t* by_way_of, uint32_t bytes) {
  uint32_t address = 0;
  open_l3();
  pi_fs_file_t* const file = pi_fs_open(&files, "constants.bin", PI_FS_FLAGS_READ);
  if (file == NULL) ares_pmsis_fail("constants.bin is not in the flash's file system");
  if (pi_ram_alloc(&ram, &address, bytes) != 0) ares_pmsis_fail("no memory for %u bytes of L3", (unsigned)bytes);
  for (uint32_t at = 0; at < bytes; at += CHUNK) {
    const uint32_t now = bytes - at < CHUNK ? bytes - at : CHUNK;
    if (pi_fs_read(file, by_way_of, now) != (int32_t)now) ares_pmsis_fail("constants.bin is too short");
    pi_ram_write(&ram, address + at, by_way_of, now);
  }
  pi_fs_close(file);
  ares_pmsis_l3(&ram, address);
}

static void task(void* unused) {
  (void)unused;
  status = ares_network_main(&ARES_NETWORK);
}

static void run(void) {
  const uint32_t l2 = ARES_PLANNED_L2 < CHUNK ? CHUNK : ARES_PLANNED_L2;
  struct pi_cluster_conf conf;
  pi_cluster_conf_init(&conf);
  pi_open_from_conf(&cluster, &conf);
  if (pi_cluster_open(&cluster) != 0) ares_pmsis_fail("the cluster cannot be opened");
  uint8_t* const tiles = aligned(pi_l1_malloc(&cluster, ARES_PLANNED_L1 + ALIGNMENT), "L1", ARES_PLANNED_L1);
  uint8_t* const arena = aligned(pi_l2_malloc((int)l2 + ALIGNMENT), "L2", l2);
  ares_pmsis_give(tiles, arena, aligned(pi_l1_malloc(&cluster, ARES_STATE_BYTES + ALIGNMENT), "L1", ARES_STATE_BYTES));
  if (ARES_PLANNED_L3 > 0) load_constants(arena, ARES_PLANNED_L3);

  static struct pi_cluster_task program;
  pi_cluster_task(&program, task, NULL);
  program.stack_size = ORCHESTRATOR_STACK;
  program.slave_stack_size = PI_CL_SLAVE_STACK_SIZE;
  (void)pi_cluster_send_task_to_cl(&cluster, &program);
  (void)pi_cluster_close(&cluster);
}

static void kickoff(void* unused) {
  (void)unused;
  run();
  pmsis_exit(status);
}

int main(void) { return pmsis_kickoff((void*)kickoff); }
