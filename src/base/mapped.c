#include "base/mapped.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* Everything here runs inside a signal handler: no allocation, no stdio (signal-safety(7)). */

static void say(const char *p, size_t n) {
  while (n) {
    ssize_t put = write(STDERR_FILENO, p, n);
    if (put <= 0) return;
    p += put;
    n -= (size_t)put;
  }
}

static void say_text(const char *text) {
  say(text, strlen(text));
}

/* Hexadecimal digits at *p; steps behind them. */
static uintptr_t take_hex(const char **p, const char *end) {
  uintptr_t value = 0;
  for (; *p < end; (*p)++) {
    char c = **p;
    if (c >= '0' && c <= '9')
      value = value * 16 + (uintptr_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
      value = value * 16 + (uintptr_t)(c - 'a' + 10);
    else
      break;
  }
  return value;
}

/* A line of /proc/self/maps, "from-to perms offset dev inode   /path": says the path when the
 * address lies between. */
static bool say_path(const char *p, const char *end, uintptr_t address) {
  uintptr_t from = take_hex(&p, end);
  if (p == end || *p != '-') return false;
  p++;
  uintptr_t to = take_hex(&p, end);
  if (address < from || address >= to) return false;
  const char *path = memchr(p, '/', (size_t)(end - p));
  if (!path) return false;
  say(path, (size_t)(end - path));
  return true;
}

/* Lines that begin beyond the room read so far are moved to its front. */
static bool say_file(uintptr_t address) {
  char room[8192];
  size_t n = 0;
  bool said = false;
  int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  for (ssize_t got; fd >= 0 && !said && (got = read(fd, room + n, sizeof room - n)) > 0;) {
    n += (size_t)got;
    const char *p = room, *end;
    while (!said && (end = memchr(p, '\n', n - (size_t)(p - room)))) {
      said = say_path(p, end, address);
      p = end + 1;
    }
    n -= (size_t)(p - room);
    memmove(room, p, n);
  }
  if (fd >= 0) close(fd);
  return said;
}

static void on_bus_error(int number, siginfo_t *info, void *context) {
  (void)context;
  say_text("zdravo: a mapped file cannot be read: ");
  if (!say_file((uintptr_t)info->si_addr)) say_text("(unknown)");
  say_text("; the device failed or the file was cut. Stopping.\n");
  raise(number); /* SA_RESETHAND: now it ends the process */
}

void zd_mapped_name_failures(void) {
  struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, NULL);
}
