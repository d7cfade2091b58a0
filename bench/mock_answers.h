/* mock_answers - every answer of the mock upstream, made once as bytes; knows no sockets. */
#ifndef MOCK_ANSWERS_H
#define MOCK_ANSWERS_H
#include <stddef.h>

typedef struct { char *data; size_t length; } bytes;

typedef struct {
  bytes completion, models, overloaded, rate_limited, malformed;
  bytes stream_head;
  bytes *chunks;              /* chunk_count events, then [DONE] with the last chunk, all in chunked framing */
  int chunk_count;
  bytes whole_stream;         /* head and all chunks, for a stream sent in one burst */
} answers;

answers make_answers(int chunk_count);
#endif
