// For tests; loaded before the C library (LD_PRELOAD). A file system without hard links, whose folders cannot be
// flushed: link() fails with EPERM, and fsync() of a folder with EINVAL. With NO_RENAME in the environment, rename()
// fails with EIO, so that no complete file can be placed.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

int link(const char* from, const char* to) {
  (void)from;
  (void)to;
  errno = EPERM;
  return -1;
}

int rename(const char* from, const char* to) {
  if (getenv("NO_RENAME") == NULL) return ((int (*)(const char*, const char*))dlsym(RTLD_NEXT, "rename"))(from, to);
  errno = EIO;
  return -1;
}

int fsync(int file) {
  struct stat status;
  if (fstat(file, &status) == 0 && S_ISDIR(status.st_mode)) {
    errno = EINVAL;
    return -1;
  }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(file);
}
