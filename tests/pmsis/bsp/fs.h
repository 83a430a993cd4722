// Stand-in, as pmsis.h.
#ifndef BSP_FS_H
#define BSP_FS_H

#include "pmsis.h"

enum { PI_FS_FLAGS_READ = 0 };
struct pi_fs_conf {
  struct pi_device* flash;
};
typedef struct {
  uint32_t size;
} pi_fs_file_t;

int32_t pi_fs_mount(struct pi_device* device);
pi_fs_file_t* pi_fs_open(struct pi_device* device, const char* file, int flags);
int32_t pi_fs_read(pi_fs_file_t* file, void* buffer, uint32_t bytes);
void pi_fs_close(pi_fs_file_t* file);

#endif
