/* codec.h: bodies to stored bytes and back: zstd, with a trained dictionary per resource type once
 * there is one (dictionaries.h, training.h). Any thread may pack and unpack; a zd_packer or
 * zd_unpacker belongs to one thread at a time.
 */
#ifndef ZD_STORE_EMBEDDED_CODEC_H
#define ZD_STORE_EMBEDDED_CODEC_H

#include "base/file.h"
#include "base/log.h"
#include "store/embedded/format.h"
#include "store/embedded/training.h"

typedef struct zd_codec zd_codec;
typedef struct zd_packer zd_packer;
typedef struct zd_unpacker zd_unpacker;

zd_err zd_codec_open(const zd_file_system *fs, const char *dir, bool read_only,
                     const zd_logger *logger, zd_codec **out, zd_fault *fault);
void zd_codec_close(zd_codec *c);

/* Where training finds bodies of earlier runs (training.h). */
void zd_codec_set_past(zd_codec *c, zd_training_past past);
/* Ends training, and with it the use of the past; nobody packs any more. */
void zd_codec_stop_training(zd_codec *c);

/* From a pool and back; NULL when memory is exhausted. */
zd_packer *zd_codec_take_packer(zd_codec *c);
void zd_codec_give_packer(zd_codec *c, zd_packer *p);
/* Until it is given back, packing waits for a dictionary that is being trained (some 10 ms, once
 * per type): for those who pack many bodies. */
void zd_packer_wait_for_training(zd_packer *p);

zd_unpacker *zd_unpacker_new(void);
void zd_unpacker_free(zd_unpacker *u);

typedef struct zd_packed {
  size_t n;
  uint32_t dictionary;
  bool plain; /* packing would not have made it smaller: stored as it is */
} zd_packed;

/* Room that packing a body of n bytes may need. */
size_t zd_codec_bound(size_t n);
zd_err zd_codec_pack(zd_codec *c, zd_packer *p, uint32_t type, zd_slice body, unsigned char *out,
                     size_t room, zd_packed *packed);
/* The body of a record (its stored bytes still in place) into out, h->plain_n bytes. */
zd_err zd_codec_unpack(zd_codec *c, zd_unpacker *u, const zd_record_head *h, char *out,
                       zd_fault *fault);

/* Bytes of all dictionaries, how many there are, and memory held. */
typedef struct zd_codec_stats {
  uint64_t dictionary_bytes;
  uint32_t dictionaries;
  size_t memory;
} zd_codec_stats;
void zd_codec_stats_get(zd_codec *c, zd_codec_stats *out);
/* Blocks until no training is waiting or under way. */
void zd_codec_settle(zd_codec *c);

#endif
