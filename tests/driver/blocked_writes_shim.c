// For tests; loaded before the C library (LD_PRELOAD). A file system that blocks: writes to files whose path contains
// $BLOCKED_PATH never return, except those to lock files.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static void block_if_chosen(int file) {
  const char* chosen = getenv("BLOCKED_PATH");
  char link[64];
  char path[4096];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
  const ssize_t n = readlink(link, path, sizeof(path) - 1);
  if (chosen == NULL || n < 0) return;
  path[n] = '\0';
  while (strstr(path, chosen) != NULL && strstr(path, ".lock") == NULL) pause();
}

#define BLOCKING(name, declared, passed)                                 \
  ssize_t name declared {                                                \
    block_if_chosen(file);                                               \
    return ((ssize_t(*) declared)dlsym(RTLD_NEXT, #name))passed;         \
  }
BLOCKING(write, (int file, const void* data, size_t n), (file, data, n))
BLOCKING(pwrite, (int file, const void* data, size_t n, off_t start), (file, data, n, start))
BLOCKING(pwrite64, (int file, const void* data, size_t n, off_t start), (file, data, n, start))
BLOCKING(writev, (int file, const struct iovec* parts, int n), (file, parts, n))
BLOCKING(pwritev, (int file, const struct iovec* parts, int n, off_t start), (file, parts, n, start))
