// failing_io.c: for LD_PRELOAD: input and output under one folder fails where a test says so.
//
// FAILING_IO_DIR is the folder; FAILING_IO_PLAN a file of struct Plan, which the test maps as well. Calls of the planned
// kind under the folder are counted; the one that brings `left` to zero fails with `error`, and the `times` - 1 after it.
// error 0 is a short write: half of the bytes are taken, as a write may always do.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum Kind { kNone, kWrite, kSync, kOpen, kRename, kKinds };

struct Plan {
  long kind;
  long error;
  long left;   // calls until the first that fails
  long times;  // how many fail
  long failed;
  long seen[kKinds];
};

static struct Plan* plan;
static char dir[PATH_MAX];
static size_t dir_size;

#define REAL(name, ...) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

__attribute__((constructor)) static void Begin(void) {
  const char* folder = getenv("FAILING_IO_DIR");
  const char* path = getenv("FAILING_IO_PLAN");
  if (folder == NULL || path == NULL) return;
  const int file = REAL(open, path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void* mapped = mmap(NULL, sizeof(struct Plan), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) return;
  snprintf(dir, sizeof dir, "%s", folder);
  dir_size = strlen(dir);
  plan = mapped;
}

static int Under(const char* path) {
  return plan != NULL && path != NULL && strncmp(path, dir, dir_size) == 0;
}

static int FileUnder(int file) {
  if (plan == NULL) return 0;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = 0;
  return Under(path);
}

// Whether this call fails; errno is then set, to 0 for a short write.
static int Fails(enum Kind kind) {
  __atomic_add_fetch(&plan->seen[kind], 1, __ATOMIC_SEQ_CST);
  if (plan->kind != kind) return 0;
  const long left = __atomic_sub_fetch(&plan->left, 1, __ATOMIC_SEQ_CST);
  if (left > 0 || left <= -plan->times) return 0;
  __atomic_add_fetch(&plan->failed, 1, __ATOMIC_SEQ_CST);
  errno = (int)plan->error;
  return 1;
}

ssize_t write(int file, const void* data, size_t size) {
  if (FileUnder(file) && Fails(kWrite)) {
    if (errno != 0) return -1;
    size = (size + 1) / 2;
  }
  return REAL(write, file, data, size);
}

ssize_t pwrite(int file, const void* data, size_t size, off_t at) {
  if (FileUnder(file) && Fails(kWrite)) {
    if (errno != 0) return -1;
    size = (size + 1) / 2;
  }
  return REAL(pwrite, file, data, size, at);
}

int ftruncate(int file, off_t size) {
  if (FileUnder(file) && Fails(kWrite) && errno != 0) return -1;
  return REAL(ftruncate, file, size);
}

// RocksDB goes on without room that was set aside ahead: only ENOSPC of a file system that has none left.
int fallocate(int file, int mode, off_t at, off_t size) {
  if (FileUnder(file) && Fails(kWrite) && errno != 0) return -1;
  return REAL(fallocate, file, mode, at, size);
}

int fsync(int file) {
  if (FileUnder(file) && Fails(kSync) && errno != 0) return -1;
  return REAL(fsync, file);
}

int fdatasync(int file) {
  if (FileUnder(file) && Fails(kSync) && errno != 0) return -1;
  return REAL(fdatasync, file);
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;
  va_end(more);
  if (Under(path) && Fails(kOpen) && errno != 0) return -1;
  return REAL(open, path, flags, mode);
}

FILE* fopen(const char* path, const char* how) {
  if (Under(path) && Fails(kOpen) && errno != 0) return NULL;
  return REAL(fopen, path, how);
}

int rename(const char* from, const char* to) {
  if (Under(to) && Fails(kRename) && errno != 0) return -1;
  return REAL(rename, from, to);
}
