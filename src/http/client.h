/* client.h: a small blocking HTTP/1.1 client over one kept-alive connection: for `zdravo import
 * --server URL` and for tests. Plain http only; https is refused by name. One thread at a time.
 *
 *   zd_http_client *c;
 *   if (!zd_http_client_open("http://127.0.0.1:8080/fhir", 30000, &c, &fault)) {
 *     zd_http_answer a;
 *     if (!zd_http_client_request(c, "GET", "/Patient/1", NULL, 0, ZD_S(""), &a, &fault)) …
 *     zd_http_client_close(c);
 *   }
 */
#ifndef ZD_HTTP_CLIENT_H
#define ZD_HTTP_CLIENT_H

#include "http/http.h"

typedef struct zd_http_client zd_http_client;

/* Lives until the client's next request or close. */
typedef struct zd_http_answer {
  int status;
  const zd_http_header *headers;
  size_t header_count;
  zd_slice body; /* content codings not undone */
} zd_http_answer;

/* Takes "http://host[:port][/base]"; does not connect yet. timeout_ms bounds connecting and each
 * wait for the other side. ZD_ERR_UNSUPPORTED for https, ZD_ERR_INVALID for what is no such URL. */
zd_err zd_http_client_open(const char *url, unsigned timeout_ms, zd_http_client **out,
                           zd_fault *fault);
void zd_http_client_close(zd_http_client *c);

/* Sends and waits for the whole answer. `path` begins with "/" and follows the base of the URL.
 * Host and Content-Length are added; a body of length 0 is sent for POST, PUT and PATCH only. A
 * connection that the server closed meanwhile is opened anew; what is not idempotent is never sent
 * twice. ZD_OK whatever the status; ZD_ERR_LIMIT on timeout or an answer over 1 GiB, ZD_ERR_INVALID
 * when the answer is no HTTP, ZD_ERR_IO else. */
zd_err zd_http_client_request(zd_http_client *c, const char *method, const char *path,
                              const zd_http_header *headers, size_t header_count, zd_slice body,
                              zd_http_answer *answer, zd_fault *fault);

/* First header of that name, compared without case; absent when there is none. */
zd_slice zd_http_answer_header(const zd_http_answer *answer, const char *name);

#endif
