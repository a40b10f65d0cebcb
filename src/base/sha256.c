/* The one-shot digest of libcrypto's EVP layer fetches and allocates, so it can fail; the plain
 * functions only touch the context on our stack, use the same processor instructions, and can't.
 * They are marked deprecated in favour of EVP, hence the switch. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "base/hash.h"

void zd_sha256(const void *p, size_t n, unsigned char digest[32]) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, p, n);
  SHA256_Final(digest, &context);
}
