// Jobs of the accelerator: a job computes when it starts and writes its output when it is waited for, so that a missing
// wait shows.
#include <stdlib.h>

#include "hal/host/ares_host.h"
#include "hal/twin/ares_ne16_twin.h"

typedef struct {
  ares_job job;
  uint8_t* output;
} running;

static running* jobs;
static uint32_t count, room;

static void run(const ares_job* job) {
  const uint32_t bytes = ares_twin_outputs(job, ares_host_l1_bytes());
  if (bytes == 0) ares_host_fail("a job reads or writes beside the %u bytes of L1", ares_host_l1_bytes());
  if (count == room) {
    room = 2 * room + 16;
    jobs = realloc(jobs, room * sizeof *jobs);
  }
  running* const r = jobs == NULL ? NULL : &jobs[count++];
  if (r != NULL) r->output = malloc(bytes);
  if (r == NULL || r->output == NULL) ares_host_fail("no memory for the %u bytes of a job's output", bytes);
  r->job = *job;
  ares_twin_compute(job, ares_l1(), r->output);
}

void ares_job_start(const ares_job* job) {
  if (count > 0) ares_host_fail("a job was started before the last one was waited for");
  run(job);
}

void ares_job_again(const ares_job* job) {
  if (count == 0) ares_host_fail("there is no job to start one more behind");
  for (int i = 0; i < ARES_JOB_REGISTERS; ++i)
    if (i != 1 && i != 2 && i != 16 && i != 17 && i != 20 && job->registers[i] != jobs[0].job.registers[i])
      ares_host_fail("register %d of a further job differs", i);
  run(job);
}

void ares_job_wait(void) {
  if (count == 0) ares_host_fail("no job was started that could be waited for");
  for (uint32_t i = 0; i < count; ++i) {
    ares_twin_store(&jobs[i].job, ares_l1(), jobs[i].output);
    free(jobs[i].output);
  }
  count = 0;
}

void ares_host_jobs_close(void) {
  if (count > 0) ares_host_fail("a job was never waited for");
  free(jobs);
  jobs = NULL;
  room = 0;
}
