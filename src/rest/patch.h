/* patch.h: PATCH: what is there, changed as a document says, is what is written
 * (http.html#patch, RFC 5789, RFC 6902, RFC 5261). Private to rest/.
 *
 * The patch is applied to the version that the attempt's snapshot shows, as a client would read it
 * (with meta.versionId and lastUpdated), and what comes out is checked and stored like any
 * update. After a conflict it is applied again, to what is there then.
 */
#ifndef ZD_REST_PATCH_H
#define ZD_REST_PATCH_H

#include "rest/unit.h"

/* The resource of a PATCH entry whose target is found, in the unit's scratch. False when refused:
 * 400 no patch, 409 it does not fit what is there, 422 what comes out is no resource as it should
 * be. */
bool zd_unit_patch(zd_unit *u, zd_unit_entry *e, zd_unit_resource *out);

/* Whether there are patches among the entries: applying them may take a second or two, which is not
 * for a loop's thread. */
bool zd_unit_patches(const zd_unit *u);

/* The patch that a Bundle's entry brings, into `in`: a Binary, its data the patch. False when
 * refused, with *why. */
bool zd_patch_of_binary(const zd_tree *t, uint32_t binary, zd_arena *arena, zd_interaction *in,
                        const char **why);

#endif
