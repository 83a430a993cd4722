#include "hal/bare/ares_bare.h"

#include <stdarg.h>
#include <stdio.h>

static int put(char c, FILE* file) {
  (void)file;
  ares_console(c);
  return (unsigned char)c;
}

// picolibc leaves the standard streams to the platform.
static FILE console = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE* const stdin = &console;
FILE* const stdout = &console;
FILE* const stderr = &console;

static const char* group = "start";

void ares_bare_enter(const char* name) { group = name; }

void ares_bare_fail(const char* format, ...) {
  va_list list;
  va_start(list, format);
  printf("ares: group %s: ", group);
  vprintf(format, list);
  putchar('\n');
  va_end(list);
  ares_exit(1);
}
