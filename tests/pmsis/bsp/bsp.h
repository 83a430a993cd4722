// Stand-in, as pmsis.h.
#ifndef BSP_BSP_H
#define BSP_BSP_H

struct pi_hyperram_conf {
  int interface;
};
struct pi_hyperflash_conf {
  int interface;
};
void pi_hyperram_conf_init(struct pi_hyperram_conf* conf);
void pi_hyperflash_conf_init(struct pi_hyperflash_conf* conf);

#define pi_default_ram_conf pi_hyperram_conf
#define pi_default_ram_conf_init pi_hyperram_conf_init
#define pi_default_flash_conf pi_hyperflash_conf
#define pi_default_flash_conf_init pi_hyperflash_conf_init

#endif
