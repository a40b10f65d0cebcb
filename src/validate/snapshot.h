/* snapshot.h: snapshots from differentials (R4 profiling.html#snapshot).
 *
 * The snapshot is made from the rows that a schema has of the base, changed and added to by the
 * differential. It is sparse: of what stands under a slice or a data type it holds the elements
 * that the differential speaks of and those above them; what it leaves out says what its base says,
 * and validation asks that anyway.
 */
#ifndef ZD_VALIDATE_SNAPSHOT_H
#define ZD_VALIDATE_SNAPSHOT_H

#include "base/arena.h"
#include "fhir/schema.h"

/* `text`: a StructureDefinition (JSON) without a snapshot. *out: the same with one, in the arena.
 * ZD_ERR_NOT_FOUND: the schema does not have its base, or a profile it needs (yet);
 * ZD_ERR_INVALID with the element and the reason; ZD_ERR_MEMORY. */
zd_err zd_snapshot_make(const zd_schema *schema, zd_slice text, zd_arena *arena, zd_slice *out,
                        zd_fault *fault);

#endif
