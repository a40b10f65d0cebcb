/* numbers.h: identifiers that pass every official check and belong to nobody.
 *
 * Rules and reserved blocks: СНИЛС with first digit 9 and no digit three times in a row (neither in
 * the nine digits nor across the check digits); ЕНП with region code 00; ИНН and ОГРН with region
 * 00; passport series 00. A number is a function of (seed, owner), and two owners never share one.
 */
#ifndef ZD_REGION_NUMBERS_H
#define ZD_REGION_NUMBERS_H

#include "base/slice.h"

/* Check digits of nine digits: sum of d_i * (10 - i), mod 101, 100 -> 00. */
unsigned zd_snils_check(const char digits[9]);
/* Luhn over n digits (HL7 v2 check-digit scheme M10). */
unsigned zd_luhn_check(const char *digits, size_t n);
/* True when some digit stands three times in a row. */
bool zd_digits_triple(const char *digits, size_t n);

#define ZD_SNILS_OWNERS 4000000u /* owners are 0 .. below this */
/* Eleven digits of owner's number. */
void zd_snils_make(uint64_t seed, uint32_t owner, char out[11]);

/* Sixteen digits: region, birth date and sex, serial 0..99999, check digit. `born` is days since
 * 1970-01-01. */
void zd_enp_make(unsigned region, int32_t born, bool female, uint32_t serial, char out[16]);

/* ИНН of an organisation (10 digits, region 00) and ОГРН (13 digits) of number 0..9999. */
void zd_inn_make(uint32_t number, char out[10]);
void zd_ogrn_make(uint32_t number, unsigned year, char out[13]);

#endif
