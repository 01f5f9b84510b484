// two_localhosts.c: for LD_PRELOAD: a hosts file with both localhost lines, one of them twice.
//
// Of a name, "localhost" has the addresses ::1, 127.0.0.1 and 127.0.0.1 again, as glibc gives them
// on many machines; everything else is resolved as it is.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef int (*Resolve)(const char*, const char*, const struct addrinfo*, struct addrinfo**);

int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints, struct addrinfo** found) {
  Resolve resolve = (Resolve)dlsym(RTLD_NEXT, "getaddrinfo");
  if (node == NULL || strcmp(node, "localhost") != 0 || (hints != NULL && hints->ai_family != AF_UNSPEC)) {
    return resolve(node, service, hints, found);
  }
  struct addrinfo** end = found;
  const char* addresses[] = {"::1", "127.0.0.1", "127.0.0.1"};
  for (int i = 0; i < 3; ++i) {
    int error = resolve(addresses[i], service, hints, end);
    if (error != 0) return error;
    while (*end != NULL) end = &(*end)->ai_next;
  }
  return 0;
}
