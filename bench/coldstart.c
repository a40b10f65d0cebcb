/* coldstart.c: time from starting a server to its first ready answer.
 *
 *   coldstart ZDRAVO DATA
 *
 * Starts `ZDRAVO serve --data DATA` on a free port of loopback, asks /health/ready until it says
 * 200, prints one line of JSON (ms), and stops the server with SIGTERM.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char ASK[] =
    "GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* A port that was free a moment ago; 0 when there is none. */
static in_port_t free_port(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool fine = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
              getsockname(fd, (struct sockaddr *)&a, &n) == 0;
  if (fd >= 0) close(fd);
  return fine ? a.sin_port : 0;
}

static bool ready(in_port_t port) {
  struct sockaddr_in a = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = port};
  char answer[64] = "";
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool asked = connect(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
               send(fd, ASK, sizeof ASK - 1, MSG_NOSIGNAL) == (ssize_t)sizeof ASK - 1;
  ssize_t n = asked ? recv(fd, answer, sizeof answer - 1, 0) : 0;
  close(fd);
  return n >= 12 && memcmp(answer + 9, "200", 3) == 0;
}

static pid_t start(const char *program, const char *data, in_port_t port) {
  char listen[32];
  snprintf(listen, sizeof listen, "127.0.0.1:%u", ntohs(port));
  pid_t child = fork();
  if (child == 0) {
    int quiet = open("/dev/null", O_WRONLY);
    if (quiet >= 0) dup2(quiet, STDERR_FILENO);
    execl(program, program, "serve", "--data", data, "--listen", listen, (char *)NULL);
    _exit(127);
  }
  return child;
}

int main(int argc, char **argv) {
  in_port_t port = free_port();
  if (argc != 3 || !port) {
    fprintf(stderr, "coldstart ZDRAVO DATA\n");
    return 2;
  }
  double began = now_ms(), took = -1;
  pid_t child = start(argv[1], argv[2], port);
  while (child > 0 && waitpid(child, NULL, WNOHANG) == 0 && now_ms() - began < 120000) {
    if (ready(port)) {
      took = now_ms() - began;
      break;
    }
    nanosleep(&(struct timespec){0, 300000}, NULL);
  }
  if (took < 0) {
    fprintf(stderr, "coldstart: %s did not become ready\n", argv[1]);
    if (child > 0) kill(child, SIGKILL);
    return 1;
  }
  kill(child, SIGTERM);
  waitpid(child, NULL, 0);
  printf("{\"ms\":%.1f}\n", took);
  return 0;
}
