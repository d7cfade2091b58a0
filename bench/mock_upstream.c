/* mock_upstream - the cheapest OpenAI-compatible upstream: what is measured is the gateway before it.
 *
 *   mock_upstream PORT [CHUNKS=60] [INTERVAL_US=5000]
 *
 * One thread, epoll, HTTP/1.1 keep-alive, loopback only.
 *   POST with "stream":true in the body   an SSE stream of CHUNKS events INTERVAL_US apart, then [DONE];
 *                                         INTERVAL_US 0 sends it whole in one write
 *   POST otherwise                        a static chat.completion of about 630 bytes
 *   GET                                   a list of one model
 * The words "mock-fail" and "mock-429" in a body are answered with 503 and 429. Does not know "Expect".
 */
#define _GNU_SOURCE
#include "mock_answers.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FD = 65536, MAX_REQUEST = 64 << 20, BATCH = 256 };

typedef struct connection {
  int fd;                     /* -1: closed, and waiting to leave the queue */
  int queued;                 /* its stream waits for the next chunk */
  int closing;                /* malformed request: close after the answer */
  int chunk;                  /* the next chunk to send */
  long long due;              /* monotonic microseconds */
  struct connection *next;
  char *in; size_t in_length, in_capacity;
  char *out; size_t out_length, out_sent, out_capacity;
} connection;

typedef struct { size_t head, length; long long content; int chunked; } framing;

static connection *connections[MAX_FD];
static connection *queue_head, *queue_tail;   /* the interval is constant, so first in is first due */
static int poller;
static long interval_us = 5000;
static answers prepared;
static volatile sig_atomic_t stopping;

static void on_signal(int number) { (void)number; stopping = 1; }

static long long now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void *grown(void *memory, size_t size) {
  memory = realloc(memory, size);
  if (!memory) abort();
  return memory;
}

static void watch(connection *c, int operation, unsigned events) {
  struct epoll_event event = { .events = events, .data.fd = c->fd };
  epoll_ctl(poller, operation, c->fd, &event);
}

static void drop(connection *c) {
  if (c->fd >= 0) {
    connections[c->fd] = NULL;
    close(c->fd);
    c->fd = -1;
  }
  if (c->queued) return;
  free(c->in);
  free(c->out);
  free(c);
}

static void enqueue(connection *c, long long due) {
  c->due = due;
  c->queued = 1;
  c->next = NULL;
  if (queue_tail) queue_tail->next = c; else queue_head = c;
  queue_tail = c;
}

/* Sends what waits; 0 when some must wait longer or nothing is left, -1 when the connection is dead. */
static int flush(connection *c) {
  while (c->out_sent < c->out_length) {
    ssize_t n = send(c->fd, c->out + c->out_sent, c->out_length - c->out_sent, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    c->out_sent += (size_t)n;
  }
  c->out_length = c->out_sent = 0;
  watch(c, EPOLL_CTL_MOD, EPOLLIN);
  return 0;
}

static int put(connection *c, bytes b) {
  if (!c->out_length) {
    ssize_t n = send(c->fd, b.data, b.length, MSG_NOSIGNAL);
    if (n == (ssize_t)b.length) return 0;
    if (n < 0 && errno != EAGAIN) return -1;
    if (n > 0) { b.data += n; b.length -= (size_t)n; }
    watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
  }
  if (c->out_length + b.length > c->out_capacity) {
    c->out_capacity = (c->out_length + b.length) * 2;
    c->out = grown(c->out, c->out_capacity);
  }
  memcpy(c->out + c->out_length, b.data, b.length);
  c->out_length += b.length;
  return 0;
}

static int has(const char *text, size_t n, const char *word) { return memmem(text, n, word, strlen(word)) != NULL; }

static int reply(connection *c, const char *body, size_t n) {
  if (!strncmp(c->in, "GET ", 4)) return put(c, prepared.models);
  if (has(body, n, "\"mock-fail\"")) return put(c, prepared.overloaded);
  if (has(body, n, "\"mock-429\"")) return put(c, prepared.rate_limited);
  if (!has(body, n, "\"stream\":true") && !has(body, n, "\"stream\": true")) return put(c, prepared.completion);
  if (!interval_us) return put(c, prepared.whole_stream);
  if (put(c, prepared.stream_head) || put(c, prepared.chunks[0])) return -1;
  c->chunk = 1;
  enqueue(c, now_us() + interval_us);
  return 0;
}

/* Copies the pieces of a chunked body together. 1: whole, its end in f->length; 0: more must come; -1: malformed. */
static int unchunk(const connection *c, framing *f, char **body, size_t *n) {
  static char *buffer;
  static size_t capacity;
  size_t at = f->head;
  if (capacity < c->in_length) buffer = grown(buffer, capacity = c->in_length * 2);
  for (*body = buffer, *n = 0; ; ) {
    char *line = c->in + at, *stop, *end = memmem(line, c->in_length - at, "\r\n", 2);
    if (!end) return 0;
    unsigned long size = strtoul(line, &stop, 16);
    if (stop == line || *line == '-' || size > MAX_REQUEST) return -1;
    at = (size_t)(end - c->in) + 2;
    if (at + size + 2 > c->in_length) return 0;
    if (memcmp(c->in + at + size, "\r\n", 2)) return -1;
    memcpy(buffer + *n, c->in + at, size);
    *n += size;
    at += size + 2;
    if (!size) break;                                   /* trailers are not understood */
  }
  f->length = at;
  return 1;
}

/* How the request at the front is framed. 1: its head is whole; 0: more must come; -1: malformed. */
static int read_head(const connection *c, framing *f) {
  char *end = memmem(c->in, c->in_length, "\r\n\r\n", 4);
  if (!end) return c->in_length > 65536 ? -1 : 0;
  *f = (framing){ .head = (size_t)(end - c->in) + 4 };
  for (char *line = c->in; line < end; line = (char *)memmem(line, (size_t)(end + 2 - line), "\r\n", 2) + 2) {
    if (!strncasecmp(line, "content-length:", 15)) f->content = atoll(line + 15);
    else if (!strncasecmp(line, "transfer-encoding:", 18)) f->chunked = 1;
  }
  return f->content < 0 || f->content > MAX_REQUEST ? -1 : 1;
}

/* 1: one request was answered; 0: nothing to do now; -1: close the connection. */
static int serve_one(connection *c) {
  framing f;
  if (c->queued || c->closing || !c->in_length) return 0;
  int state = read_head(c, &f);
  char *body = NULL;
  size_t n = 0;
  if (state == 1 && f.chunked) state = unchunk(c, &f, &body, &n);
  else if (state == 1) {
    body = c->in + f.head;
    n = (size_t)f.content;
    f.length = f.head + n;
    if (c->in_length < f.length) return 0;
  }
  if (state == 0) return 0;
  if (state < 0) { put(c, prepared.malformed); c->closing = 1; return c->out_length ? 0 : -1; }
  if (reply(c, body, n)) return -1;
  memmove(c->in, c->in + f.length, c->in_length - f.length);
  c->in_length -= f.length;
  c->in[c->in_length] = 0;
  return 1;
}

static int serve(connection *c) {
  int state;
  while ((state = serve_one(c)) == 1) ;
  return state;
}

static int readable(connection *c) {
  for (;;) {
    if (c->in_capacity - c->in_length < 16384) {
      c->in_capacity = c->in_capacity ? c->in_capacity * 2 : 32768;
      c->in = grown(c->in, c->in_capacity);
    }
    size_t room = c->in_capacity - c->in_length - 1;
    ssize_t n = recv(c->fd, c->in + c->in_length, room, 0);
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0 || c->in_length + (size_t)n > 2 * (size_t)MAX_REQUEST) return -1;
    c->in_length += (size_t)n;
    c->in[c->in_length] = 0;
    if ((size_t)n < room) break;
  }
  return serve(c);
}

static void accept_all(int listener) {
  int fd, on = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    if (fd >= MAX_FD) { close(fd); continue; }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection *c = grown(NULL, sizeof *c);
    *c = (connection){ .fd = fd };
    connections[fd] = c;
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
  }
}

static void handle(connection *c, unsigned events) {
  int bad = 0;
  if (events & EPOLLOUT) {
    bad = flush(c);
    if (!bad && c->closing && !c->out_length) bad = -1;
  }
  if (!bad && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) bad = readable(c);
  if (bad) drop(c);
}

/* The first connection of the queue gets its next chunk, and after the last one [DONE]. */
static void advance(void) {
  connection *c = queue_head;
  queue_head = c->next;
  if (!queue_head) queue_tail = NULL;
  c->queued = 0;
  int bad = c->fd < 0;
  if (!bad && c->chunk < prepared.chunk_count) bad = put(c, prepared.chunks[c->chunk++]);
  if (!bad && c->chunk < prepared.chunk_count) { enqueue(c, c->due + interval_us); return; }
  if (!bad) bad = put(c, prepared.chunks[prepared.chunk_count]);
  if (!bad) bad = serve(c);
  if (bad) drop(c);
}

static int listen_on(int port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return -1;
  return listener;
}

static void run(int listener) {
  struct epoll_event ready[BATCH], event = { .events = EPOLLIN, .data.fd = listener };
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  while (!stopping) {
    struct timespec wait, *limit = NULL;
    if (queue_head) {
      long long left = queue_head->due - now_us();
      if (left < 0) left = 0;
      wait = (struct timespec){ left / 1000000, (left % 1000000) * 1000 };
      limit = &wait;
    }
    int n = epoll_pwait2(poller, ready, BATCH, limit, NULL);
    for (int i = 0; i < n; i++) {
      int fd = ready[i].data.fd;
      if (fd == listener) accept_all(listener);
      else if (connections[fd]) handle(connections[fd], ready[i].events);
    }
    for (long long now = queue_head ? now_us() : 0; queue_head && queue_head->due <= now; ) advance();
  }
}

int main(int argc, char **argv) {
  int chunks = argc > 2 ? atoi(argv[2]) : 60;
  if (argc > 3) interval_us = atol(argv[3]);
  if (argc < 2 || argc > 4 || chunks < 2 || interval_us < 0) {
    fprintf(stderr, "usage: mock_upstream PORT [CHUNKS=60] [INTERVAL_US=5000]\n");
    return 2;
  }
  prepared = make_answers(chunks);
  struct sigaction stop = { .sa_handler = on_signal };
  sigaction(SIGTERM, &stop, NULL);
  sigaction(SIGINT, &stop, NULL);
  poller = epoll_create1(0);
  int listener = listen_on(atoi(argv[1]));
  if (listener < 0) { perror("mock_upstream: cannot listen"); return 1; }
  run(listener);
  return 0;
}
