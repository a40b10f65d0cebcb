/* cors.c: what pages of other origins may do (https://fetch.spec.whatwg.org/#http-cors-protocol).
 */
#include "rest/header.h"

/* What a page may send; asked before it does (https://fetch.spec.whatwg.org/#http-cors-protocol).
 */
static void add_preflight(zd_http_exchange *x) {
  bool options = zd_slice_eq(zd_http_request_of(x)->method, ZD_S("OPTIONS"));
  if (!options || !zd_http_header_get(x, "Access-Control-Request-Method").n) return;
  zd_http_header_add(x, "Access-Control-Allow-Methods",
                     ZD_S("GET, HEAD, POST, PUT, PATCH, DELETE"));
  zd_http_header_add(x, "Access-Control-Allow-Headers",
                     ZD_S("Accept, Content-Type, Content-Encoding, Prefer, If-Match, "
                          "If-None-Match, If-Modified-Since, If-None-Exist, X-Request-Id"));
  zd_http_header_add(x, "Access-Control-Max-Age", ZD_S("86400"));
}

void zd_cors_add(const char *origins, zd_http_exchange *x) {
  zd_slice origin = zd_http_header_get(x, "Origin");
  if (!origins) return;
  zd_slice list = zd_slice_of(origins);
  bool fits = false, any = false;
  while (list.n && !fits) {
    size_t space = zd_slice_find(list, ' ');
    zd_slice one = {list.p, space};
    any = zd_slice_eq(one, ZD_S("*"));
    fits = any || (one.n && zd_slice_eq(one, origin));
    list = zd_slice_from(list, space + 1);
  }
  if (!any) zd_http_header_add(x, "Vary", ZD_S("Origin")); /* also when the answer is no */
  if (!fits) return;
  zd_http_header_add(x, "Access-Control-Allow-Origin", any ? ZD_S("*") : origin);
  add_preflight(x);
  zd_http_header_add(x, "Access-Control-Expose-Headers",
                     ZD_S("ETag, Last-Modified, Location, Content-Location, X-Request-Id"));
}
