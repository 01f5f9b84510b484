// set_back_clock.c: for LD_PRELOAD: a wall clock that a test may step.
//
// SET_BACK_CLOCK names a file of eight bytes, which the test maps as well: the nanoseconds that are added to the wall
// clock. Waits until a time of the wall clock follow the shifted one, as the kernel's follow a clock that is really
// set; monotonic time is left alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const long kSlice = 20 * 1000 * 1000;  // nanoseconds: how soon a wait sees a step
static const long kSecond = 1000000000L;

typedef long (*Syscall)(long, ...);
typedef int (*CondTimedWait)(pthread_cond_t*, pthread_mutex_t*, const struct timespec*);

static const long* shift;  // null until the constructor has run, and where there is no such file

__attribute__((constructor)) static void Begin(void) {
  const char* path = getenv("SET_BACK_CLOCK");
  const int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void* mapped = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) shift = mapped;
}

static long Real(long number, long first, void* second) {
  static Syscall call;
  if (call == NULL) call = (Syscall)dlsym(RTLD_NEXT, "syscall");
  return call(number, first, second);
}

static struct timespec Later(struct timespec time, long nanoseconds) {
  time.tv_sec += nanoseconds / kSecond;
  time.tv_nsec += nanoseconds % kSecond;
  if (time.tv_nsec < 0) {
    time.tv_nsec += kSecond;
    --time.tv_sec;
  } else if (time.tv_nsec >= kSecond) {
    time.tv_nsec -= kSecond;
    ++time.tv_sec;
  }
  return time;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const long failed = Real(SYS_clock_gettime, clock, now);
  const int wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  if (failed == 0 && wall && shift != NULL) *now = Later(*now, __atomic_load_n(shift, __ATOMIC_RELAXED));
  return (int)failed;
}

int gettimeofday(struct timeval* now, void* zone) {
  struct timespec shifted;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &shifted);
  now->tv_sec = shifted.tv_sec;
  now->tv_usec = shifted.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}

// Nanoseconds until that time of the shifted clock, at most a slice. Not positive: it is over.
static long Left(const struct timespec* until) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const long seconds = until->tv_sec - now.tv_sec;
  if (seconds > 1) return kSlice;
  if (seconds < -1) return -kSlice;
  const long left = seconds * kSecond + (until->tv_nsec - now.tv_nsec);
  return left < kSlice ? left : kSlice;
}

// Abseil waits by futexes, with a time of the wall clock.
long syscall(long number, ...) {
  Syscall call = (Syscall)dlsym(RTLD_NEXT, "syscall");
  va_list list;
  va_start(list, number);
  long a[6];
  for (int i = 0; i < 6; ++i) a[i] = va_arg(list, long);
  va_end(list);
  const struct timespec* until = (const struct timespec*)a[3];
  if (number != SYS_futex || (a[1] & FUTEX_CLOCK_REALTIME) == 0 || until == NULL) {
    return call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
  while (1) {
    const long left = Left(until);
    if (left <= 0) {
      errno = ETIMEDOUT;
      return -1;
    }
    const struct timespec slice = {0, left};
    const long done = call(SYS_futex, a[0], FUTEX_WAIT | FUTEX_PRIVATE_FLAG, a[2], &slice, 0, 0);
    if (done == 0 || errno != ETIMEDOUT) return done;
  }
}

// RocksDB waits by condition variables, with a time of the wall clock. A slice that is over before its time is a wake
// without a reason, which a waiter must expect. A condition variable of monotonic time is left alone.
int pthread_cond_timedwait(pthread_cond_t* cond, pthread_mutex_t* mutex, const struct timespec* until) {
  static CondTimedWait wait;
  if (wait == NULL) wait = (CondTimedWait)dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
  const int monotonic = (cond->__data.__wrefs & 2) != 0;
  if (monotonic || shift == NULL) return wait(cond, mutex, until);
  const long left = Left(until);
  if (left <= 0) return ETIMEDOUT;
  struct timespec now;
  Real(SYS_clock_gettime, CLOCK_REALTIME, &now);
  const struct timespec slice = Later(now, left);
  const int done = wait(cond, mutex, &slice);
  return done == ETIMEDOUT && Left(until) > 0 ? 0 : done;
}
