#include "rest/header.h"

#include <stdio.h>
#include <strings.h>

static bool word_is(zd_slice s, const char *word) {
  return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static zd_slice trim(zd_slice s) {
  while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s = zd_slice_from(s, 1);
  while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
  return s;
}

/* Cuts the next item off a list. */
static bool next_item(zd_slice *list, char separator, zd_slice *item) {
  if (!list->n) return false;
  size_t at = zd_slice_find(*list, separator);
  *item = trim((zd_slice){list->p, at});
  *list = zd_slice_from(*list, at + 1);
  return true;
}

/* Prefer: return=..., handling=... (RFC 7240). Preferences that are not known are to be ignored,
 * says RFC 7240 section 2. */
static void take_prefer(zd_slice list, zd_interaction *in) {
  zd_slice item, part;
  while (next_item(&list, ',', &item)) {
    while (next_item(&item, ';', &part)) {
      if (word_is(part, "return=minimal")) in->prefer = ZD_RETURN_MINIMAL;
      if (word_is(part, "return=representation")) in->prefer = ZD_RETURN_REPRESENTATION;
      if (word_is(part, "return=OperationOutcome")) in->prefer = ZD_RETURN_OUTCOME;
      if (word_is(part, "handling=lenient")) in->lenient = true;
      if (word_is(part, "handling=strict")) in->lenient = false;
    }
  }
}

static bool media_fits(zd_slice media) {
  static const char *const known[] = {
      "*/*",       "application/*",        "application/fhir+json", "application/json",
      "text/json", "application/json+fhir"};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (word_is(media, known[i])) return true;
  return false;
}

/* Accept: JSON must be among what the client takes. Browsers send text/html with a wildcard. */
static bool accepts_json(zd_slice accept) {
  zd_slice item, media;
  if (!trim(accept).n) return true;
  while (next_item(&accept, ',', &item))
    if (next_item(&item, ';', &media) && media_fits(media)) return true;
  return false;
}

static bool names_format(zd_slice query) {
  for (size_t i = 0; i + 8 <= query.n; i++)
    if ((i == 0 || query.p[i - 1] == '&') && memcmp(query.p + i, "_format=", 8) == 0) return true;
  return false;
}

bool zd_header_take(zd_call *c, const zd_http_exchange *x, zd_interaction *in, zd_answer *a) {
  const zd_http_request *request = zd_http_request_of(x);
  take_prefer(zd_http_header_get(x, "Prefer"), in);
  in->if_match = zd_http_header_get(x, "If-Match");
  in->if_none_match = zd_http_header_get(x, "If-None-Match");
  in->if_none_exist = zd_http_header_get(x, "If-None-Exist");
  if (zd_slice_starts(in->if_none_exist, ZD_S("?")))
    in->if_none_exist = zd_slice_from(in->if_none_exist, 1);
  zd_slice since = zd_http_header_get(x, "If-Modified-Since");
  in->if_modified_since = since.p ? zd_header_date(since) : 0;
  zd_slice accept = zd_http_header_get(x, "Accept");
  if (accepts_json(accept) || names_format(request->query))
    return true; /* _format wins over Accept */
  zd_answer_fail(c, a, 406, ZD_ISSUE_NOT_SUPPORTED, ZD_S("http.Accept"),
                 "\"%.*s\" is not offered; offered: application/fhir+json", ZD_SV(accept));
  return false;
}

bool zd_header_body_type(zd_call *c, const zd_http_exchange *x, const zd_interaction *in,
                         zd_answer *a) {
  zd_slice type = zd_http_header_get(x, "Content-Type"), media;
  zd_slice list = type, charset;
  if (!next_item(&list, ';', &media)) media = (zd_slice){NULL, 0};
  bool form = in->kind == ZD_SEARCH;
  bool fits = form ? word_is(media, "application/x-www-form-urlencoded")
                   : media_fits(media) && zd_slice_find(media, '*') == media.n;
  while (fits && next_item(&list, ';', &charset))
    if (charset.n > 8 && strncasecmp(charset.p, "charset=", 8) == 0) {
      zd_slice value = zd_slice_from(charset, 8);
      if (value.n > 2 && value.p[0] == '"') value = (zd_slice){value.p + 1, value.n - 2};
      fits = word_is(value, "utf-8") || word_is(value, "us-ascii");
    }
  if (fits) return true;
  zd_answer_fail(c, a, 415, ZD_ISSUE_NOT_SUPPORTED, ZD_S("http.Content-Type"),
                 "a body of type \"%.*s\" is not taken here; %s in UTF-8 is", ZD_SV(type),
                 form ? "application/x-www-form-urlencoded" : "application/fhir+json");
  return false;
}

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

int64_t zd_header_date(zd_slice text) {
  char copy[40], month[4] = "";
  int day, year, h, m, s;
  if (text.n < 29 || text.n >= sizeof copy) return 0;
  memcpy(copy, text.p, text.n);
  copy[text.n] = 0;
  if (sscanf(copy + 3, ", %2d %3s %4d %2d:%2d:%2d GMT", &day, month, &year, &h, &m, &s) != 6)
    return 0;
  const char *hit = strlen(month) == 3 ? strstr(months, month) : NULL;
  if (!hit || (hit - months) % 3 || day < 1 || day > 31 || year < 1970 || h > 23 || m > 59 ||
      s > 60 || h < 0 || m < 0 || s < 0)
    return 0;
  int64_t days = zd_clock_days(year, (int)(hit - months) / 3 + 1, day);
  return (((days * 24 + h) * 60 + m) * 60 + s) * 1000;
}

void zd_header_write_date(int64_t ms, char text[29]) {
  static const char weekdays[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
  int64_t seconds = ms / 1000, days = seconds / 86400;
  int year, month, day, rest = (int)(seconds % 86400);
  zd_clock_date(days, &year, &month, &day);
  char whole[40];
  snprintf(whole, sizeof whole, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", weekdays + days % 7 * 3,
           day % 100, months + (month - 1) * 3, year % 10000, rest / 3600, rest / 60 % 60,
           rest % 60);
  memcpy(text, whole, 29);
}
