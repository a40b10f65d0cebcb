/* Arbitrary bytes as log heads and records: never a crash, and a record that is accepted after its
 * checksum was made to fit survives being written again. */
#include "store/embedded/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  zd_log_head file;
  zd_commit_head commit;
  zd_record_head record, again;
  if (n >= 64) {
    (void)zd_log_head_read(p, &file);
    (void)zd_commit_head_read(p, &commit);
  }
  (void)zd_commit_head_find(p, 0, n);
  unsigned char bytes[4096], head[ZD_RECORD_HEAD_MAX + sizeof bytes];
  if (n < ZD_RECORD_LEAST || n > sizeof bytes) return 0;
  memcpy(bytes, p, n);
  zd_record_seal(bytes, (uint32_t)n);
  if (zd_record_head_read(bytes, n, &record)) return 0;
  size_t head_n = zd_record_head_write(&record, head);
  memcpy(head + head_n, record.body, record.body_n);
  size_t size = head_n + record.body_n;
  if (size < ZD_RECORD_LEAST) return 0;
  zd_record_seal(head, (uint32_t)size);
  if (zd_record_head_read(head, size, &again) || again.type != record.type ||
      again.previous != record.previous || again.body_n != record.body_n) {
    __builtin_trap();
  }
  return 0;
}
