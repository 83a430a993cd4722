// Stand-in for an SDK's pmsis.h: the prototypes that the port uses, from PMSIS's public documentation.
#ifndef PMSIS_H
#define PMSIS_H

#include <stdint.h>

struct pi_device {
  void* config;
};
void pi_open_from_conf(struct pi_device* device, void* conf);

int pmsis_kickoff(void* entry);
void pmsis_exit(int status);

// ---- cluster ----

struct pi_cluster_conf {
  int id;
};
struct pi_cluster_task {
  void (*entry)(void*);
  void* arg;
  uint32_t stack_size, slave_stack_size;
};
void pi_cluster_conf_init(struct pi_cluster_conf* conf);
int pi_cluster_open(struct pi_device* device);
int pi_cluster_close(struct pi_device* device);
struct pi_cluster_task* pi_cluster_task(struct pi_cluster_task* task, void (*entry)(void*), void* arg);
int pi_cluster_send_task_to_cl(struct pi_device* device, struct pi_cluster_task* task);

void pi_cl_team_fork(int cores, void (*entry)(void*), void* arg);
void pi_cl_team_barrier(void);
uint32_t pi_core_id(void);

// ---- memory ----

void* pi_l1_malloc(struct pi_device* cluster, uint32_t bytes);
void* pi_l2_malloc(int bytes);

typedef enum { PI_CL_DMA_DIR_LOC2EXT = 0, PI_CL_DMA_DIR_EXT2LOC = 1 } pi_cl_dma_dir_e;
typedef struct {
  uint32_t ext, loc, id;
  uint16_t size;
  pi_cl_dma_dir_e dir;
  uint8_t merge;
  uint32_t stride, length;
} pi_cl_dma_copy_t;
void pi_cl_dma_memcpy(pi_cl_dma_copy_t* copy);
void pi_cl_dma_memcpy_2d(pi_cl_dma_copy_t* copy);
void pi_cl_dma_wait(void* copy);

// ---- counters ----

enum { PI_PERF_CYCLES = 17 };
void pi_perf_conf(unsigned events);
void pi_perf_reset(void);
void pi_perf_start(void);
unsigned pi_perf_read(int event);

#endif
