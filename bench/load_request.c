/* load_request - see load_request.h. */
#define _GNU_SOURCE
#include "load_request.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  char *text = size < 0 ? NULL : calloc(1, (size_t)size + 1);
  if (text && fread(text, 1, (size_t)size, file) != (size_t)size) { free(text); text = NULL; }
  fclose(file);
  return text;
}

/* Text with every mark replaced by value. */
static char *replace(const char *text, const char *mark, const char *value) {
  char *out = NULL;
  size_t size = 0;
  FILE *to = open_memstream(&out, &size);
  if (!to) return NULL;
  for (const char *at; (at = strstr(text, mark)); text = at + strlen(mark))
    fprintf(to, "%.*s%s", (int)(at - text), text, value);
  fputs(text, to);
  fclose(to);
  return out;
}

static char *body_from_file(const request_options *o) {
  char *template = read_file(o->body_file);
  if (!template) return NULL;
  char *named = replace(template, "@MODEL@", o->model);
  char *body = named ? replace(named, "@STREAM@", o->streaming ? "true" : "false") : NULL;
  free(template);
  free(named);
  return body;
}

static char *short_body(const request_options *o) {
  char *body;
  int n = asprintf(&body,
      "{\"model\":\"%s\",\"messages\":[{\"role\":\"system\",\"content\":\"You are a helpful assistant.\"},"
      "{\"role\":\"user\",\"content\":\"Say something about foxes and lazy dogs, please.\"}],"
      "\"temperature\":0.7,\"max_tokens\":128%s}", o->model, o->streaming ? ",\"stream\":true" : "");
  return n < 0 ? NULL : body;
}

char *load_request(const request_options *o, size_t *length) {
  char *body = o->body_file ? body_from_file(o) : short_body(o), *request;
  if (!body) return NULL;
  int n = asprintf(&request,
      "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
      "Accept: */*\r\nUser-Agent: loadgen\r\nContent-Length: %zu\r\n\r\n%s", o->path, o->port, o->key, strlen(body), body);
  free(body);
  if (n < 0) return NULL;
  *length = (size_t)n;
  return request;
}
