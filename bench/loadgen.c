/* loadgen - bounded HTTP/1.1 load on one port of this machine.
 *
 *   loadgen [-c CONNECTIONS] [-d SECONDS] [-n REQUESTS] [-r RATE] [-s] [-m MODEL] [-k KEY] [-f BODY_FILE] [-p PATH] PORT
 *
 * A closed loop by default: every connection asks again as soon as it is answered. -r makes it an open loop of
 * RATE requests a second, whose latencies count from the scheduled moment, so that a stalled server cannot hide.
 * -s asks for streams, counts their events and wants "data: [DONE]" at the end of each.
 * Stops at -d seconds (default 5) or -n requests, whichever is first, then waits up to 10 s for what is under way.
 * Prints one JSON object. "errors" are connections that broke or spoke no HTTP, and answers that never came.
 */
#define _GNU_SOURCE
#include "answer.h"
#include "load_request.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_US = 10000000, BATCH = 512 };

typedef struct {
  int fd, busy, writing;      /* writing: epoll also waits for room to send */
  size_t sent;
  long long began;            /* monotonic microseconds */
  answer answer;
} connection;

typedef struct { double *values; size_t count, capacity; } series;

static struct {
  int connections, streaming;
  long limit;                 /* requests; 0: none */
  double seconds, rate;
  request_options request;
} options = { .connections = 32, .seconds = 5,
              .request = { .model = "mock-model", .key = "sk-bench", .path = "/v1/chat/completions" } };

static int poller;
static struct sockaddr_in server;
static char *request;
static size_t request_length;
static connection *connections;
static series latencies, first_events;
static long issued, done, errors, refused, unfinished, events, under_way, reconnects, late;
static long long bytes_in, begin, end;
static char first_error[300];

static long long now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void add(series *s, double value) {
  if (s->count == s->capacity) {
    s->capacity = s->capacity ? s->capacity * 2 : 65536;
    s->values = realloc(s->values, s->capacity * sizeof *s->values);
    if (!s->values) abort();
  }
  s->values[s->count++] = value;
}

static void watch(connection *c, int operation, int writing) {
  struct epoll_event event = { .events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c };
  epoll_ctl(poller, operation, c->fd, &event);
  c->writing = writing;
}

static int dial(connection *c) {
  int on = 1;
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (c->fd >= 0) setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&server, sizeof server)) {
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    return -1;
  }
  watch(c, EPOLL_CTL_ADD, 0);
  return 0;
}

static void hang_up(connection *c) {
  close(c->fd);
  c->fd = -1;
  reconnects++;
}

static void lose(connection *c, const char *why) {
  if (!first_error[0]) snprintf(first_error, sizeof first_error, "%s", why);
  errors++;
  if (c->busy) { c->busy = 0; under_way--; }
  if (c->fd >= 0) hang_up(c);
}

static void push(connection *c) {
  while (c->sent < request_length) {
    ssize_t n = send(c->fd, request + c->sent, request_length - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
      if (!c->writing) watch(c, EPOLL_CTL_MOD, 1);
      return;
    }
    if (n <= 0) { lose(c, "the request could not be sent"); return; }
    c->sent += (size_t)n;
  }
  if (c->writing) watch(c, EPOLL_CTL_MOD, 0);
}

static void start(connection *c, long long began) {
  issued++;
  if (c->fd < 0 && dial(c)) { lose(c, "cannot connect"); return; }
  c->busy = 1;
  c->sent = 0;
  c->began = began;
  answer_begin(&c->answer);
  under_way++;
  push(c);
}

static void finish(connection *c, long long now) {
  answer *a = &c->answer;
  add(&latencies, (double)(now - c->began) / 1000.0);
  done++;
  under_way--;
  c->busy = 0;
  if (a->status < 200 || a->status > 299) {
    refused++;
    if (!first_error[0]) snprintf(first_error, sizeof first_error, "HTTP %d %s", a->status, a->refusal_length ? a->refusal : "");
  } else if (options.streaming && !answer_ended_with_done(a)) {
    unfinished++;
    if (!first_error[0]) snprintf(first_error, sizeof first_error, "a stream ended without [DONE]");
  }
  if (a->closes || c->sent < request_length) hang_up(c);
}

static void receive(connection *c) {
  static char buffer[262144];
  ssize_t n = recv(c->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    if (!c->busy) hang_up(c);                           /* an idle connection may close */
    else if (n == 0 && answer_close(&c->answer)) finish(c, now_us());
    else lose(c, "the connection closed before the answer was whole");
    return;
  }
  if (!c->busy) { lose(c, "bytes that nobody asked for"); return; }
  bytes_in += n;
  long before = c->answer.events;
  ssize_t used = answer_feed(&c->answer, buffer, (size_t)n);
  long long now = now_us();
  events += c->answer.events - before;
  if (options.streaming && !before && c->answer.events) add(&first_events, (double)(now - c->began) / 1000.0);
  if (used < 0) { lose(c, "the answer is no HTTP/1.1"); return; }
  if (c->answer.state == COMPLETE) {
    finish(c, now);
    if (used < n) lose(c, "bytes after the answer");
  }
}

static int may_issue(long long now) { return now < end && (!options.limit || issued < options.limit); }

static long long due(void) { return begin + (long long)((double)issued * 1e6 / options.rate); }

static void issue_all(long long now) {
  for (int i = 0; i < options.connections && may_issue(now); i++)
    if (!connections[i].busy) start(&connections[i], now_us());
}

static void issue_scheduled(long long now) {
  for (int i = 0; may_issue(now) && due() <= now; ) {
    while (i < options.connections && connections[i].busy) i++;
    if (i == options.connections) { late++; return; }
    start(&connections[i], due());
  }
}

/* How long epoll may wait, in microseconds: until the next scheduled request, at most 100 ms. */
static long long patience(long long now) {
  if (options.rate <= 0 || !may_issue(now)) return 100000;
  long long wait = due() - now_us();
  if (wait <= 0) return under_way >= options.connections ? 1000 : 0;
  return wait < 100000 ? wait : 100000;
}

static void run(void) {
  static struct epoll_event ready[BATCH];
  begin = now_us();
  end = begin + (long long)(options.seconds * 1e6);
  for (;;) {
    long long now = now_us();
    if (options.rate > 0) issue_scheduled(now); else issue_all(now);
    if (!may_issue(now) && !under_way) return;
    if (now > end + GRACE_US) {
      if (!first_error[0]) snprintf(first_error, sizeof first_error, "no answer within %d s", GRACE_US / 1000000);
      errors += under_way;
      return;
    }
    struct timespec wait = { 0, patience(now) * 1000 };
    int n = epoll_pwait2(poller, ready, BATCH, &wait, NULL);
    for (int i = 0; i < n; i++) {
      connection *c = ready[i].data.ptr;
      if (c->fd >= 0 && (ready[i].events & EPOLLOUT) && c->busy) push(c);
      if (c->fd >= 0 && (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) receive(c);
      if (!c->busy && options.rate <= 0 && may_issue(now_us())) start(c, now_us());
    }
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double percentile(const series *s, double q) {
  return s->count ? s->values[(size_t)(q * (double)(s->count - 1) + .5)] : 0;
}

static double own_cpu(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void report(void) {
  double seconds = (double)(now_us() - begin) / 1e6;
  if (latencies.count) qsort(latencies.values, latencies.count, sizeof(double), ascending);
  if (first_events.count) qsort(first_events.values, first_events.count, sizeof(double), ascending);
  printf("{\"requests\": %ld, \"errors\": %ld, \"refused\": %ld, \"unfinished\": %ld, \"seconds\": %.4f, \"rps\": %.1f, ",
         done, errors, refused, unfinished, seconds, (double)done / seconds);
  printf("\"p50_ms\": %.3f, \"p90_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, ",
         percentile(&latencies, .5), percentile(&latencies, .9), percentile(&latencies, .99), percentile(&latencies, 1));
  printf("\"events\": %ld, \"first_event_p50_ms\": %.3f, \"first_event_p99_ms\": %.3f, ",
         events, percentile(&first_events, .5), percentile(&first_events, .99));
  printf("\"bytes_in\": %lld, \"reconnects\": %ld, \"late\": %ld, \"load_cpu_seconds\": %.3f, \"first_error\": \"%s\"}\n",
         bytes_in, reconnects, late, own_cpu(), first_error);
}

static int read_options(int argc, char **argv) {
  int option;
  while ((option = getopt(argc, argv, "c:d:n:r:sm:k:f:p:")) != -1) switch (option) {
    case 'c': options.connections = atoi(optarg); break;
    case 'd': options.seconds = atof(optarg); break;
    case 'n': options.limit = atol(optarg); break;
    case 'r': options.rate = atof(optarg); break;
    case 's': options.streaming = 1; break;
    case 'm': options.request.model = optarg; break;
    case 'k': options.request.key = optarg; break;
    case 'f': options.request.body_file = optarg; break;
    case 'p': options.request.path = optarg; break;
    default: return -1;
  }
  if (optind != argc - 1 || options.connections < 1) return -1;
  options.request.port = atoi(argv[optind]);
  options.request.streaming = options.streaming;
  return options.request.port > 0 && options.request.port < 65536 ? 0 : -1;
}

int main(int argc, char **argv) {
  if (read_options(argc, argv)) {
    fprintf(stderr, "usage: loadgen [-c CONNECTIONS] [-d SECONDS] [-n REQUESTS] [-r RATE] [-s] [-m MODEL] [-k KEY] "
                    "[-f BODY_FILE] [-p PATH] PORT\n");
    return 2;
  }
  request = load_request(&options.request, &request_length);
  if (!request) { perror("loadgen: request body"); return 2; }
  server.sin_family = AF_INET;
  server.sin_port = htons((uint16_t)options.request.port);
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  poller = epoll_create1(0);
  connections = calloc((size_t)options.connections, sizeof *connections);
  if (!connections) abort();
  for (int i = 0; i < options.connections; i++)
    if (dial(&connections[i])) { perror("loadgen: cannot connect"); return 1; }
  run();
  report();
  return 0;
}
