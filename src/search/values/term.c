/* term.c: facts as index terms. Terms compare bytewise, and equal terms mean equal facts.
 *
 *   token       <code> 00 <system>        no code: 00 <system>, one per system of the resource
 *   reference   01 <type symbol> <id>     a resource of this server
 *               02 <url>                  anything else; a canonical without its version
 *               03 <url|version>          a canonical with its version
 *   uri         <uri>
 *   string      <folded text, cut at 256 bytes>
 *   unit        01 <code> 00 <system>     of a quantity
 *               02 <unit as written>      where it differs from the code
 *               00                        quantities of the resource need a look at the resource
 *
 * In a parameter's second field (ZD_MORE_), behind their tags:
 *
 *   P, L                                  nothing more
 *   E <folded text> 00 <system>           a string that its folded form does not tell, written like
 *                                         a token with the text itself as a system without symbol
 *   T <folded text, cut at 256 bytes>     texts of a token
 *   I <token>                             identifier of a reference
 *
 *   <system>, <type symbol>: LEB128; a system is 0 (none), symbol + 2, or 1 and the text itself
 *   when the symbol table is full. In <code>, byte 00 stands as 01 01 and 01 as 01 02. A text over
 *   LONG bytes is its first LONG bytes, 01 03, and the SHA-256 of the whole.
 */
#include "base/hash.h"
#include "search/internal.h"

enum { LONG = 200, SYSTEM_NONE = 0, SYSTEM_TEXT = 1, SYSTEM_FIRST = 2 };
enum { DIGEST = 34, PART_MAX = LONG + DIGEST, VARINT_MAX = 5 };

static char *put_varint(char *at, uint32_t v) {
  for (; v >= 0x80; v >>= 7) *at++ = (char)(v | 0x80);
  *at++ = (char)v;
  return at;
}

static char *put_digest(char *at, zd_slice whole) {
  unsigned char digest[32];
  zd_sha256(whole.p, whole.n, digest);
  *at++ = 1;
  *at++ = 3;
  memcpy(at, digest, sizeof digest);
  return at + sizeof digest;
}

/* At most PART_MAX bytes, none of them 00 (but in a digest's tail, which has a fixed length). */
static char *put_escaped(char *at, zd_slice text) {
  const char *room_end = at + LONG - 1; /* an escape takes two bytes */
  size_t i = 0;
  for (; i < text.n && at < room_end; i++) {
    if ((unsigned char)text.p[i] > 1) {
      *at++ = text.p[i];
    } else {
      *at++ = 1;
      *at++ = (char)(text.p[i] + 1);
    }
  }
  return i < text.n ? put_digest(at, text) : at;
}

/* At most LONG + DIGEST bytes. */
static char *put_text(char *at, zd_slice text) {
  size_t n = text.n > LONG ? LONG : text.n;
  if (n) memcpy(at, text.p, n);
  at += n;
  return text.n > LONG ? put_digest(at, text) : at;
}

static char *put_system(char *at, uint32_t symbol, zd_slice system) {
  if (!system.p) {
    *at++ = SYSTEM_NONE;
  } else if (symbol == ZD_NO_SYMBOL) {
    *at++ = SYSTEM_TEXT;
    /* Shorter than LONG, so that code and system fit a term together. */
    if (system.n > LONG / 4) return put_digest(at, system);
    at = put_escaped(at, system);
  } else {
    at = put_varint(at, symbol + SYSTEM_FIRST);
  }
  return at;
}

_Static_assert(1 + PART_MAX + 1 + 1 + LONG / 2 <= ZD_TERM_MAX, "tag, code, 00, mark and system");

static zd_slice finish(char *start, const char *end) {
  return (zd_slice){start, (size_t)(end - start)};
}

uint32_t zd_term_system(const zd_search *s, zd_slice system, bool create, zd_arena *arena) {
  if (!system.p) return 0;
  char room[256], *name = room;
  if (system.n > sizeof room - 2) name = zd_arena_alloc(arena, system.n + 2);
  if (!name) return ZD_NO_SYMBOL;
  memcpy(name, "s:", 2);
  if (system.n) memcpy(name + 2, system.p, system.n);
  return zd_store_symbol(s->store, (zd_slice){name, system.n + 2}, create);
}

static zd_slice token(int tag, zd_slice code, bool with_system, uint32_t symbol, zd_slice system,
                      zd_arena *arena) {
  size_t code_room = code.n > LONG / 2 ? PART_MAX : 2 * code.n;
  char *p = zd_arena_alloc(arena, 2 + code_room + VARINT_MAX + LONG / 2 + 1), *at = p;
  if (!p) return (zd_slice){NULL, 0};
  if (tag >= 0) *at++ = (char)tag;
  at = put_escaped(at, code);
  *at++ = 0;
  if (with_system) at = put_system(at, symbol, system);
  return finish(p, at);
}

zd_slice zd_term_token(zd_slice code, uint32_t symbol, zd_slice system, zd_arena *arena) {
  return token(-1, code, true, symbol, system, arena);
}

zd_slice zd_term_token_any(zd_slice code, zd_arena *arena) {
  return token(-1, code, false, 0, (zd_slice){NULL, 0}, arena);
}

zd_slice zd_term_more(uint8_t tag, zd_slice code, uint32_t symbol, zd_slice system,
                      zd_arena *arena) {
  return token(tag, code, true, symbol, system, arena);
}

zd_slice zd_term_more_any(uint8_t tag, zd_slice code, zd_arena *arena) {
  return token(tag, code, false, 0, (zd_slice){NULL, 0}, arena);
}

zd_slice zd_term_unit(zd_slice code, uint32_t symbol, zd_slice system, zd_arena *arena) {
  return token(ZD_UNIT_CODE, code, true, symbol, system, arena);
}

zd_slice zd_term_unit_any(zd_slice code, zd_arena *arena) {
  return token(ZD_UNIT_CODE, code, false, 0, (zd_slice){NULL, 0}, arena);
}

zd_slice zd_term_local(const zd_search *s, zd_type type, zd_slice id, zd_arena *arena) {
  char *p = zd_arena_alloc(arena, ZD_NAME_MAX);
  return p ? finish(p, p + zd_name_write(p, s->types[type].symbol, id)) : (zd_slice){NULL, 0};
}

zd_slice zd_term_tagged(uint8_t tag, zd_slice text, zd_arena *arena) {
  char *p = zd_arena_alloc(arena, 1 + (text.n > LONG ? LONG + DIGEST : text.n)), *at = p;
  if (!p) return (zd_slice){NULL, 0};
  *at++ = (char)tag;
  return finish(p, put_text(at, text));
}

zd_slice zd_term_uri(zd_slice uri, zd_arena *arena) {
  if (uri.n <= LONG) return uri;
  char *p = zd_arena_alloc(arena, LONG + DIGEST);
  return p ? finish(p, put_text(p, uri)) : (zd_slice){NULL, 0};
}
