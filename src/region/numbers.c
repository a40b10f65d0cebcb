#include "region/numbers.h"

#include "base/clock.h"
#include "region/dice.h"

/* Strings of n digits after a given one, without a digit three times in a row, first digit fixed:
 * t(n) = 9 (t(n-1) + t(n-2)). WAYS[k][r] counts the ways to append k digits when the last digit
 * stands r + 1 times at the end. */
static const uint32_t WAYS[9][2] = {
    {1, 1},         {10, 9},          {99, 90},           {981, 891},          {9720, 8829},
    {96309, 87480}, {954261, 866781}, {9455130, 8588349}, {93684519, 85096170}};

unsigned zd_snils_check(const char digits[9]) {
  unsigned sum = 0;
  for (unsigned i = 0; i < 9; i++) sum += (unsigned)(digits[i] - '0') * (9 - i);
  return sum % 101 % 100;
}

unsigned zd_luhn_check(const char *digits, size_t n) {
  unsigned sum = 0;
  for (size_t i = 0; i < n; i++) {
    unsigned d = (unsigned)(digits[n - 1 - i] - '0');
    if (i % 2 == 0) d = d * 2 > 9 ? d * 2 - 9 : d * 2;
    sum += d;
  }
  return (10 - sum % 10) % 10;
}

bool zd_digits_triple(const char *digits, size_t n) {
  for (size_t i = 2; i < n; i++)
    if (digits[i] == digits[i - 1] && digits[i] == digits[i - 2]) return true;
  return false;
}

static void put_digits(char *out, uint64_t v, unsigned width) {
  for (unsigned i = width; i > 0; i--, v /= 10) out[i - 1] = (char)('0' + v % 10);
}

/* The rank-th of the 93,684,519 numbers of the block, in ascending order. */
static void snils_unrank(uint32_t rank, char out[11]) {
  out[0] = '9';
  unsigned run = 0; /* last digit stands run + 1 times */
  for (unsigned i = 1; i < 9; i++) {
    for (char d = '0';; d++) {
      bool same = d == out[i - 1];
      if (same && run == 1) continue;
      uint32_t ways = WAYS[8 - i][same ? run + 1 : 0];
      if (rank < ways) {
        out[i] = d;
        run = same ? run + 1 : 0;
        break;
      }
      rank -= ways;
    }
  }
  put_digits(out + 9, zd_snils_check(out), 2);
}

void zd_snils_make(uint64_t seed, uint32_t owner, char out[11]) {
  /* Twenty ranks belong to every owner, scattered by a step that is prime to the block's size
   * (93,684,519 = 3^8 * 109 * 131). The first whose check digits make no triple either is taken;
   * about one in fifty does, so that running out of twenty does not happen. */
  const uint32_t block = WAYS[8][0], step = 57885161;
  uint64_t shift = zd_mix(seed, ZD_DICE_PERSON) % block;
  for (uint32_t k = 0; k < 20; k++) {
    uint64_t place = (uint64_t)owner * 20 + k;
    snils_unrank((uint32_t)((place * step + shift) % block), out);
    if (!zd_digits_triple(out, 11)) return;
  }
}

void zd_enp_make(unsigned region, int32_t born, bool female, uint32_t serial, char out[16]) {
  int year, month, day;
  zd_clock_date(born, &year, &month, &day);
  int century = year <= 1950 ? 20 : year <= 2000 ? 40 : 0;
  put_digits(out, region, 2);
  put_digits(out + 2, (uint64_t)(99 - (month + century)), 2);
  unsigned rest = (unsigned)(9999 - year);
  for (unsigned i = 0; i < 4; i++, rest /= 10) out[4 + i] = (char)('0' + rest % 10);
  put_digits(out + 8, (uint64_t)(99 - (day + (female ? 0 : 50))), 2);
  put_digits(out + 10, serial, 5);
  out[15] = (char)('0' + zd_luhn_check(out, 15));
}

void zd_inn_make(uint32_t number, char out[10]) {
  static const unsigned char weight[9] = {2, 4, 10, 3, 5, 9, 4, 6, 8};
  put_digits(out, number, 9);
  unsigned sum = 0;
  for (unsigned i = 0; i < 9; i++) sum += weight[i] * (unsigned)(out[i] - '0');
  out[9] = (char)('0' + sum % 11 % 10);
}

void zd_ogrn_make(uint32_t number, unsigned year, char out[13]) {
  /* sign 1 (main number of a legal person), year, region 00, registrar 00, record number */
  uint64_t first = 100000000000u + (uint64_t)(year % 100) * 1000000000u + number;
  put_digits(out, first, 12);
  out[12] = (char)('0' + first % 11 % 10);
}
