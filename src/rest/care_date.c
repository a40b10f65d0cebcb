/* care_date.c: for each type of the patient's compartment that tells when care took place the
 * search parameter that finds it: the day of the event itself, and where that is often left out,
 * the day when it was written down. */
#include "rest/care_date.h"

static const zd_care_date table[] = {
    {"Account", "period", NULL},
    {"AdverseEvent", "date", NULL},
    {"AllergyIntolerance", "onset", "date"},
    {"Appointment", "date", NULL},
    {"AuditEvent", "date", NULL},
    {"Basic", "created", NULL},
    {"CarePlan", "date", NULL},
    {"CareTeam", "date", NULL},
    {"ChargeItem", "occurrence", "entered-date"},
    {"Claim", "created", NULL},
    {"ClaimResponse", "created", NULL},
    {"ClinicalImpression", "date", NULL},
    {"Communication", "sent", "received"},
    {"CommunicationRequest", "occurrence", "authored"},
    {"Composition", "date", NULL},
    {"Condition", "onset-date", "recorded-date"},
    {"Consent", "date", NULL},
    {"CoverageEligibilityRequest", "created", NULL},
    {"CoverageEligibilityResponse", "created", NULL},
    {"DetectedIssue", "identified", NULL},
    {"DeviceRequest", "event-date", "authored-on"},
    {"DiagnosticReport", "date", NULL},
    {"DocumentManifest", "created", NULL},
    {"DocumentReference", "period", "date"},
    {"Encounter", "date", NULL},
    {"EpisodeOfCare", "date", NULL},
    {"ExplanationOfBenefit", "created", NULL},
    {"FamilyMemberHistory", "date", NULL},
    {"Flag", "date", NULL},
    {"Goal", "start-date", NULL},
    {"ImagingStudy", "started", NULL},
    {"Immunization", "date", NULL},
    {"ImmunizationEvaluation", "date", NULL},
    {"ImmunizationRecommendation", "date", NULL},
    {"Invoice", "date", NULL},
    {"List", "date", NULL},
    {"MeasureReport", "period", "date"},
    {"Media", "created", NULL},
    {"MedicationAdministration", "effective-time", NULL},
    {"MedicationDispense", "whenhandedover", "whenprepared"},
    {"MedicationRequest", "authoredon", NULL},
    {"MedicationStatement", "effective", NULL},
    {"NutritionOrder", "datetime", NULL},
    {"Observation", "date", NULL},
    {"Procedure", "date", NULL},
    {"Provenance", "when", "recorded"},
    {"QuestionnaireResponse", "authored", NULL},
    {"RequestGroup", "authored", NULL},
    {"ResearchSubject", "date", NULL},
    {"RiskAssessment", "date", NULL},
    {"Schedule", "date", NULL},
    {"ServiceRequest", "occurrence", "authored"},
    {"Specimen", "collected", NULL},
    {"SupplyRequest", "date", NULL},
    {"VisionPrescription", "datewritten", NULL},
};

const zd_care_date *zd_care_dates(size_t *n) {
  *n = sizeof table / sizeof *table;
  return table;
}

const zd_care_date *zd_care_date_of(zd_slice type) {
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (zd_slice_eq(zd_slice_of(table[i].type), type)) return &table[i];
  return NULL;
}
