/* supply.h: who treats: organisations, departments, buildings, staff.
 *
 * Numbers per million residents are those of region.md 1.3 (414 medical organisations, 69 of them
 * state; 4,830 doctors; 10,300 nurses and feldshers), scaled to the region with at least one of
 * everything a resident needs. The district polyclinics, feldsher posts (ФАП), ambulance stations
 * and departments are parts of a legal entity (Organization.partOf).
 */
#ifndef ZD_REGION_SUPPLY_H
#define ZD_REGION_SUPPLY_H

#include "base/arena.h"
#include "region/places.h"

typedef enum zd_org_kind {
  ZD_ORG_AUTHORITY,
  ZD_ORG_FUND,
  ZD_ORG_INSURER,
  ZD_ORG_REGIONAL_HOSPITAL,
  ZD_ORG_PERINATAL,
  ZD_ORG_ONCOLOGY,
  ZD_ORG_PSYCHIATRY,
  ZD_ORG_TUBERCULOSIS,
  ZD_ORG_DISTRICT_HOSPITAL,
  ZD_ORG_POLYCLINIC,
  ZD_ORG_AMBULANCE,
  ZD_ORG_LABORATORY,
  ZD_ORG_DENTAL,
  ZD_ORG_PRIVATE,
  ZD_ORG_DISTRICT_POLYCLINIC, /* from here on: parts of the above */
  ZD_ORG_FELDSHER_POST,
  ZD_ORG_STATION,
  ZD_ORG_DEPARTMENT,
  ZD_ORG_KINDS
} zd_org_kind;

typedef enum zd_position {
  ZD_POSITION_THERAPIST,
  ZD_POSITION_PAEDIATRICIAN,
  ZD_POSITION_CARDIOLOGIST,
  ZD_POSITION_NEUROLOGIST,
  ZD_POSITION_ENDOCRINOLOGIST,
  ZD_POSITION_SURGEON,
  ZD_POSITION_OPHTHALMOLOGIST,
  ZD_POSITION_OTOLARYNGOLOGIST,
  ZD_POSITION_GYNAECOLOGIST,
  ZD_POSITION_UROLOGIST,
  ZD_POSITION_PULMONOLOGIST,
  ZD_POSITION_ONCOLOGIST,
  ZD_POSITION_PSYCHIATRIST,
  ZD_POSITION_DENTIST,
  ZD_POSITION_RADIOLOGIST,
  ZD_POSITION_LABORATORY,
  ZD_POSITION_EMERGENCY,
  ZD_POSITION_INTENSIVE,
  ZD_POSITION_FELDSHER,
  ZD_POSITION_NURSE,
  ZD_POSITIONS
} zd_position;

typedef enum zd_department {
  ZD_DEPARTMENT_THERAPY,
  ZD_DEPARTMENT_CARDIOLOGY,
  ZD_DEPARTMENT_NEUROLOGY,
  ZD_DEPARTMENT_SURGERY,
  ZD_DEPARTMENT_GYNAECOLOGY,
  ZD_DEPARTMENT_PAEDIATRICS,
  ZD_DEPARTMENT_INFECTION,
  ZD_DEPARTMENT_INTENSIVE,
  ZD_DEPARTMENTS
} zd_department;

#define ZD_NO_ORG 0xFFFFu

typedef struct zd_org {
  zd_org_kind kind;
  uint16_t number; /* within its kind, from 0; a department: zd_department */
  uint16_t parent; /* ZD_NO_ORG: a legal entity */
  uint16_t settlement;
  uint16_t departments;              /* first of its ZD_DEPARTMENTS departments, or ZD_NO_ORG */
  uint16_t staff;                    /* first of its staff */
  uint16_t before[ZD_POSITIONS + 1]; /* staff of position p: before[p] .. before[p + 1] - 1 */
} zd_org;

typedef struct zd_supply {
  zd_org *org;
  uint16_t orgs;
  uint16_t first[ZD_ORG_KINDS], count[ZD_ORG_KINDS]; /* organisations of a kind are consecutive */
  uint16_t staff;
  uint16_t *polyclinic, *polyclinics, *post; /* by settlement: first, how many; post or none */
} zd_supply;

/* How many of a kind a region of this size has. */
uint16_t zd_supply_scaled(zd_org_kind kind, uint32_t residents);
zd_err zd_supply_build(zd_supply *supply, const zd_places *places, uint32_t residents,
                       zd_arena *arena);

/* The polyclinic of a household. */
uint16_t zd_supply_polyclinic(const zd_supply *supply, const zd_places *places, uint16_t settlement,
                              uint64_t key);
/* Somebody who holds the position at organisation `number`, or the nearest thing; the same one for
 * the same key. */
uint16_t zd_supply_staff(const zd_supply *supply, uint16_t number, zd_position position,
                         uint64_t key);

const char *zd_supply_position_name(zd_position position);
const char *zd_supply_position_code(zd_position position);

#endif
