/* load_request - the one request that loadgen sends again and again, as bytes; knows no sockets. */
#ifndef LOAD_REQUEST_H
#define LOAD_REQUEST_H
#include <stddef.h>

typedef struct {
  const char *model, *key, *path;
  const char *body_file;      /* NULL: a body of about 230 bytes; "@MODEL@" and "@STREAM@" in the file are replaced */
  int port, streaming;
} request_options;

/* The whole request, to be freed by the caller; its length in *length. NULL if the body file cannot be read. */
char *load_request(const request_options *o, size_t *length);
#endif
