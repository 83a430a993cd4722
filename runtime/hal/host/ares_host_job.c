// Jobs of the accelerator: a job computes when it starts and writes its output when it is waited for, so that a missing
// wait shows.
#include <stdlib.h>

#include "hal/host/ares_host.h"
#include "hal/twin/ares_ne16_twin.h"

static ares_job running;
static uint8_t* output;  // of the running job; NULL: there is none

void ares_job_start(const ares_job* job) {
  const uint32_t bytes = ares_twin_outputs(job, ares_host_l1_bytes());
  if (bytes == 0) ares_host_fail("a job reads or writes beside the %u bytes of L1", ares_host_l1_bytes());
  if (output != NULL) ares_host_fail("a job was started before the last one was waited for");
  output = malloc(bytes);
  if (output == NULL) ares_host_fail("no memory for the %u bytes of a job's output", bytes);
  running = *job;
  ares_twin_compute(job, ares_l1(), output);
}

void ares_job_wait(void) {
  if (output == NULL) ares_host_fail("no job was started that could be waited for");
  ares_twin_store(&running, ares_l1(), output);
  free(output);
  output = NULL;
}

void ares_host_jobs_close(void) {
  if (output != NULL) ares_host_fail("a job was never waited for");
}
