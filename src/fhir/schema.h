/* schema.h: the official FHIR definitions, compiled.
 *
 * tools/definitions compiles the StructureDefinitions, SearchParameters, CompartmentDefinitions,
 * OperationDefinitions, ValueSets and CodeSystems of one FHIR version into one image: offsets
 * only, no pointers, so that it is used where it lies (embedded in the program, or a mapped
 * file). Nothing is parsed at start. Everything here is immutable and may be shared by all
 * threads; slices point into the image and live as long as it.
 *
 * A type is a resource ("Patient"), a data type ("HumanName"), a primitive ("date"), or the
 * anonymous type of a backbone element ("Patient.contact"). An element belongs to the type that
 * contains it. A choice such as value[x] is one element per allowed type ("valueQuantity",
 * "valueString", ...), all with the same FHIRPath name "value" and the same `choice` number.
 */
#ifndef ZD_FHIR_SCHEMA_H
#define ZD_FHIR_SCHEMA_H

#include "base/error.h"
#include "base/slice.h"

typedef struct zd_schema zd_schema;
typedef uint16_t zd_type;    /* number of a type; ZD_NO_TYPE: none */
typedef uint16_t zd_element; /* number of an element; ZD_NO_ELEMENT: none */
#define ZD_NO_TYPE ((zd_type)0xFFFF)
#define ZD_NO_ELEMENT ((zd_element)0xFFFF)

typedef enum zd_type_kind {
  ZD_KIND_RESOURCE, /* may stand alone; abstract ones included (Resource, DomainResource) */
  ZD_KIND_COMPLEX,  /* data types */
  ZD_KIND_BACKBONE, /* anonymous type of an element with children of its own */
  ZD_KIND_PRIMITIVE
} zd_type_kind;

/* What a primitive's JSON value looks like and how it is checked. */
typedef enum zd_primitive {
  ZD_PRIM_NONE,
  ZD_PRIM_BOOLEAN,
  ZD_PRIM_INTEGER,
  ZD_PRIM_POSITIVE_INT,
  ZD_PRIM_UNSIGNED_INT,
  ZD_PRIM_DECIMAL,
  ZD_PRIM_STRING,
  ZD_PRIM_MARKDOWN,
  ZD_PRIM_CODE,
  ZD_PRIM_ID,
  ZD_PRIM_URI,
  ZD_PRIM_URL,
  ZD_PRIM_CANONICAL,
  ZD_PRIM_OID,
  ZD_PRIM_UUID,
  ZD_PRIM_BASE64,
  ZD_PRIM_DATE,
  ZD_PRIM_DATETIME,
  ZD_PRIM_INSTANT,
  ZD_PRIM_TIME,
  ZD_PRIM_XHTML
} zd_primitive;

typedef struct zd_type_info {
  zd_slice name;
  zd_type_kind kind;
  zd_primitive primitive; /* for ZD_KIND_PRIMITIVE */
  zd_type base;           /* "DomainResource" of Patient; ZD_NO_TYPE for the roots */
  bool abstract;
  zd_element first; /* its elements are first .. first + count - 1, inherited ones first */
  uint16_t count;
} zd_type_info;

enum {                          /* zd_element_info.flags */
       ZD_EL_ARRAY = 1,         /* a JSON array (max > 1) */
       ZD_EL_SUMMARY = 2,       /* isSummary */
       ZD_EL_MODIFIER = 4,      /* isModifier */
       ZD_EL_CHOICE = 8,        /* one alternative of a choice */
       ZD_EL_ANY_RESOURCE = 16, /* holds a whole resource: contained, Bundle.entry.resource, ... */
       ZD_EL_ATTRIBUTE = 32 /* Element.id, Extension.url, Resource.id: no `_name` companion in JSON
                               for xml attributes (id, url) */
};

typedef struct zd_element_info {
  zd_slice name;   /* as in JSON: "valueQuantity" */
  zd_slice path;   /* as in FHIRPath: "value" */
  zd_type owner;   /* type it stands in */
  zd_type type;    /* type of its value; of ZD_EL_ANY_RESOURCE: Resource */
  uint16_t choice; /* number of the choice group inside the owner, 0: not a choice */
  uint16_t min;    /* of the whole choice group when it is a choice */
  uint16_t max;    /* 0xFFFF: * */
  uint16_t flags;
} zd_element_info;

/* The image linked into the program. */
const zd_schema *zd_schema_r4(void);
/* An image in memory, 8-byte aligned, kept by the caller while in use; checks magic, version,
 * checksum, and that everything in it that leads somewhere stays inside. */
zd_err zd_schema_from_image(const void *p, size_t n, const zd_schema **out, zd_fault *fault);

zd_slice zd_schema_fhir_version(const zd_schema *s); /* "4.0.1" */
/* CRC-32C of the whole image. */
uint32_t zd_schema_checksum(const zd_schema *s);

uint16_t zd_schema_type_count(const zd_schema *s);
zd_type zd_schema_type(const zd_schema *s, zd_slice name); /* ZD_NO_TYPE when unknown */
zd_type_info zd_schema_type_info(const zd_schema *s, zd_type t);
/* True when t is `ancestor` or derives from it. */
bool zd_schema_is_a(const zd_schema *s, zd_type t, zd_type ancestor);
/* A concrete resource type: may be stored and has a URL. */
bool zd_schema_is_resource(const zd_schema *s, zd_type t);

zd_element_info zd_schema_element_info(const zd_schema *s, zd_element e);
/* The element of `owner` with this JSON name; perfect hash; ZD_NO_ELEMENT when there is none. */
zd_element zd_schema_child(const zd_schema *s, zd_type owner, zd_slice json_name);

/* Reference targets of an element of type Reference or canonical: fills up to room types, returns
 * how many there are; 0: any. */
size_t zd_schema_targets(const zd_schema *s, zd_element e, zd_type *out, size_t room);

/* ---- search parameters ---- */

typedef enum zd_param_type {
  ZD_PARAM_NUMBER,
  ZD_PARAM_DATE,
  ZD_PARAM_STRING,
  ZD_PARAM_TOKEN,
  ZD_PARAM_REFERENCE,
  ZD_PARAM_COMPOSITE,
  ZD_PARAM_QUANTITY,
  ZD_PARAM_URI,
  ZD_PARAM_SPECIAL
} zd_param_type;

typedef struct zd_param_info {
  zd_slice url;        /* canonical */
  zd_slice code;       /* "birthdate" */
  zd_slice expression; /* FHIRPath as published; may be absent (special parameters) */
  zd_param_type type;
  uint16_t base_count;      /* resource types it applies to (abstract ones kept: Resource) */
  uint16_t target_count;    /* for references */
  uint16_t component_count; /* for composites */
} zd_param_info;

uint32_t zd_schema_param_count(const zd_schema *s);
zd_param_info zd_schema_param(const zd_schema *s, uint32_t i);
zd_type zd_schema_param_base(const zd_schema *s, uint32_t i, uint16_t k);
zd_type zd_schema_param_target(const zd_schema *s, uint32_t i, uint16_t k);
/* Component k of a composite: the number of the component's definition and its expression. */
uint32_t zd_schema_param_component(const zd_schema *s, uint32_t i, uint16_t k,
                                   zd_slice *expression);
/* Parameters of one resource type, by code; inherited ones (Resource, DomainResource) included.
 * Returns UINT32_MAX when there is none. */
uint32_t zd_schema_param_find(const zd_schema *s, zd_type resource, zd_slice code);
/* All parameters of one resource type, inherited included: fills up to room, returns how many. */
size_t zd_schema_params_of(const zd_schema *s, zd_type resource, uint32_t *out, size_t room);

/* ---- compartments ---- */

/* Codes of the search parameters that put resources of type `resource` into compartments of type
 * `compartment` ("Patient"): fills up to room, returns how many. */
size_t zd_schema_compartment(const zd_schema *s, zd_type compartment, zd_type resource,
                             zd_slice *codes, size_t room);

/* ---- operations ---- */

enum {                            /* zd_operation_info.flags */
       ZD_OPERATION_SYSTEM = 1,   /* may be called at [base]/$code */
       ZD_OPERATION_TYPE = 2,     /* at [base]/[type]/$code */
       ZD_OPERATION_INSTANCE = 4, /* at [base]/[type]/[id]/$code */
       ZD_OPERATION_AFFECTS = 8,  /* affectsState: POST only */
       ZD_OPERATION_IS_QUERY = 16 /* kind = query */
};

typedef struct zd_operation_info {
  zd_slice url;  /* canonical */
  zd_slice code; /* "expand", without the $ */
  uint16_t flags;
  uint16_t type_count;  /* resource types it is defined on; may be Resource */
  uint16_t param_count; /* parts follow the parameter they belong to */
} zd_operation_info;

typedef struct zd_operation_param {
  zd_slice name;
  zd_type type;      /* ZD_NO_TYPE: it has parts, or the type is not one of ours ("Any") */
  uint16_t min, max; /* max 0xFFFF: * */
  bool output;
  uint8_t depth; /* 0: a parameter; 1, 2, ...: a part of the nearest one above with less */
} zd_operation_param;

uint32_t zd_schema_operation_count(const zd_schema *s);
zd_operation_info zd_schema_operation(const zd_schema *s, uint32_t i);
zd_type zd_schema_operation_type(const zd_schema *s, uint32_t i, uint16_t k);
zd_operation_param zd_schema_operation_param(const zd_schema *s, uint32_t i, uint16_t k);
/* The operation $code on `type` or one of its ancestors (ZD_NO_TYPE: any operation of that code);
 * UINT32_MAX when there is none. */
uint32_t zd_schema_operation_find(const zd_schema *s, zd_type type, zd_slice code);

/* ---- code systems and value sets shipped with the definitions ---- */

typedef enum zd_code_content { /* CodeSystem.content */
                               ZD_CODES_NOT_PRESENT,
                               ZD_CODES_EXAMPLE,
                               ZD_CODES_FRAGMENT,
                               ZD_CODES_COMPLETE,
                               ZD_CODES_SUPPLEMENT
} zd_code_content;

typedef enum zd_hierarchy_meaning { /* CodeSystem.hierarchyMeaning */
                                    ZD_HIERARCHY_NOT_SAID,
                                    ZD_HIERARCHY_GROUPED_BY,
                                    ZD_HIERARCHY_IS_A,
                                    ZD_HIERARCHY_PART_OF,
                                    ZD_HIERARCHY_CLASSIFIED_WITH
} zd_hierarchy_meaning;

typedef struct zd_code_system_info {
  zd_slice url;
  zd_slice version; /* absent: none, or the system is only referred to */
  zd_code_content content;
  zd_hierarchy_meaning hierarchy;
  bool case_sensitive;     /* CodeSystem.caseSensitive; false also when it is not said */
  uint32_t count;          /* codes in the image, sorted; displays are not kept */
  uint32_t edge_count;     /* of its hierarchy */
  uint32_t property_count; /* of all its concepts */
} zd_code_system_info;

/* What stands below what; concepts are the k of zd_schema_code_system_code. */
typedef struct zd_concept_edge {
  uint32_t parent, child;
} zd_concept_edge;

typedef struct zd_concept_property {
  uint32_t concept;
  zd_slice name;
  zd_slice value; /* text of a primitive; absent: another value */
} zd_concept_property;

typedef struct zd_value_set_info {
  zd_slice url;
  zd_slice version; /* absent: none */
  bool enumerable;  /* false: its content does not follow from the definitions alone; then: */
  zd_slice missing; /* url of a code system whose codes are not here; may be absent */
  zd_slice compose; /* ValueSet.compose as JSON, for who has more codes; absent: there is none */
  uint32_t count;   /* codes when enumerable, sorted by (code, system) */
} zd_value_set_info;

typedef struct zd_coded {
  zd_slice code;
  zd_slice system; /* url; absent when the system itself is not shipped */
} zd_coded;

uint32_t zd_schema_code_system_count(const zd_schema *s);
zd_code_system_info zd_schema_code_system(const zd_schema *s, uint32_t i);
/* By canonical, as zd_schema_definition_find; also systems that are only referred to. UINT32_MAX:
 * none. */
uint32_t zd_schema_code_system_find(const zd_schema *s, zd_slice canonical);
zd_slice zd_schema_code_system_code(const zd_schema *s, uint32_t i, uint32_t k);
/* The graph of its concepts, see concepts.h. */
zd_concept_edge zd_schema_code_system_edge(const zd_schema *s, uint32_t i, uint32_t k);
zd_concept_property zd_schema_code_system_property(const zd_schema *s, uint32_t i, uint32_t k);
uint32_t zd_schema_value_set_count(const zd_schema *s);
zd_value_set_info zd_schema_value_set(const zd_schema *s, uint32_t i);
uint32_t zd_schema_value_set_find(const zd_schema *s, zd_slice canonical); /* UINT32_MAX: none */
zd_coded zd_schema_value_set_code(const zd_schema *s, uint32_t i, uint32_t k);

/* The value set of e's required binding; UINT32_MAX: no required binding, or not shipped. */
uint32_t zd_schema_bound_value_set(const zd_schema *s, zd_element e);

/* 1: `code` is in the required value set bound to e; 0: it is not; -1: not computable from the
 * image (no binding, not required, or content not shipped). */
int zd_schema_bound_code(const zd_schema *s, zd_element e, zd_slice code);

/* ---- definitions: everything in the image that has a canonical url ---- */

typedef enum zd_definition_kind {
  ZD_DEF_STRUCTURE,   /* number: of the profile */
  ZD_DEF_PARAM,       /* of the search parameter */
  ZD_DEF_COMPARTMENT, /* 0 */
  ZD_DEF_OPERATION,
  ZD_DEF_CODE_SYSTEM,
  ZD_DEF_VALUE_SET,
  ZD_DEF_KINDS
} zd_definition_kind;

typedef struct zd_definition_info {
  zd_definition_kind kind;
  zd_slice url;
  zd_slice version; /* absent when it has none */
  uint32_t number;  /* where it stands among its kind */
} zd_definition_info;

/* "StructureDefinition", ...; static. */
zd_slice zd_schema_definition_type(zd_definition_kind kind);
/* Those of the official image come first, in the same order in every image that extends it; what
 * users added follows. */
uint32_t zd_schema_definition_count(const zd_schema *s);
zd_definition_info zd_schema_definition(const zd_schema *s, uint32_t i);
/* By canonical: "url|version" is exactly that one, "url" the newest version of it. UINT32_MAX when
 * there is none. */
uint32_t zd_schema_definition_find(const zd_schema *s, zd_definition_kind kind, zd_slice canonical);
/* The order of versions, part by part between dots: numbers by value and before other parts, which
 * go by their bytes; "1.0.0-ballot" before "1.0.0", no version before all. */
int zd_schema_version_cmp(zd_slice a, zd_slice b);

/* ---- profiles: the rows of StructureDefinition.snapshot ----
 *
 * Every StructureDefinition with a snapshot is a profile: constraints on resources and data types,
 * extensions, and the definitions of the types themselves (ZD_PROFILE_TYPE), whose rows hold the
 * bindings and invariants that every instance is under. */

enum {                           /* zd_profile_info.flags */
       ZD_PROFILE_TYPE = 1,      /* defines its type; the others constrain one */
       ZD_PROFILE_EXTENSION = 2, /* constrains Extension */
       ZD_PROFILE_ABSTRACT = 4
};

typedef struct zd_profile_info {
  zd_slice url, version, name;
  zd_slice base; /* canonical of what it derives from; absent for the roots */
  zd_type type;  /* that it is about */
  uint16_t flags;
  uint32_t element_count; /* rows; 0 is the type itself */
  uint32_t context_count; /* of an extension */
} zd_profile_info;

enum { /* zd_profile_element.flags */
       ZD_PE_MUST_SUPPORT = 1,
       ZD_PE_SUMMARY = 2,
       ZD_PE_MODIFIER = 4,
       ZD_PE_VALUE = 8,        /* the value of a primitive: no element of its own in JSON */
       ZD_PE_FORBIDDEN = 16,   /* its base forbids it (max 0 there): never in JSON */
       ZD_PE_CONSTRAINING = 32 /* sliceIsConstraining: a slice of the profile it derives from */
};

typedef enum zd_binding_strength {
  ZD_BINDING_NONE,
  ZD_BINDING_REQUIRED,
  ZD_BINDING_EXTENSIBLE,
  ZD_BINDING_PREFERRED,
  ZD_BINDING_EXAMPLE
} zd_binding_strength;

#define ZD_PE_NONE UINT32_MAX
#define ZD_PE_UNBOUNDED UINT32_MAX

/* One row. A choice ("value[x]") stands for `alternatives` elements that follow each other. */
typedef struct zd_profile_element {
  zd_slice id;     /* "Patient.extension:race.url" */
  zd_slice path;   /* "Patient.extension.url" */
  zd_slice slice;  /* its name; absent when it is no slice */
  uint32_t parent; /* row it stands under; ZD_PE_NONE for row 0 */
  uint32_t sliced; /* row whose slice it is; ZD_PE_NONE: none, or slicing is implied (extensions by
                      url, choices by type), or the only row of its element */
  zd_type owner;   /* type that it is an element of; ZD_NO_TYPE for row 0 */
  zd_element element; /* its first element; ZD_NO_ELEMENT for row 0, ZD_PE_VALUE, ZD_PE_FORBIDDEN */
  uint16_t alternatives; /* how many elements it may be; 1 when it is no choice */
  uint16_t flags;
  uint32_t min, max; /* max ZD_PE_UNBOUNDED: * */
  uint16_t type_count;
  uint16_t constraint_count;
  bool has_slicing;
  zd_slice fixed, pattern; /* JSON without white space; absent: none */
  zd_slice min_value, max_value;
  zd_type fixed_type, pattern_type, min_value_type, max_value_type;
  uint32_t max_length; /* 0: none */
  zd_binding_strength binding;
  zd_slice value_set, max_value_set; /* canonicals; absent: none */
  uint32_t content_reference;        /* row whose children it has; ZD_PE_NONE */
} zd_profile_element;

enum { /* zd_profile_type.aggregation */
       ZD_AGGREGATION_CONTAINED = 1,
       ZD_AGGREGATION_REFERENCED = 2,
       ZD_AGGREGATION_BUNDLED = 4
};

typedef struct zd_profile_type {
  zd_type type;           /* ZD_NO_TYPE: a type of FHIRPath itself (of ZD_PE_VALUE) */
  uint16_t profile_count; /* canonicals that a value must conform to one of */
  uint16_t target_count;  /* the same of what a reference refers to */
  uint8_t aggregation;    /* 0: any */
  uint8_t versioning;     /* 0 either, 1 independent, 2 specific */
} zd_profile_type;

typedef enum zd_slicing_rules {
  ZD_SLICING_CLOSED,
  ZD_SLICING_OPEN,
  ZD_SLICING_OPEN_AT_END
} zd_slicing_rules;

typedef enum zd_discriminator_kind {
  ZD_DISCRIMINATE_VALUE,
  ZD_DISCRIMINATE_EXISTS,
  ZD_DISCRIMINATE_PATTERN,
  ZD_DISCRIMINATE_TYPE,
  ZD_DISCRIMINATE_PROFILE
} zd_discriminator_kind;

typedef struct zd_slicing {
  zd_slicing_rules rules;
  bool ordered;
  uint32_t discriminator_count;
} zd_slicing;

typedef struct zd_discriminator {
  zd_discriminator_kind kind;
  zd_slice path; /* FHIRPath from the sliced element */
} zd_discriminator;

typedef struct zd_constraint {
  zd_slice key, human;
  zd_slice expression; /* FHIRPath, its syntax is right; absent: for people alone */
  zd_slice source;     /* canonical of the definition it comes from; may be absent */
  bool error;          /* severity error, else warning */
} zd_constraint;

typedef enum zd_context_kind {
  ZD_CONTEXT_FHIRPATH,
  ZD_CONTEXT_ELEMENT,
  ZD_CONTEXT_EXTENSION,
  ZD_CONTEXT_INVARIANT /* StructureDefinition.contextInvariant */
} zd_context_kind;

typedef struct zd_profile_context {
  zd_context_kind kind;
  zd_slice expression;
} zd_profile_context;

uint32_t zd_schema_profile_count(const zd_schema *s);
zd_profile_info zd_schema_profile(const zd_schema *s, uint32_t p);
/* By canonical, as zd_schema_definition_find; UINT32_MAX. */
uint32_t zd_schema_profile_find(const zd_schema *s, zd_slice canonical);
/* Rows are in the order of the snapshot: what is under a row follows it. */
zd_profile_element zd_schema_profile_element(const zd_schema *s, uint32_t p, uint32_t row);
zd_profile_type zd_schema_profile_type(const zd_schema *s, uint32_t p, uint32_t row, uint16_t k);
/* Canonical j of type k: `target` for those of what is referred to. */
zd_slice zd_schema_profile_canonical(const zd_schema *s, uint32_t p, uint32_t row, uint16_t k,
                                     bool target, uint16_t j);
/* Of a row with has_slicing. */
zd_slicing zd_schema_profile_slicing(const zd_schema *s, uint32_t p, uint32_t row);
zd_discriminator zd_schema_profile_discriminator(const zd_schema *s, uint32_t p, uint32_t row,
                                                 uint32_t k);
zd_constraint zd_schema_profile_constraint(const zd_schema *s, uint32_t p, uint32_t row,
                                           uint16_t k);
zd_profile_context zd_schema_profile_context(const zd_schema *s, uint32_t p, uint32_t k);

#endif
