/* The frame's own magic, size, dictionary number and checksum are left out: the record has them. */
#define ZSTD_STATIC_LINKING_ONLY /* for the frame format without magic */
#include "store/embedded/codec.h"

#include <pthread.h>
#include <stdlib.h>
#include <zstd.h>

enum { LEVEL = 3, PACKERS_KEPT = 8 };

struct zd_packer {
  zd_packer *next;
  ZSTD_CCtx *context;
  bool patient;
};

struct zd_unpacker {
  ZSTD_DCtx *context;
};

struct zd_codec {
  zd_dictionaries *dictionaries;
  zd_training *training; /* NULL: read-only */
  pthread_mutex_t lock;  /* guards the pool */
  zd_packer *pool;
  unsigned pooled;
};

zd_err zd_codec_open(const zd_file_system *fs, const char *dir, bool read_only,
                     const zd_logger *logger, zd_codec **out, zd_fault *fault) {
  zd_codec *c = calloc(1, sizeof *c);
  if (!c) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for the codec");
  pthread_mutex_init(&c->lock, NULL);
  zd_err err = zd_dictionaries_open(fs, dir, read_only, &c->dictionaries, fault);
  if (!err && !read_only) {
    c->training = zd_training_open(c->dictionaries, logger);
    if (!c->training) err = zd_fail(fault, ZD_ERR_MEMORY, "no memory to train dictionaries");
  }
  if (err) {
    zd_codec_close(c);
    return err;
  }
  *out = c;
  return ZD_OK;
}

static void packer_free(zd_packer *p) {
  if (!p) return;
  ZSTD_freeCCtx(p->context);
  free(p);
}

void zd_codec_set_past(zd_codec *c, zd_training_past past) {
  if (c->training) zd_training_set_past(c->training, past);
}

void zd_codec_stop_training(zd_codec *c) {
  zd_training_close(c->training);
  c->training = NULL;
}

void zd_codec_close(zd_codec *c) {
  if (!c) return;
  zd_codec_stop_training(c);
  zd_dictionaries_close(c->dictionaries);
  while (c->pool) {
    zd_packer *next = c->pool->next;
    packer_free(c->pool);
    c->pool = next;
  }
  pthread_mutex_destroy(&c->lock);
  free(c);
}

/* ---- packing ---- */

static zd_packer *packer_new(void) {
  zd_packer *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  p->context = ZSTD_createCCtx();
  bool failed =
      !p->context ||
      ZSTD_isError(ZSTD_CCtx_setParameter(p->context, ZSTD_c_compressionLevel, LEVEL)) ||
      ZSTD_isError(ZSTD_CCtx_setParameter(p->context, ZSTD_c_format, ZSTD_f_zstd1_magicless)) ||
      ZSTD_isError(ZSTD_CCtx_setParameter(p->context, ZSTD_c_contentSizeFlag, 0)) ||
      ZSTD_isError(ZSTD_CCtx_setParameter(p->context, ZSTD_c_dictIDFlag, 0)) ||
      ZSTD_isError(ZSTD_CCtx_setParameter(p->context, ZSTD_c_checksumFlag, 0));
  if (!failed) return p;
  packer_free(p);
  return NULL;
}

zd_packer *zd_codec_take_packer(zd_codec *c) {
  pthread_mutex_lock(&c->lock);
  zd_packer *p = c->pool;
  if (p) {
    c->pool = p->next;
    c->pooled--;
  }
  pthread_mutex_unlock(&c->lock);
  return p ? p : packer_new();
}

void zd_packer_wait_for_training(zd_packer *p) {
  p->patient = true;
}

void zd_codec_give_packer(zd_codec *c, zd_packer *p) {
  if (!p) return;
  p->patient = false;
  pthread_mutex_lock(&c->lock);
  bool keep = c->pooled < PACKERS_KEPT;
  if (keep) {
    p->next = c->pool;
    c->pool = p;
    c->pooled++;
  }
  pthread_mutex_unlock(&c->lock);
  if (!keep) packer_free(p);
}

/* The dictionary to pack a body with; NULL when there is none yet. */
static zd_dictionary *dictionary_for(zd_codec *c, const zd_packer *p, uint32_t type,
                                     zd_slice body) {
  zd_dictionary *x = zd_dictionary_newest(c->dictionaries, type);
  if (x || !c->training || !zd_training_offer(c->training, type, body) || !p->patient) return x;
  zd_training_wait(c->training, type);
  return zd_dictionary_newest(c->dictionaries, type);
}

size_t zd_codec_bound(size_t n) {
  return ZSTD_compressBound(n);
}

zd_err zd_codec_pack(zd_codec *c, zd_packer *p, uint32_t type, zd_slice body, unsigned char *out,
                     size_t room, zd_packed *packed) {
  *packed = (zd_packed){0};
  if (body.n == 0) {
    packed->plain = true;
    return ZD_OK;
  }
  zd_dictionary *x = dictionary_for(c, p, type, body);
  const ZSTD_CDict *ready = x ? zd_dictionary_for_packing(x) : NULL;
  size_t n = ZSTD_CCtx_refCDict(p->context, ready); /* NULL: without */
  if (!ZSTD_isError(n)) n = ZSTD_compress2(p->context, out, room, body.p, body.n);
  if (ZSTD_isError(n)) return ZD_ERR_MEMORY; /* the room suffices, so nothing else can fail */
  packed->n = n;
  packed->dictionary = ready ? zd_dictionary_number(x) : 0;
  if (n >= body.n) {
    memcpy(out, body.p, body.n);
    *packed = (zd_packed){body.n, 0, true};
  }
  return ZD_OK;
}

/* ---- unpacking ---- */

zd_unpacker *zd_unpacker_new(void) {
  zd_unpacker *u = calloc(1, sizeof *u);
  if (!u) return NULL;
  u->context = ZSTD_createDCtx();
  if (u->context &&
      !ZSTD_isError(ZSTD_DCtx_setParameter(u->context, ZSTD_d_format, ZSTD_f_zstd1_magicless))) {
    return u;
  }
  zd_unpacker_free(u);
  return NULL;
}

void zd_unpacker_free(zd_unpacker *u) {
  if (!u) return;
  ZSTD_freeDCtx(u->context);
  free(u);
}

zd_err zd_codec_unpack(zd_codec *c, zd_unpacker *u, const zd_record_head *h, char *out,
                       zd_fault *fault) {
  if (h->plain) {
    if (h->plain_n) memcpy(out, h->body, h->plain_n);
    return ZD_OK;
  }
  const ZSTD_DDict *ready = NULL;
  if (h->dictionary) {
    zd_err err = zd_dictionary_for_unpacking(c->dictionaries, h->dictionary, &ready, fault);
    if (err) return err;
  }
  size_t n = ZSTD_DCtx_refDDict(u->context, ready);
  if (!ZSTD_isError(n)) n = ZSTD_decompressDCtx(u->context, out, h->plain_n, h->body, h->body_n);
  if (!ZSTD_isError(n) && n == h->plain_n) return ZD_OK;
  return zd_fail(fault, ZD_ERR_CORRUPT, "a body of %u bytes cannot be unpacked: %s", h->plain_n,
                 ZSTD_isError(n) ? ZSTD_getErrorName(n) : "it has another length");
}

void zd_codec_stats_get(zd_codec *c, zd_codec_stats *out) {
  out->dictionary_bytes = zd_dictionaries_bytes(c->dictionaries, &out->dictionaries);
  out->memory = (size_t)out->dictionary_bytes + (c->training ? zd_training_bytes(c->training) : 0);
}

void zd_codec_settle(zd_codec *c) {
  if (c->training) zd_training_settle(c->training);
}
