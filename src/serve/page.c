/* page.c: the start page: files of web/, put into the program when it is built. */
#include "serve/serve_internal.h"

#define ZD_FILE(name)                \
  extern const char zd_web_##name[]; \
  extern const char zd_web_##name##_end[]
ZD_FILE(index_html);
ZD_FILE(start_js);
ZD_FILE(start_css);

/* Nothing from elsewhere, nothing inline; the page talks to its own server only. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' "
    "data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

bool zd_serve_page(zd_http_exchange *x, zd_slice path) {
  const struct {
    const char *path, *type, *from, *to;
  } files[] = {
      {"/", "text/html; charset=utf-8", zd_web_index_html, zd_web_index_html_end},
      {"/start.js", "text/javascript; charset=utf-8", zd_web_start_js, zd_web_start_js_end},
      {"/start.css", "text/css; charset=utf-8", zd_web_start_css, zd_web_start_css_end}};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    if (!zd_slice_eq(path, zd_slice_of(files[i].path))) continue;
    zd_http_header_add(x, "Content-Security-Policy", zd_slice_of(policy));
    zd_http_header_add(x, "X-Content-Type-Options", ZD_S("nosniff"));
    zd_http_header_add(x, "Referrer-Policy", ZD_S("no-referrer"));
    zd_serve_text(x, 200, files[i].type,
                  (zd_slice){files[i].from, (size_t)(files[i].to - files[i].from)});
    return true;
  }
  return false;
}
