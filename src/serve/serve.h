/* serve.h: the running server: the record behind HTTP, its health and figures, the start page.
 *
 *   /            start page            /health/live   the process answers
 *   /fhir/...    the record (rest/)    /health/ready  the store takes reads and writes
 *                                      /metrics       Prometheus text format 0.0.4
 */
#ifndef ZD_SERVE_SERVE_H
#define ZD_SERVE_SERVE_H

#include "rest/rest.h"

typedef struct zd_serve_options {
  const char *host; /* numeric; anything but loopback is refused while there is no authentication */
  uint16_t port;
  const zd_schema *schema;
  zd_store *store; /* started; owned by the caller, as is search */
  zd_search *search;
  zd_definer *definer;  /* of the store; owned by the caller */
  zd_logger *logger;    /* its level follows the settings */
  const char *settings; /* file of `name = value` lines (settings.c lists them), read again on
                           SIGHUP; NULL: none */
  const char *version;
  unsigned threads; /* event loops; 0: one per processor */
  /* Called once when requests are answered; for "serving http://..." and the demo. May be NULL. */
  void (*ready)(void *context, const char *url);
  void *context;
} zd_serve_options;

/* "http://127.0.0.1:8080/fhir" for a host and port, into text; also for IPv6. */
void zd_serve_base_url(const char *host, uint16_t port, char *text, size_t room);

/* True for 127.0.0.0/8 and ::1. */
bool zd_serve_is_loopback(const char *host);

/* Serves until SIGINT or SIGTERM, then lets running requests end (at most 10 s). SIGHUP reads the
 * settings again. Blocks the caller; the signals are taken over for the duration. */
zd_err zd_serve_run(const zd_serve_options *options, zd_fault *fault);

#endif
