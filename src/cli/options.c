#include <errno.h>
#include <stdlib.h>

#include "cli/command.h"

static const zd_option *find(const zd_command *c, zd_slice name) {
  for (size_t i = 0; i < c->option_count; i++)
    if (zd_slice_eq(zd_slice_of(c->options[i].name), name)) return &c->options[i];
  return NULL;
}

static bool complain(const zd_command *c, const char *what, const char *detail) {
  fprintf(stderr, "zdravo %s: %s%s\nTry 'zdravo %s --help'.\n", c->name, what, detail, c->name);
  return false;
}

static bool take_number(const zd_command *c, const zd_option *o, const char *text, uint64_t *out) {
  char *end;
  errno = 0;
  unsigned long long v = strtoull(text, &end, 10);
  if (*text >= '0' && *text <= '9' && !*end && !errno && v >= o->least && v <= o->most) {
    *out = v;
    return true;
  }
  fprintf(stderr, "zdravo %s: --%s takes a whole number from %llu to %llu, not \"%s\"\n", c->name,
          o->name, (unsigned long long)o->least, (unsigned long long)o->most, text);
  return false;
}

static bool take_value(const zd_command *c, const zd_option *o, const char *text,
                       zd_arguments *out) {
  void *at = (char *)out + o->at;
  if (o->kind == ZD_OPTION_NUMBER) return take_number(c, o, text, at);
  if (!*text) return complain(c, "empty value of --", o->name);
  if (o->kind == ZD_OPTION_LIST) {
    zd_option_list *list = at;
    if (list->n == ZD_OPTION_LIST_MAX) return complain(c, "given too often: --", o->name);
    list->items[list->n++] = zd_slice_of(text);
    return true;
  }
  memcpy(at, &text, sizeof text);
  return true;
}

/* One argument that begins with "--"; *i moves on when the value is the next one. */
static bool take_option(const zd_command *c, int argc, char **argv, int *i, zd_arguments *out) {
  const char *text = argv[*i] + 2;
  const char *equals = strchr(text, '=');
  zd_slice name = {text, equals ? (size_t)(equals - text) : strlen(text)};
  if (zd_slice_eq(name, ZD_S("help"))) return out->help = true;
  const zd_option *o = find(c, name);
  if (!o) return complain(c, "unknown option ", argv[*i]);
  if (o->kind == ZD_OPTION_FLAG) {
    if (equals) return complain(c, "takes no value: --", o->name);
    *(bool *)((char *)out + o->at) = true;
    return true;
  }
  if (equals) return take_value(c, o, equals + 1, out);
  if (*i + 1 >= argc) return complain(c, "value missing after ", argv[*i]);
  return take_value(c, o, argv[++*i], out);
}

bool zd_options_parse(const zd_command *c, int argc, char **argv, const char **storage,
                      zd_arguments *out) {
  bool options_ended = false;
  out->rest = storage;
  for (int i = 0; i < argc; i++) {
    if (!options_ended && strcmp(argv[i], "--") == 0) {
      options_ended = true;
    } else if (!options_ended && strcmp(argv[i], "-h") == 0) {
      out->help = true;
    } else if (!options_ended && argv[i][0] == '-' && argv[i][1]) {
      if (argv[i][1] != '-') return complain(c, "unknown option ", argv[i]);
      if (!take_option(c, argc, argv, &i, out)) return false;
    } else {
      storage[out->rest_count++] = argv[i];
    }
  }
  return true;
}

void zd_options_help(const zd_command *c, FILE *out) {
  fprintf(out, "zdravo %s %s\n\n%s\n", c->name, c->usage, c->summary);
  if (c->option_count) fprintf(out, "\n");
  for (size_t i = 0; i < c->option_count; i++) {
    const zd_option *o = &c->options[i];
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    fprintf(out, "  %-24s %s\n", left, o->help);
  }
}
