#include "region/pen.h"

#include "base/clock.h"

void zd_pen_date(zd_buffer *b, int32_t day) {
  int year, month, date;
  zd_clock_date(day, &year, &month, &date);
  char text[10] = {(char)('0' + year / 1000),
                   (char)('0' + year / 100 % 10),
                   (char)('0' + year / 10 % 10),
                   (char)('0' + year % 10),
                   '-',
                   (char)('0' + month / 10),
                   (char)('0' + month % 10),
                   '-',
                   (char)('0' + date / 10),
                   (char)('0' + date % 10)};
  zd_pen(b, text, sizeof text);
}

void zd_pen_time(zd_buffer *b, int32_t day, unsigned minute) {
  zd_pen_date(b, day + (int32_t)(minute / 1440));
  minute %= 1440;
  char text[6] = {'T', (char)('0' + minute / 600),     (char)('0' + minute / 60 % 10),
                  ':', (char)('0' + minute % 60 / 10), (char)('0' + minute % 10)};
  zd_pen(b, text, sizeof text);
  ZD_PEN(b, ":00+03:00");
}
