// set_back_clock.c: for LD_PRELOAD: a wall clock that a test may step.
//
// The file named by SET_BACK_CLOCK holds the seconds that are added to the wall clock. Waits until a
// time of the wall clock follow the shifted one, as the kernel's follow a clock that is really set;
// monotonic time is left alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const long kSlice = 20 * 1000 * 1000;  // nanoseconds: how soon a wait sees a step

static double Shift(void) {
  const char* path = getenv("SET_BACK_CLOCK");
  FILE* file = path ? fopen(path, "r") : NULL;
  double shift = 0;
  if (file != NULL) {
    if (fscanf(file, "%lf", &shift) != 1) shift = 0;
    fclose(file);
  }
  return shift;
}

static struct timespec RealNow(clockid_t clock) {
  struct timespec now;
  long (*call)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  call(SYS_clock_gettime, clock, &now);
  return now;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  *now = RealNow(clock);
  if (clock == CLOCK_REALTIME) now->tv_sec += (long)Shift();
  return 0;
}

int gettimeofday(struct timeval* now, void* zone) {
  struct timespec shifted;
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

// Nanoseconds until that time of the shifted clock.
static long Left(const struct timespec* until) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (until->tv_sec - now.tv_sec) * 1000000000L + (until->tv_nsec - now.tv_nsec);
}

// Abseil waits by futexes, with a time of the wall clock.
long syscall(long number, ...) {
  long (*call)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
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
    const long wait = left < kSlice ? left : kSlice;
    const struct timespec slice = {wait / 1000000000L, wait % 1000000000L};
    const long done = call(SYS_futex, a[0], FUTEX_WAIT | FUTEX_PRIVATE_FLAG, a[2], &slice, 0, 0);
    if (done == 0 || errno != ETIMEDOUT) return done;
  }
}
