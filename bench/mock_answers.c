/* mock_answers - see mock_answers.h. */
#define _GNU_SOURCE
#include "mock_answers.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 1, 2))) static bytes format(const char *pattern, ...) {
  bytes made;
  va_list arguments;
  va_start(arguments, pattern);
  int n = vasprintf(&made.data, pattern, arguments);
  va_end(arguments);
  if (n < 0) abort();
  made.length = (size_t)n;
  return made;
}

static bytes answer(const char *status, const char *body) {
  return format("HTTP/1.1 %s\r\ncontent-type: application/json\r\nx-request-id: req-mock\r\ncontent-length: %zu\r\n\r\n%s",
                status, strlen(body), body);
}

static const char completion_body[] =
    "{\"id\":\"chatcmpl-mock0123456789abcdef\",\"object\":\"chat.completion\",\"created\":1735689600,"
    "\"model\":\"mock-model\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
    "\"The quick brown fox jumps over the lazy dog while the gateway counts tokens. "
    "The quick brown fox jumps over the lazy dog while the gateway counts tokens. "
    "The quick brown fox jumps over the lazy dog wh\","
    "\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":42,"
    "\"completion_tokens\":60,\"total_tokens\":102,\"prompt_tokens_details\":{\"cached_tokens\":0},"
    "\"completion_tokens_details\":{\"reasoning_tokens\":0}},\"system_fingerprint\":\"fp_mock\"}";

static const char models_body[] =
    "{\"object\":\"list\",\"data\":[{\"id\":\"mock-model\",\"object\":\"model\",\"created\":1735689600,\"owned_by\":\"mock\"}]}";

/* One event of about 240 bytes: the first has the role, the last the finish reason and the usage. */
static bytes event(int index, int count) {
  static const char start[] =
      "data: {\"id\":\"chatcmpl-mock0123456789abcdef\",\"object\":\"chat.completion.chunk\",\"created\":1735689600,"
      "\"model\":\"mock-model\",\"system_fingerprint\":\"fp_mock\",\"choices\":[{\"index\":0,\"delta\":";
  if (index == count - 1)
    return format("%s{},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":42,"
                  "\"completion_tokens\":%d,\"total_tokens\":%d}}\n\n", start, count, 42 + count);
  if (index == 0)
    return format("%s{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n", start);
  return format("%s{\"content\":\" word%02d\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n", start, index);
}

static bytes chunk(bytes content, const char *after) {
  bytes framed = format("%zx\r\n%s\r\n%s", content.length, content.data, after);
  free(content.data);
  return framed;
}

static bytes join(bytes first, const bytes *rest, int count) {
  bytes all = { NULL, 0 };
  FILE *to = open_memstream(&all.data, &all.length);
  if (!to) abort();
  fwrite(first.data, 1, first.length, to);
  for (int i = 0; i < count; i++) fwrite(rest[i].data, 1, rest[i].length, to);
  fclose(to);
  return all;
}

answers make_answers(int chunk_count) {
  answers a = { .chunk_count = chunk_count };
  a.completion = answer("200 OK", completion_body);
  a.models = answer("200 OK", models_body);
  a.overloaded = answer("503 Service Unavailable", "{\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}");
  a.rate_limited = answer("429 Too Many Requests", "{\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit\"}}");
  a.malformed = answer("400 Bad Request", "{\"error\":{\"message\":\"not understood\",\"type\":\"invalid_request_error\"}}");
  a.stream_head = format("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
                         "transfer-encoding: chunked\r\n\r\n");
  a.chunks = calloc((size_t)chunk_count + 1, sizeof *a.chunks);
  if (!a.chunks) abort();
  for (int i = 0; i < chunk_count; i++) a.chunks[i] = chunk(event(i, chunk_count), "");
  a.chunks[chunk_count] = chunk(format("data: [DONE]\n\n"), "0\r\n\r\n");
  a.whole_stream = join(a.stream_head, a.chunks, chunk_count + 1);
  return a;
}
