#include "store/embedded/index/key.h"

enum { UUID_TEXT = 36, UUID_BYTES = 16, PACKED = 0x01, ESCAPED = 0x02 };

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

static bool dash_at(size_t i) {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

static bool pack_uuid(zd_slice id, char *out) {
  if (id.n != UUID_TEXT) return false;
  size_t digits = 0;
  for (size_t i = 0; i < UUID_TEXT; i++) {
    if (dash_at(i)) {
      if (id.p[i] != '-') return false;
      continue;
    }
    int value = hex_value(id.p[i]);
    if (value < 0) return false;
    if (digits % 2 == 0)
      out[digits / 2] = (char)(value << 4);
    else
      out[digits / 2] = (char)((unsigned char)out[digits / 2] | value);
    digits++;
  }
  return true;
}

zd_slice zd_key_id(zd_slice id, char room[ZD_ID_KEY_MAX]) {
  if (pack_uuid(id, room + 1)) {
    room[0] = PACKED;
    return zd_slice_make(room, 1 + UUID_BYTES);
  }
  if (id.n == 0 || id.n > ZD_ID_MAX || (unsigned char)id.p[0] >= 0x20) return id;
  room[0] = ESCAPED;
  memcpy(room + 1, id.p, id.n);
  return zd_slice_make(room, 1 + id.n);
}

static void unpack_uuid(const char *bytes, char *text) {
  static const char digits[] = "0123456789abcdef";
  size_t nibble = 0;
  for (size_t i = 0; i < UUID_TEXT; i++) {
    if (dash_at(i)) {
      text[i] = '-';
      continue;
    }
    unsigned char byte = (unsigned char)bytes[nibble / 2];
    text[i] = digits[nibble % 2 ? byte & 15 : byte >> 4];
    nibble++;
  }
}

bool zd_key_id_text(zd_slice bytes, char id[ZD_ID_MAX], size_t *n) {
  if (bytes.n == 0) return false;
  if (bytes.p[0] == PACKED) {
    if (bytes.n != 1 + UUID_BYTES) return false;
    unpack_uuid(bytes.p + 1, id);
    *n = UUID_TEXT;
    return true;
  }
  zd_slice text = bytes.p[0] == ESCAPED ? zd_slice_from(bytes, 1) : bytes;
  if (text.n == 0 || text.n > ZD_ID_MAX) return false;
  memcpy(id, text.p, text.n);
  *n = text.n;
  return true;
}
