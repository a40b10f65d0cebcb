#include "rest/period.h"

#include "base/clock.h"

static bool digits(zd_slice s, size_t at, size_t n, int *out) {
  if (at + n > s.n) return false;
  *out = 0;
  for (size_t i = at; i < at + n; i++) {
    if (s.p[i] < '0' || s.p[i] > '9') return false;
    *out = *out * 10 + (s.p[i] - '0');
  }
  return true;
}

/* "Z" or "+03:00" at s[at..]: minutes east of UTC. A '+' in a URL may have become a space. */
static bool zone(zd_slice s, size_t at, int *minutes) {
  int h, m;
  if (s.n == at + 1 && s.p[at] == 'Z') return *minutes = 0, true;
  if (s.n != at + 6 || !digits(s, at + 1, 2, &h) || !digits(s, at + 4, 2, &m)) return false;
  if (s.p[at + 3] != ':' || h > 14 || m > 59) return false;
  if (s.p[at] == '+' || s.p[at] == ' ') return *minutes = h * 60 + m, true;
  if (s.p[at] == '-') return *minutes = -(h * 60 + m), true;
  return false;
}

static int month_days(int y, int m) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
  return m == 2 && leap ? 29 : days[m - 1];
}

bool zd_period_parse(zd_slice s, int64_t *from, int64_t *to) {
  int y, mo = 1, d = 1, h = 0, mi = 0, sec = 0, east = 0;
  const int64_t day = 86400000;
  if (!digits(s, 0, 4, &y) || y < 1) return false;
  bool has_month = s.n >= 7 && s.p[4] == '-' && digits(s, 5, 2, &mo);
  if ((s.n > 4 && !has_month) || mo < 1 || mo > 12) return false;
  bool has_day = s.n >= 10 && s.p[7] == '-' && digits(s, 8, 2, &d);
  if ((s.n > 7 && !has_day) || d < 1 || d > month_days(y, mo)) return false;
  *from = zd_clock_days(y, mo, d) * day;
  if (!has_month) return *to = zd_clock_days(y + 1, 1, 1) * day, true;
  if (!has_day) return *to = zd_clock_days(y + mo / 12, mo % 12 + 1, 1) * day, true;
  *to = *from + day;
  if (s.n == 10) return true;
  if (s.p[10] != 'T' || s.n < 16 || s.p[13] != ':' || !digits(s, 11, 2, &h) ||
      !digits(s, 14, 2, &mi))
    return false;
  size_t at = 16;
  int64_t unit = 60000, ms = 0;
  if (at < s.n && s.p[at] == ':') {
    if (!digits(s, at + 1, 2, &sec)) return false;
    at += 3, unit = 1000;
  }
  if (unit == 1000 && at < s.n && s.p[at] == '.') {
    int64_t scale = 100;
    for (at++, unit = 1; at < s.n && s.p[at] >= '0' && s.p[at] <= '9'; at++, scale /= 10)
      ms += (s.p[at] - '0') * scale;
  }
  if (h > 23 || mi > 59 || sec > 59 || (at < s.n && !zone(s, at, &east))) return false;
  *from += ((h * 60 + mi - east) * 60 + sec) * (int64_t)1000 + ms;
  *to = *from + unit;
  return true;
}

bool zd_period_overlap(zd_slice start, zd_slice end, zd_arena *arena, zd_slice out[2]) {
  char text[24];
  int64_t from, to, first = zd_clock_days(1, 1, 1) * 86400000,
                    last = zd_clock_days(9999, 12, 31) * 86400000;
  out[0] = out[1] = (zd_slice){NULL, 0};
  if (start.p) {
    if (!zd_period_parse(start, &from, &to)) return false;
    zd_clock_format(from > first ? from - 1 : first, text);
    if (from > first) out[0] = zd_arena_printf(arena, "gt%.24s", text);
    if (from > first && !out[0].p) return false;
  }
  if (end.p) {
    if (!zd_period_parse(end, &from, &to)) return false;
    zd_clock_format(to < last ? to : last, text);
    if (to < last) out[1] = zd_arena_printf(arena, "lt%.24s", text);
    if (to < last && !out[1].p) return false;
  }
  return true;
}
