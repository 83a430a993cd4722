// NE16 beside a PULP cluster: its registers, for the ports that run on one.
#ifndef ARES_PULP_NE16_H
#define ARES_PULP_NE16_H

// Switches the engine on; before the first job.
void ares_pulp_ne16_open(void);

#endif
