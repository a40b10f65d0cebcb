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

/* Parameters of a media type: false for "q=0" (not acceptable, RFC 9110 12.4.2) and for another
 * FHIR version than ours (http.html#version-parameter). */
static bool parameters_fit(zd_slice list) {
  zd_slice part;
  while (next_item(&list, ';', &part)) {
    if (part.n >= 2 && strncasecmp(part.p, "q=", 2) == 0) {
      bool zero = part.n > 2;
      for (size_t i = 2; i < part.n; i++) zero = zero && (part.p[i] == '0' || part.p[i] == '.');
      if (zero) return false;
    }
    if (part.n > 12 && strncasecmp(part.p, "fhirVersion=", 12) == 0) {
      zd_slice version = zd_slice_from(part, 12);
      if (version.n > 2 && version.p[0] == '"') version = (zd_slice){version.p + 1, version.n - 2};
      if (!word_is(version, "4.0") && !word_is(version, "4.0.1")) return false;
    }
  }
  return true;
}

/* Accept: JSON must be among what the client takes. Browsers send text/html with a wildcard. */
static bool accepts_json(zd_slice accept) {
  zd_slice item, media;
  if (!trim(accept).n) return true;
  while (next_item(&accept, ',', &item))
    if (next_item(&item, ';', &media) && media_fits(media) && parameters_fit(item)) return true;
  return false;
}

/* Weight of a language range, in thousandths (RFC 9110 12.4.2). */
static int weight_of(zd_slice parameters) {
  zd_slice part;
  while (next_item(&parameters, ';', &part)) {
    if (part.n < 3 || strncasecmp(part.p, "q=", 2) != 0) continue;
    int weight = part.p[2] == '1' ? 1000 : 0, digit = 100;
    for (size_t i = 4; i < part.n && digit && part.p[i] >= '0' && part.p[i] <= '9'; i++) {
      weight += digit * (part.p[i] - '0');
      digit /= 10;
    }
    return weight;
  }
  return 1000;
}

/* Accept-Language: Russian wanted more than English. */
static bool prefers_russian(zd_slice accept) {
  zd_slice item, range;
  int russian = 0, english = 0;
  while (next_item(&accept, ',', &item)) {
    if (!next_item(&item, ';', &range)) continue;
    int weight = weight_of(item);
    range.n = zd_slice_find(range, '-');
    if (word_is(range, "ru") && weight > russian) russian = weight;
    if (word_is(range, "en") && weight > english) english = weight;
  }
  return russian > english;
}

/* Conditions that the interaction cannot heed are refused, for a client that sends one counts on
 * it. Those of reads are heeded, those of searches and histories mean nothing (RFC 9110 13.2.1). */
static bool conditions_fit(zd_call *c, const zd_interaction *in, zd_answer *a) {
  const char *where = NULL, *why = NULL;
  if (in->if_none_exist.p && in->kind != ZD_CREATE)
    where = "http.If-None-Exist", why = "If-None-Exist goes with a create (POST) only";
  if (in->kind == ZD_CREATE && (in->if_match.p || in->if_none_match.p))
    where = "http.If-Match", why = "a create has no version to match; use If-None-Exist";
  if (in->kind == ZD_CREATE && in->if_none_exist.p && !in->if_none_exist.n)
    where = "http.If-None-Exist", why = "If-None-Exist holds no condition";
  if (!why) return true;
  zd_answer_fail(c, a, 400, ZD_ISSUE_VALUE, zd_slice_of(where), "%s", why);
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
  in->russian = prefers_russian(zd_http_header_get(x, "Accept-Language"));
  in->if_match = zd_http_header_get(x, "If-Match");
  in->if_none_match = zd_http_header_get(x, "If-None-Match");
  in->if_none_exist = zd_http_header_get(x, "If-None-Exist");
  if (zd_slice_starts(in->if_none_exist, ZD_S("?")))
    in->if_none_exist = zd_slice_from(in->if_none_exist, 1);
  zd_slice since = zd_http_header_get(x, "If-Modified-Since");
  in->if_modified_since = since.p ? zd_header_date(since) : 0;
  if (!conditions_fit(c, in, a)) return false;
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
  if (form && !type.p && !zd_http_request_of(x)->body.n && !zd_http_request_of(x)->body_streamed)
    return true; /* POST _search with all parameters in the address */
  bool fits = form ? word_is(media, "application/x-www-form-urlencoded")
                   : media_fits(media) && zd_slice_find(media, '*') == media.n;
  fits = fits && parameters_fit(list);
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
  /* NOLINTNEXTLINE(cert-err34-c): the widths keep numbers small, the checks below the ranges */
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
