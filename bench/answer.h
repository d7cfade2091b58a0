/* answer - reads one HTTP/1.1 answer from any split of its bytes; knows no sockets and no clock.
 *
 * Counts the SSE "data:" events of the body and remembers how the body ended.
 */
#ifndef ANSWER_H
#define ANSWER_H
#include <stddef.h>
#include <sys/types.h>

enum answer_state {
  IN_HEAD, IN_LENGTH, IN_CHUNK_SIZE, IN_CHUNK, AFTER_CHUNK, IN_TRAILERS, UNTIL_CLOSE, COMPLETE
};

typedef struct {
  enum answer_state state;
  int status;
  int closes;                 /* the server will not keep the connection */
  long long left;             /* bytes of the body or chunk still to come */
  long events;                /* lines that begin with "data:" */
  int matched;                /* bytes of "\ndata:" seen so far */
  char head[16384]; size_t head_length;
  char line[64]; size_t line_length;       /* a chunk's size line, or a trailer's beginning */
  char tail[16]; size_t tail_length;       /* the last bytes of the body */
  char refusal[240]; size_t refusal_length; /* how the body of a status other than 2xx begins, printable */
} answer;

/* Forget the last answer and wait for a status line. */
void answer_begin(answer *a);

/* Read up to n bytes; returns how many were used (fewer when the answer is complete), -1 if they are no HTTP/1.1. */
ssize_t answer_feed(answer *a, const char *bytes, size_t n);

/* The server closed: returns 1 if that completes the answer, 0 if it was cut short. */
int answer_close(answer *a);

/* Whether the body ended with the event "data: [DONE]". */
int answer_ended_with_done(const answer *a);
#endif
