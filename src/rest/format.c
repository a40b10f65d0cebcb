#include "rest/format.h"

#include <string.h>
#include <strings.h>

/* ---- lists ---- */

bool zd_word_is(zd_slice s, const char *word) {
  return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static zd_slice trim(zd_slice s) {
  while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s = zd_slice_from(s, 1);
  while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
  return s;
}

bool zd_list_next(zd_slice *list, char separator, zd_slice *item) {
  if (!list->n) return false;
  size_t at = zd_slice_find(*list, separator);
  *item = trim((zd_slice){list->p, at});
  *list = zd_slice_from(*list, at + 1);
  return true;
}

int zd_list_weight(zd_slice parameters) {
  zd_slice part;
  while (zd_list_next(&parameters, ';', &part)) {
    if (part.n < 3 || strncasecmp(part.p, "q=", 2) != 0) continue;
    int weight = part.p[2] == '1' ? 1000 : 0, digit = 100;
    for (size_t i = 4; i < part.n && digit && part.p[i] >= '0' && part.p[i] <= '9'; i++) {
      weight += digit * (part.p[i] - '0');
      digit /= 10;
    }
    return weight > 1000 ? 1000 : weight;
  }
  return 1000;
}

static zd_slice unquoted(zd_slice value) {
  bool quoted = value.n > 2 && value.p[0] == '"';
  return quoted ? (zd_slice){value.p + 1, value.n - 2} : value;
}

bool zd_media_parameters_fit(zd_slice list) {
  zd_slice part;
  while (zd_list_next(&list, ';', &part)) {
    if (part.n > 12 && strncasecmp(part.p, "fhirVersion=", 12) == 0) {
      zd_slice version = unquoted(zd_slice_from(part, 12));
      if (!zd_word_is(version, "4.0") && !zd_word_is(version, "4.0.1")) return false;
    }
    if (part.n > 8 && strncasecmp(part.p, "charset=", 8) == 0) {
      zd_slice charset = unquoted(zd_slice_from(part, 8));
      if (!zd_word_is(charset, "utf-8") && !zd_word_is(charset, "us-ascii")) return false;
    }
  }
  return true;
}

/* ---- formats ---- */

static const struct {
  const char *media;
  zd_format format;
} known[] = {{"application/fhir+json", ZD_FORMAT_JSON},
             {"application/json", ZD_FORMAT_JSON},
             {"text/json", ZD_FORMAT_JSON},
             {"application/json+fhir", ZD_FORMAT_JSON},
             {"application/fhir+xml", ZD_FORMAT_XML},
             {"application/xml", ZD_FORMAT_XML},
             {"text/xml", ZD_FORMAT_XML},
             {"application/xml+fhir", ZD_FORMAT_XML},
             {"application/json-patch+json", ZD_FORMAT_JSON_PATCH},
             {"application/xml-patch+xml", ZD_FORMAT_XML_PATCH}};

zd_format zd_format_of(zd_slice media) {
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (zd_word_is(media, known[i].media)) return known[i].format;
  return ZD_FORMAT_NONE;
}

zd_format zd_format_named(zd_slice v) {
  v.n = zd_slice_find(v, ';');
  if (zd_slice_eq(v, ZD_S("json"))) return ZD_FORMAT_JSON;
  if (zd_slice_eq(v, ZD_S("xml"))) return ZD_FORMAT_XML;
  /* "application/fhir+json" written without encoding the plus arrives with a space */
  if (zd_slice_eq(v, ZD_S("application/fhir json"))) return ZD_FORMAT_JSON;
  if (zd_slice_eq(v, ZD_S("application/fhir xml"))) return ZD_FORMAT_XML;
  zd_format format = zd_format_of(v);
  return format == ZD_FORMAT_JSON || format == ZD_FORMAT_XML ? format : ZD_FORMAT_NONE;
}

/* As it stands: percent-encoding of a format's name is undone for '/' and '+' alone. */
static zd_format plain(zd_slice value) {
  char text[40];
  size_t n = 0;
  for (size_t i = 0; i < value.n && n < sizeof text; i++) {
    char c = value.p[i];
    if (c == '%' && i + 2 < value.n) {
      c = memcmp(value.p + i, "%2", 2) ? '?' : (value.p[i + 2] | 0x20) == 'f' ? '/' : '+';
      i += 2;
    }
    text[n++] = c;
  }
  return zd_format_named((zd_slice){text, n});
}

zd_format zd_format_asked(zd_slice query) {
  zd_slice name = ZD_S("_format="), part;
  zd_format format = ZD_FORMAT_NONE;
  while (zd_list_next(&query, '&', &part))
    if (zd_slice_starts(part, name) && plain(zd_slice_from(part, name.n)) != ZD_FORMAT_NONE)
      format = plain(zd_slice_from(part, name.n));
  return format;
}

/* ---- Accept ---- */

/* What the most specific range that fits a format says of it. */
typedef struct wish {
  int specific, weight; /* 0: none fits */
} wish;

static void wish_for(wish *w, int specific, int weight) {
  if (specific < w->specific || (specific == w->specific && weight <= w->weight)) return;
  *w = (wish){specific, weight};
}

zd_format zd_format_accepted(zd_slice accept) {
  zd_slice item, media;
  wish json = {0, 0}, xml = {0, 0};
  if (!trim(accept).n) return ZD_FORMAT_JSON;
  while (zd_list_next(&accept, ',', &item)) {
    if (!zd_list_next(&item, ';', &media) || !zd_media_parameters_fit(item)) continue;
    zd_format format = zd_format_of(media);
    int weight = zd_list_weight(item);
    bool application = zd_word_is(media, "application/*"), all = zd_word_is(media, "*/*");
    int range = application ? 2 : all ? 1 : 0;
    if (format == ZD_FORMAT_JSON || range) wish_for(&json, range ? range : 3, weight);
    if (format == ZD_FORMAT_XML || range) wish_for(&xml, range ? range : 3, weight);
  }
  if (json.weight == 0 && xml.weight == 0) return ZD_FORMAT_NONE;
  return xml.weight > json.weight ? ZD_FORMAT_XML : ZD_FORMAT_JSON;
}

zd_format zd_format_of_body(zd_slice type) {
  zd_slice media;
  if (!zd_list_next(&type, ';', &media) || !zd_media_parameters_fit(type)) return ZD_FORMAT_NONE;
  return zd_format_of(media);
}
