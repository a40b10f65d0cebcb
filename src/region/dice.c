#include "region/dice.h"

/* Quantiles of the standard normal in thousandths at i / 256; the ends at 0.0005 and 0.9995. */
static const int16_t QUANTILE[257] = {
    -3291, -2660, -2418, -2266, -2154, -2064, -1987, -1921, -1863, -1810, -1762, -1717, -1676,
    -1637, -1601, -1567, -1534, -1503, -1473, -1445, -1418, -1392, -1366, -1342, -1318, -1295,
    -1273, -1251, -1230, -1209, -1189, -1170, -1150, -1132, -1113, -1095, -1078, -1060, -1043,
    -1026, -1010, -994,  -978,  -962,  -947,  -932,  -917,  -902,  -887,  -873,  -858,  -844,
    -831,  -817,  -803,  -790,  -776,  -763,  -750,  -737,  -725,  -712,  -699,  -687,  -674,
    -662,  -650,  -638,  -626,  -614,  -602,  -591,  -579,  -568,  -556,  -545,  -533,  -522,
    -511,  -500,  -489,  -478,  -467,  -456,  -445,  -434,  -424,  -413,  -402,  -392,  -381,
    -371,  -360,  -350,  -339,  -329,  -319,  -308,  -298,  -288,  -278,  -268,  -257,  -247,
    -237,  -227,  -217,  -207,  -197,  -187,  -177,  -167,  -157,  -147,  -138,  -128,  -118,
    -108,  -98,   -88,   -78,   -69,   -59,   -49,   -39,   -29,   -20,   -10,   0,     10,
    20,    29,    39,    49,    59,    69,    78,    88,    98,    108,   118,   128,   138,
    147,   157,   167,   177,   187,   197,   207,   217,   227,   237,   247,   257,   268,
    278,   288,   298,   308,   319,   329,   339,   350,   360,   371,   381,   392,   402,
    413,   424,   434,   445,   456,   467,   478,   489,   500,   511,   522,   533,   545,
    556,   568,   579,   591,   602,   614,   626,   638,   650,   662,   674,   687,   699,
    712,   725,   737,   750,   763,   776,   790,   803,   817,   831,   844,   858,   873,
    887,   902,   917,   932,   947,   962,   978,   994,   1010,  1026,  1043,  1060,  1078,
    1095,  1113,  1132,  1150,  1170,  1189,  1209,  1230,  1251,  1273,  1295,  1318,  1342,
    1366,  1392,  1418,  1445,  1473,  1503,  1534,  1567,  1601,  1637,  1676,  1717,  1762,
    1810,  1863,  1921,  1987,  2064,  2154,  2266,  2418,  2660,  3291};

/* 65536 * 2^(i / 64). */
static const uint32_t POWER[65] = {
    65536,  66250,  66971,  67700,  68438,  69183,  69936,  70698,  71468,  72246,  73032,
    73828,  74632,  75444,  76266,  77096,  77936,  78785,  79642,  80510,  81386,  82273,
    83169,  84074,  84990,  85915,  86851,  87796,  88752,  89719,  90696,  91684,  92682,
    93691,  94711,  95743,  96785,  97839,  98905,  99982,  101070, 102171, 103283, 104408,
    105545, 106694, 107856, 109031, 110218, 111418, 112631, 113858, 115098, 116351, 117618,
    118899, 120194, 121502, 122825, 124163, 125515, 126882, 128263, 129660, 131072};

int32_t zd_dice_quantile(uint32_t bits) {
  uint32_t cell = bits >> 24, part = bits >> 8 & 0xFFFF;
  int32_t low = QUANTILE[cell], high = QUANTILE[cell + 1];
  return low + ((high - low) * (int32_t)part) / 65536;
}

uint64_t zd_dice_exp2(int32_t x) {
  int32_t whole = x >> 16;
  uint32_t part = (uint32_t)x & 0xFFFF, cell = part >> 10, rest = part & 1023;
  uint64_t power = POWER[cell] + (((uint64_t)(POWER[cell + 1] - POWER[cell]) * rest) >> 10);
  return whole >= 0 ? power << whole : power >> -whole;
}

int32_t zd_dice_log2(uint64_t v) {
  int32_t whole = 63 - __builtin_clzll(v);
  uint64_t x = whole >= 31 ? v >> (whole - 31) : v << (31 - whole); /* 1 <= x / 2^31 < 2 */
  int32_t result = whole - 16;
  for (int bit = 0; bit < 16; bit++) { /* squaring doubles the logarithm: read off its bits */
    x = (x * x) >> 31;
    result *= 2;
    if (x >> 32) {
      x >>= 1;
      result++;
    }
  }
  return result;
}

unsigned zd_dice_pick(zd_random *r, const uint16_t *weights, unsigned count) {
  uint32_t total = 0;
  for (unsigned i = 0; i < count; i++) total += weights[i];
  uint32_t at = zd_dice_below(r, total);
  for (unsigned i = 0; i + 1 < count; i++) {
    if (at < weights[i]) return i;
    at -= weights[i];
  }
  return count - 1;
}

unsigned zd_dice_cumulative(zd_random *r, const uint32_t *sums, unsigned count) {
  uint32_t at = zd_dice_below(r, sums[count - 1]);
  unsigned low = 0, high = count - 1;
  while (low < high) {
    unsigned middle = (low + high) / 2;
    if (at < sums[middle])
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

/* Knuth's product of uniforms, in 32-bit fixed point. */
unsigned zd_dice_poisson(zd_random *r, uint32_t mean_milli) {
  if (mean_milli == 0) return 0;
  if (mean_milli > 16000) mean_milli = 16000;
  /* e^-m = 2^(-m * log2 e); 94548 = log2(e) * 65536. 12 more bits keep small chances exact. */
  uint64_t power = (uint64_t)mean_milli * 94548 / 1000;
  uint64_t least = zd_dice_exp2((int32_t)(983040 - power)) << 1; /* 2^15 * 2^16 * 2 = 2^32 */
  uint64_t product = UINT64_C(1) << 32;
  unsigned count = 0;
  for (;;) {
    product = (product * (zd_random_u64(r) >> 32)) >> 32;
    if (product < least || count == 60) return count;
    count++;
  }
}
