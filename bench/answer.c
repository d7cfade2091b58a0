/* answer - see answer.h. */
#define _GNU_SOURCE
#include "answer.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void answer_begin(answer *a) {
  a->state = IN_HEAD;
  a->status = a->closes = 0;
  a->left = 0;
  a->events = 0;
  a->matched = 1;             /* a body's first line needs no newline before it */
  a->head_length = a->line_length = a->tail_length = a->refusal_length = 0;
}

static void remember_tail(answer *a, const char *bytes, size_t n) {
  size_t room = sizeof a->tail;
  if (n >= room) {
    memcpy(a->tail, bytes + n - room, room);
    a->tail_length = room;
    return;
  }
  size_t keep = a->tail_length < room - n ? a->tail_length : room - n;
  memmove(a->tail, a->tail + a->tail_length - keep, keep);
  memcpy(a->tail + keep, bytes, n);
  a->tail_length = keep + n;
}

static void remember_refusal(answer *a, const char *bytes, size_t n) {
  for (size_t i = 0; i < n && a->refusal_length < sizeof a->refusal - 1; i++) {
    char c = bytes[i];
    a->refusal[a->refusal_length++] = (c < 32 || c > 126 || c == '"' || c == '\\') ? ' ' : c;
  }
  a->refusal[a->refusal_length] = 0;
}

static void read_body(answer *a, const char *bytes, size_t n) {
  static const char mark[] = "\ndata:";
  if (!n) return;
  if (a->status < 200 || a->status > 299) remember_refusal(a, bytes, n);
  remember_tail(a, bytes, n);
  const char *end = bytes + n;
  for (const char *p = bytes; p < end; p++) {
    if (a->matched == 0) {                        /* skip to the next line at the speed of memchr */
      p = memchr(p, '\n', (size_t)(end - p));
      if (!p) return;
    }
    if (*p == mark[a->matched]) {
      if (++a->matched == sizeof mark - 1) { a->events++; a->matched = 0; }
    } else a->matched = *p == '\n' ? 1 : 0;
  }
}

/* The value of a header line if it has this name (lower case, with colon), else NULL. */
static const char *header(const char *line, const char *name) {
  size_t n = strlen(name);
  if (strncasecmp(line, name, n)) return NULL;
  line += n;
  while (*line == ' ' || *line == '\t') line++;
  return line;
}

/* The head is whole and ends with its last line's CRLF. Sets the state of the body; -1 if it makes no sense. */
static int read_head(answer *a) {
  if (strncmp(a->head, "HTTP/1.", 7) || !isdigit((unsigned char)a->head[9])) return -1;
  a->status = atoi(a->head + 9);
  if (a->status >= 100 && a->status < 200) {      /* an interim answer: the real one follows */
    a->head_length = 0;
    return a->status == 101 ? -1 : 0;
  }
  long long length = -1;
  int chunked = 0;
  a->closes = a->head[7] == '0';
  char *line = strstr(a->head, "\r\n") + 2;
  while (*line) {
    char *end = strstr(line, "\r\n");
    const char *value;
    *end = 0;
    if ((value = header(line, "content-length:"))) length = isdigit((unsigned char)*value) ? atoll(value) : -2;
    else if ((value = header(line, "transfer-encoding:"))) chunked = strcasestr(value, "chunked") != NULL;
    else if ((value = header(line, "connection:"))) a->closes = strcasestr(value, "close") != NULL;
    line = end + 2;
  }
  if (length == -2 || (chunked && length >= 0)) return -1;
  if (a->status == 204 || a->status == 304 || length == 0) a->state = COMPLETE;
  else if (chunked) a->state = IN_CHUNK_SIZE;
  else if (length > 0) { a->state = IN_LENGTH; a->left = length; }
  else { a->state = UNTIL_CLOSE; a->closes = 1; }
  return 0;
}

static ssize_t feed_head(answer *a, const char *bytes, size_t n) {
  size_t before = a->head_length, room = sizeof a->head - 1 - before;
  size_t take = n < room ? n : room;
  if (!take) return -1;
  memcpy(a->head + before, bytes, take);
  a->head_length += take;
  a->head[a->head_length] = 0;
  size_t from = before > 3 ? before - 3 : 0;
  char *blank = memmem(a->head + from, a->head_length - from, "\r\n\r\n", 4);
  if (!blank) return (ssize_t)take;
  blank[2] = 0;
  size_t used = (size_t)(blank - a->head) + 4 - before;
  return read_head(a) ? -1 : (ssize_t)used;
}

static ssize_t feed_counted(answer *a, const char *bytes, size_t n) {
  size_t take = (long long)n < a->left ? n : (size_t)a->left;
  read_body(a, bytes, take);
  a->left -= (long long)take;
  if (!a->left) {
    if (a->state == IN_LENGTH) a->state = COMPLETE;
    else { a->state = AFTER_CHUNK; a->left = 2; }
  }
  return (ssize_t)take;
}

/* A size line, the CRLF after a chunk, the trailers: one byte at a time, they are few. */
static ssize_t feed_framing(answer *a, char byte) {
  if (a->state == AFTER_CHUNK) {
    if (byte != (a->left == 2 ? '\r' : '\n')) return -1;
    if (!--a->left) { a->state = IN_CHUNK_SIZE; a->line_length = 0; }
    return 1;
  }
  if (byte != '\n') {
    if (a->line_length < sizeof a->line - 1) a->line[a->line_length++] = byte;
    return 1;
  }
  a->line[a->line_length] = 0;
  int empty = a->line_length == 0 || a->line[0] == '\r';
  a->line_length = 0;
  if (a->state == IN_TRAILERS) {
    if (empty) a->state = COMPLETE;
    return 1;
  }
  if (!isxdigit((unsigned char)a->line[0])) return -1;
  a->left = strtoll(a->line, NULL, 16);
  if (a->left < 0) return -1;
  a->state = a->left ? IN_CHUNK : IN_TRAILERS;
  return 1;
}

ssize_t answer_feed(answer *a, const char *bytes, size_t n) {
  size_t used = 0;
  while (used < n && a->state != COMPLETE) {
    ssize_t took;
    switch (a->state) {
      case IN_HEAD: took = feed_head(a, bytes + used, n - used); break;
      case IN_LENGTH: case IN_CHUNK: took = feed_counted(a, bytes + used, n - used); break;
      case UNTIL_CLOSE: read_body(a, bytes + used, n - used); took = (ssize_t)(n - used); break;
      default: took = feed_framing(a, bytes[used]);
    }
    if (took < 0) return -1;
    used += (size_t)took;
  }
  return (ssize_t)used;
}

int answer_close(answer *a) {
  if (a->state == UNTIL_CLOSE) a->state = COMPLETE;
  return a->state == COMPLETE;
}

int answer_ended_with_done(const answer *a) {
  static const char mark[] = "data: [DONE]";
  size_t n = a->tail_length;
  while (n && (a->tail[n - 1] == '\n' || a->tail[n - 1] == '\r')) n--;
  return n >= sizeof mark - 1 && !memcmp(a->tail + n - (sizeof mark - 1), mark, sizeof mark - 1);
}
