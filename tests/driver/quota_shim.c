// For tests; loaded before the C library (LD_PRELOAD). Writes to part files fail with EDQUOT after
// QUOTA_BYTES bytes, as on a file system with an exhausted quota.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static size_t written;

static int is_over(int fd, size_t size) {
  char link[64], path[4096];
  const char* quota = getenv("QUOTA_BYTES");
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(link, path, sizeof path - 1);
  if (quota == NULL || n < 0) return 0;
  path[n] = '\0';
  if (strstr(path, ".part") == NULL) return 0;
  written += size;
  if (written <= strtoull(quota, NULL, 10)) return 0;
  errno = EDQUOT;
  return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void* data, size_t size) {
  return is_over(fd, size) ? -1 : REAL(write)(fd, data, size);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  return is_over(fd, size) ? -1 : REAL(pwrite)(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  return is_over(fd, size) ? -1 : REAL(pwrite64)(fd, data, size, at);
}
static size_t sum(const struct iovec* parts, int n) {
  size_t size = 0;
  for (int k = 0; k < n; ++k) size += parts[k].iov_len;
  return size;
}
ssize_t writev(int fd, const struct iovec* parts, int n) {
  return is_over(fd, sum(parts, n)) ? -1 : REAL(writev)(fd, parts, n);
}
ssize_t pwritev(int fd, const struct iovec* parts, int n, off_t at) {
  return is_over(fd, sum(parts, n)) ? -1 : REAL(pwritev)(fd, parts, n, at);
}
ssize_t pwritev64(int fd, const struct iovec* parts, int n, off64_t at) {
  return is_over(fd, sum(parts, n)) ? -1 : REAL(pwritev64)(fd, parts, n, at);
}
