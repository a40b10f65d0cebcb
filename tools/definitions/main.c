/* The definitions compiler: a folder of FHIR definitions in, one schema image out.
 *
 *   zd_definitions FOLDER IMAGE
 *
 * FOLDER is the unpacked npm package hl7.fhir.r4.examples; only the aggregate Bundles named below
 * are read. The image is replaced as a whole or not at all. Exit status: 0 done, 1 failed, 2 usage.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "fhir/definitions.h"

static const char *const bundles[] = {"Bundle-types.json",        "Bundle-resources.json",
                                      "Bundle-searchParams.json", "Bundle-valuesets.json",
                                      "Bundle-v2-valuesets.json", "Bundle-v3-valuesets.json",
                                      "Bundle-extensions.json",   "Bundle-profiles-others.json"};
enum { BUNDLES = sizeof bundles / sizeof *bundles };

static zd_err load(zd_definitions *d, const char *folder, int i, zd_buffer *text, zd_fault *fault) {
  char path[4096];
  if (snprintf(path, sizeof path, "%s/%s", folder, bundles[i]) >= (int)sizeof path)
    return zd_fail(fault, ZD_ERR_INVALID, "path too long: %s", folder);
  zd_err err = zd_file_read(path, 0, text, fault);
  if (!err) err = zd_definitions_add(d, zd_buffer_slice(text), fault);
  return err;
}

static zd_err compile(const char *folder, const char *out, zd_buffer *texts, zd_fault *fault) {
  zd_definitions *d = NULL;
  zd_buffer image;
  zd_buffer_init(&image, 0);
  zd_err err = zd_definitions_new(&d, fault);
  for (int i = 0; i < BUNDLES && !err; i++) err = load(d, folder, i, &texts[i], fault);
  if (!err) err = zd_definitions_build(d, &image, fault);
  if (!err) err = zd_file_replace(zd_file_system_real(), out, zd_buffer_slice(&image), fault);
  if (!err)
    printf(
        "%s: %zu KiB; %zu structures, %zu search parameters, %zu operations, %zu code systems, "
        "%zu value sets\n",
        out, image.n / 1024, zd_definitions_count(d, ZD_S("StructureDefinition")),
        zd_definitions_count(d, ZD_S("SearchParameter")),
        zd_definitions_count(d, ZD_S("OperationDefinition")),
        zd_definitions_count(d, ZD_S("CodeSystem")), zd_definitions_count(d, ZD_S("ValueSet")));
  zd_definitions_free(d);
  zd_buffer_free(&image);
  return err;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: zd_definitions FOLDER IMAGE\n");
    return 2;
  }
  if (access(argv[1], R_OK | X_OK) != 0) {
    fprintf(stderr, "zd_definitions: the FHIR definitions are not in %s: run \"make deps\"\n",
            argv[1]);
    return 1;
  }
  zd_buffer texts[BUNDLES];
  zd_fault fault = {0};
  for (int i = 0; i < BUNDLES; i++) zd_buffer_init(&texts[i], 0);
  zd_err err = compile(argv[1], argv[2], texts, &fault);
  for (int i = 0; i < BUNDLES; i++) zd_buffer_free(&texts[i]);
  if (err) fprintf(stderr, "zd_definitions: %s\n", fault.text);
  return err ? 1 : 0;
}
