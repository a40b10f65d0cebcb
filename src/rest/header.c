#include "rest/header.h"

#include <stdio.h>

/* Prefer: return=..., handling=... (RFC 7240). Preferences that are not known are to be ignored,
 * says RFC 7240 section 2. */
static void take_prefer(zd_slice list, zd_interaction *in) {
  zd_slice item, part;
  while (zd_list_next(&list, ',', &item)) {
    while (zd_list_next(&item, ';', &part)) {
      if (zd_word_is(part, "return=minimal")) in->prefer = ZD_RETURN_MINIMAL;
      if (zd_word_is(part, "return=representation")) in->prefer = ZD_RETURN_REPRESENTATION;
      if (zd_word_is(part, "return=OperationOutcome")) in->prefer = ZD_RETURN_OUTCOME;
      if (zd_word_is(part, "handling=lenient")) in->lenient = true;
      if (zd_word_is(part, "handling=strict")) in->lenient = false;
    }
  }
}

/* Accept-Language: Russian wanted more than English. */
static bool prefers_russian(zd_slice accept) {
  zd_slice item, range;
  int russian = 0, english = 0;
  while (zd_list_next(&accept, ',', &item)) {
    if (!zd_list_next(&item, ';', &range)) continue;
    int weight = zd_list_weight(item);
    range.n = zd_slice_find(range, '-');
    if (zd_word_is(range, "ru") && weight > russian) russian = weight;
    if (zd_word_is(range, "en") && weight > english) english = weight;
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

/* A format that is not ours is told of where the query is read. */
static bool names_format(zd_slice query) {
  zd_slice part;
  while (zd_list_next(&query, '&', &part))
    if (zd_slice_starts(part, ZD_S("_format="))) return true;
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
  if (zd_format_accepted(accept) != ZD_FORMAT_NONE || names_format(request->query)) return true;
  if (in->type == c->rest->binary && (in->kind == ZD_READ || in->kind == ZD_VREAD))
    return true; /* it may be of that very type: binary.h */
  zd_answer_fail(c, a, 406, ZD_ISSUE_NOT_SUPPORTED, ZD_S("http.Accept"),
                 "\"%.*s\" is not offered; offered: application/fhir+json, application/fhir+xml",
                 ZD_SV(accept));
  return false;
}

void zd_header_format(const zd_http_exchange *x, zd_interaction *in) {
  zd_format asked = zd_format_asked(zd_http_request_of(x)->query);
  if (asked == ZD_FORMAT_NONE) asked = zd_format_accepted(zd_http_header_get(x, "Accept"));
  in->xml = asked == ZD_FORMAT_XML;
}

static bool is_form(zd_slice type) {
  zd_slice media;
  return zd_list_next(&type, ';', &media) &&
         zd_word_is(media, "application/x-www-form-urlencoded") && zd_media_parameters_fit(type);
}

/* Only what can be applied is taken; what FHIR knows besides is refused by name. */
static zd_format patch_type(zd_call *c, zd_http_exchange *x, zd_format format, zd_slice type,
                            zd_answer *a) {
  if (format == ZD_FORMAT_JSON_PATCH || format == ZD_FORMAT_XML_PATCH) return format;
  zd_http_header_add(x, "Accept-Patch",
                     ZD_S("application/json-patch+json, application/xml-patch+xml"));
  zd_answer_fail(c, a, 415, ZD_ISSUE_NOT_SUPPORTED, ZD_S("http.Content-Type"),
                 "a patch of type \"%.*s\" is not taken; application/json-patch+json and"
                 " application/xml-patch+xml in UTF-8 are (FHIRPath Patch is not offered)",
                 ZD_SV(type));
  return ZD_FORMAT_NONE;
}

/* A Binary's own content: any type but those of resources (http.html#binary). */
static bool is_content(const zd_call *c, const zd_interaction *in, zd_slice type) {
  zd_slice media;
  if (in->type != c->rest->binary || (in->kind != ZD_CREATE && in->kind != ZD_UPDATE)) return false;
  if (!zd_list_next(&type, ';', &media) || zd_slice_find(media, '/') == media.n) return false;
  zd_format format = zd_format_of(media);
  return format != ZD_FORMAT_JSON && format != ZD_FORMAT_XML;
}

zd_format zd_header_body_type(zd_call *c, zd_http_exchange *x, const zd_interaction *in,
                              zd_answer *a) {
  zd_slice type = zd_http_header_get(x, "Content-Type");
  bool form = in->kind == ZD_SEARCH;
  if (form && !type.p && !zd_http_request_of(x)->body.n && !zd_http_request_of(x)->body_streamed)
    return ZD_FORMAT_JSON; /* POST _search with all parameters in the address */
  if (form && is_form(type)) return ZD_FORMAT_JSON;
  zd_format format = form ? ZD_FORMAT_NONE : zd_format_of_body(type);
  if (is_content(c, in, type)) return ZD_FORMAT_CONTENT;
  if (in->kind == ZD_PATCH) return patch_type(c, x, format, type, a);
  if (format == ZD_FORMAT_JSON || format == ZD_FORMAT_XML) return format;
  zd_answer_fail(
      c, a, 415, ZD_ISSUE_NOT_SUPPORTED, ZD_S("http.Content-Type"),
      "a body of type \"%.*s\" is not taken here; %s in UTF-8 is", ZD_SV(type),
      form ? "application/x-www-form-urlencoded" : "application/fhir+json or application/fhir+xml");
  return ZD_FORMAT_NONE;
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
