/* command_backup.c: zdravo backup */
#include "base/progress.h"
#include "cli/command.h"

typedef struct backup_run {
  zd_progress bar;
  uint64_t done;
  const atomic_bool *cancel;
} backup_run;

static bool show(void *context, uint64_t done, uint64_t total) {
  backup_run *run = context;
  run->bar.total = total;
  run->done = done;
  zd_progress_update(&run->bar, done);
  return !atomic_load(run->cancel);
}

static void print_backup(const zd_backup_report *r, bool verified) {
  char time[24];
  unsigned long long rows = r->rows, sequence = r->sequence, bytes = r->log_bytes,
                     copied = r->copied;
  if (!sequence) {
    printf("the store is empty; %llu bytes copied\n", copied);
    return;
  }
  zd_clock_format(r->time_ms, time);
  printf("%llu versions, up to commit %llu of %.24s; log of %llu bytes, %llu bytes copied%s\n",
         rows, sequence, time, bytes, copied, verified ? ", verified" : "");
}

int zd_command_backup(const zd_arguments *a) {
  if (!a->data || !a->to || a->rest_count) {
    fprintf(stderr, "zdravo backup: --data DIR and --to DIR are needed\n");
    return ZD_EXIT_USAGE;
  }
  backup_run run = {.cancel = zd_cli_catch_signals()};
  zd_fault fault = {0};
  zd_backup_report report;
  zd_backup_options o = {
      .dir = a->data, .to = a->to, .verify = a->verify, .progress = show, .context = &run};
  zd_progress_start(&run.bar, a->quiet ? NULL : stderr, "backing up", "bytes", 0);
  zd_err err = zd_store_backup(&o, &report, &fault);
  zd_progress_finish(&run.bar, run.done);
  if (err != ZD_OK) return zd_cli_fail(err, &fault);
  print_backup(&report, a->verify);
  if (!report.damaged_file) return ZD_EXIT_OK;
  printf(
      "log file %u of the store differs from its backup from byte %llu on: the store is damaged "
      "there, the backup is not\n",
      report.damaged_file, (unsigned long long)report.damaged_at);
  return ZD_EXIT_FINDINGS;
}
