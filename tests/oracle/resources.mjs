// Random resources, valid and odd: small vocabularies, so that they match often; several values and
// none; open periods, decimals of many digits, times of every precision and zone, ё and accents,
// references of every kind.
import { Decimal } from './exact.mjs';

export const words = ['Ivan', 'ivan', 'IVANOV', 'Иван', 'Иванов', 'Ёлкин', 'Елкин', 'елка', 'Müller', 'Muller', 'MÜLLER-Lüdenscheidt',
  'O’Brien', "O'Brien", 'van  der Berg', 'José', 'Jose\u0301', 'Йод', 'straße', 'Smith, John', 'a|b', 'x$y', 'back\\slash', '№ 7', 'Æon', 'ﬁne', '張', 'Å'];
export const systems = ['urn:s', 'http://loinc.org', 'http://example.org/codes', undefined];
export const codes = ['a', 'b', 'A', 'a,b', 'x|y', '8480-6', '8480', 'c$1', 'root', 'leaf', 'ё'];
const days = ['1950', '1980-05', '1980-05-17', '1999-12-31', '2000', '2000-01-01', '2000-02-29', '2020-06', '2020-06-15', '2020-12-31', '2021', '2021-01-01', '2024-03-31'];
const times = ['00:00:00', '10:00:00', '10:00:00.5', '10:00:00.123', '10:00:00.123456', '23:59:59', '23:59:59.999999', '10:30:00'];
const zones = ['Z', '+00:00', '+03:00', '-05:00', '+05:30', '-12:00', '+14:00'];
const decimals = ['0', '1', '1.0', '1.00', '5.4', '5.40', '5.35', '5.45', '-3', '-3.5', '100', '1e2', '0.001', '1E-3', '7.000000000000000001', '123456789012345678901234567890.5', '6', '0.05'];
const units = [['mg', 'http://unitsofmeasure.org', 'mg'], ['g', 'http://unitsofmeasure.org', 'g'], ['mmHg', 'http://unitsofmeasure.org', 'mm[Hg]'],
  ['pound', 'http://unitsofmeasure.org', '[lb_av]'], ['kPa', 'http://unitsofmeasure.org', 'kPa'], ['°C', 'http://unitsofmeasure.org', 'Cel'], ['°F', 'http://unitsofmeasure.org', '[degF]'],
  ['mg', undefined, undefined], [undefined, 'urn:units', 'mg'], ['tablets', undefined, undefined], [undefined, undefined, undefined]];
export const uris = ['http://example.org/a', 'http://example.org/a/b', 'http://example.org/a/b/c', 'http://example.org/ab', 'urn:oid:1.2.3', 'http://example.org/A'];
export const profiles = ['http://example.org/p', 'http://example.org/p|1', 'http://example.org/p|2', 'http://example.org/q'];
const v3 = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
/** Codes of systems that are published with the specification: several parents, many levels. */
export const published = [...['_ActEncounterCode', 'AMB', 'IMP', 'ACUTE', 'NONAC', 'EMER', '_ActCareProvisionCode', 'PSYCHF'].map(c => [v3, c]),
  ...['unconfirmed', 'provisional', 'differential', 'confirmed'].map(c => ['http://terminology.hl7.org/CodeSystem/condition-ver-status', c])];
const shippedSets = ['http://terminology.hl7.org/ValueSet/v3-ActEncounterCode', 'http://hl7.org/fhir/ValueSet/condition-ver-status'];
export const setUrls = [...[1, 2, 3, 4, 5, 6, 7].map(n => `http://example.org/vs/${n}`), ...shippedSets];

const clean = value => { // leaves out what is undefined or empty
  if (Array.isArray(value)) return value.map(clean).filter(v => v !== undefined);
  if (value === null || typeof value !== 'object' || value instanceof Decimal) return value;
  const kept = Object.entries(value).map(([k, v]) => [k, clean(v)]).filter(([, v]) => v !== undefined && !(Array.isArray(v) && !v.length));
  return kept.length ? Object.fromEntries(kept) : undefined;
};

export class Maker {
  constructor(dice, base, idsPerType) {
    Object.assign(this, { dice, base, ids: Array.from({ length: idsPerType }, (_, i) => (i % 5 ? `r${i}` : `r.${i}-X`)) });
  }
  may(make, p = 0.6) { return this.dice.chance(p) ? make() : undefined; }
  many(make, most = 2) { return this.dice.some(most, make); }
  word() { return this.dice.one(words); }
  text() { return this.dice.chance(0.7) ? this.word() : `${this.word()} ${this.word()}`; }
  decimal() { return new Decimal(this.dice.one(decimals)); }
  positive() { return new Decimal(this.dice.one(decimals.filter(d => d[0] !== '-'))); }
  id() { return this.dice.one(this.ids); }

  date() { return this.dice.one(days); }
  dateTime() {
    if (this.dice.chance(0.5)) return this.date();
    return this.instant();
  }
  instant() { return `${this.dice.one(days.filter(d => d.length === 10))}T${this.dice.one(times)}${this.dice.one(zones)}`; }
  period() {
    let [start, end] = [this.dateTime(), this.dateTime()].sort();
    const kind = this.dice.below(4);
    if (kind === 0) end = undefined;
    if (kind === 1) start = undefined;
    return { start, end };
  }
  published() {
    const [system, code] = this.dice.one(published);
    return { system, code };
  }
  coding() {
    if (this.dice.chance(0.12)) return this.published();
    return { system: this.dice.one(systems), code: this.may(() => this.dice.one(codes), 0.9), display: this.may(() => this.text(), 0.3) };
  }
  concept() { return { coding: this.many(() => this.coding()), text: this.may(() => this.text(), 0.3) }; }
  identifier() {
    return { system: this.dice.one(systems), value: this.may(() => this.dice.one(codes), 0.9),
      type: this.may(() => ({ coding: [this.coding()], text: this.may(() => this.text(), 0.4) }), 0.4) };
  }
  quantity() {
    const [unit, system, code] = this.dice.one(units);
    return { value: this.may(() => this.decimal(), 0.95), unit, system, code };
  }
  age() { return { value: this.positive(), unit: 'a', system: 'http://unitsofmeasure.org', code: 'a' }; }
  range() {
    const unit = this.dice.one(units);
    const [low, high] = [1, 5, 5.4, 6, 100].filter(() => this.dice.chance(0.5));
    const end = v => (v === undefined ? undefined : { value: new Decimal(v), unit: unit[0], system: unit[1], code: unit[2] });
    return { low: end(low), high: end(high ?? (low === undefined ? 7 : undefined)) };
  }
  reference(...types) {
    const type = this.dice.one(types), id = this.id(), d = this.dice.below(20);
    const logical = this.may(() => ({ system: this.dice.one(systems) ?? 'urn:s', value: this.dice.one(codes) }), 0.15);
    if (d === 0) return { reference: `http://elsewhere.example/fhir/${type}/${id}`, identifier: logical };
    if (d === 1) return { reference: `${this.base}/${type}/${id}` };
    if (d === 2) return { reference: `${type}/${id}/_history/1` };
    if (d === 3) return { identifier: { system: 'urn:s', value: this.dice.one(codes) }, display: this.word() };
    if (d === 4) return { display: this.word() };
    return { reference: `${type}/${id}`, identifier: logical };
  }
  name() {
    return { use: this.may(() => 'official'), family: this.may(() => this.word()), given: this.many(() => this.word()),
      prefix: this.many(() => this.word(), 1), text: this.may(() => this.text(), 0.3) };
  }
  address() {
    return { use: this.may(() => this.dice.one(['home', 'work'])), city: this.may(() => this.word()), line: this.many(() => this.text()),
      country: this.may(() => this.dice.one(['RU', 'DE'])), postalCode: this.may(() => this.dice.one(['190000', '10115'])), text: this.may(() => this.text(), 0.3) };
  }
  contact() {
    return { system: this.dice.one(['phone', 'email']), value: this.may(() => this.dice.one(['+7 900', 'a@b.c', '112']), 0.9), use: this.may(() => 'home', 0.3) };
  }
  useContext() {
    const value = this.dice.one([{ valueCodeableConcept: this.concept() }, { valueQuantity: this.quantity() }, { valueRange: this.range() }]);
    return { code: { ...this.coding(), code: this.dice.one(codes) }, ...(clean(value) && Object.values(clean(value)).length ? value : { valueCodeableConcept: { text: 'x' } }) };
  }
  value() {
    return this.dice.one([
      () => ({ valueQuantity: this.quantity() }), () => ({ valueCodeableConcept: this.concept() }), () => ({ valueString: this.text() }),
      () => ({ valueDateTime: this.dateTime() }), () => ({ valuePeriod: this.period() }), () => ({ valueBoolean: this.dice.chance(0.5) }),
      () => ({ valueSampledData: { origin: { value: this.decimal(), unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' }, period: new Decimal('10'), dimensions: 1,
        factor: this.may(() => new Decimal(this.dice.one(['2', '-0.5']))), data: this.dice.one(['1 2 3', 'E 5 U', 'L -1', '4.5']) } }),
      () => ({}),
    ])();
  }

  make(type, id = this.id()) {
    const body = makers[type].call(this, this.dice);
    const resource = clean({ resourceType: type, id, meta: { tag: this.many(() => this.coding(), 1), security: this.many(() => this.coding(), 1),
      profile: this.many(() => this.dice.one(profiles), 1), source: this.may(() => this.dice.one(uris), 0.3) }, ...body });
    if (holders[type] && this.dice.chance(0.08)) this.contain(resource, ...this.dice.one(holders[type]));
    return resource;
  }

  /** What `resource` names within, and what that names in turn: another within, or the container. */
  contain(resource, name, type, inner) {
    const made = (t, id) => clean({ resourceType: t, id, ...makers[t].call(this, this.dice) });
    const first = made(type, 'inner');
    resource.contained = [first];
    resource[name] = name === 'hasMember' ? [{ reference: '#inner' }] : { reference: '#inner' };
    if (inner && this.dice.chance(0.6)) {
      first[inner[0]] = inner[0] === 'hasMember' ? [{ reference: '#' }] : { reference: '#second' };
      if (inner[1]) resource.contained.push(made(inner[1], 'second'));
    }
  }
}

/** Who contains: [element that refers, type contained, [what that refers by, and to]]. */
const holders = {
  Patient: [['managingOrganization', 'Organization']], Encounter: [['serviceProvider', 'Organization', ['partOf', 'Organization']]],
  Observation: [['subject', 'Patient', ['managingOrganization', 'Organization']], ['hasMember', 'Observation', ['hasMember']]],
  MedicationRequest: [['requester', 'Practitioner']],
};

const status = (d, ...list) => d.one(list);

const makers = {
  Patient(d) {
    return { identifier: this.many(() => this.identifier()), active: this.may(() => d.chance(0.5)), name: this.many(() => this.name()),
      telecom: this.many(() => this.contact()), gender: this.may(() => status(d, 'male', 'female', 'unknown')), birthDate: this.may(() => this.date()),
      ...d.one([{}, { deceasedBoolean: d.chance(0.5) }, { deceasedDateTime: this.dateTime() }]), address: this.many(() => this.address()),
      generalPractitioner: this.many(() => this.reference('Practitioner', 'Organization', 'PractitionerRole')),
      managingOrganization: this.may(() => this.reference('Organization')),
      link: this.many(() => ({ other: this.reference('Patient'), type: 'seealso' }), 1),
      communication: this.many(() => ({ language: this.concept() }), 1).filter(c => clean(c.language)) };
  },
  Practitioner() {
    return { identifier: this.many(() => this.identifier()), active: this.may(() => this.dice.chance(0.5)), name: this.many(() => this.name()),
      telecom: this.many(() => this.contact()), gender: this.may(() => 'female'), address: this.many(() => this.address(), 1) };
  },
  PractitionerRole() {
    return { active: this.may(() => true), period: this.may(() => this.period()), practitioner: this.may(() => this.reference('Practitioner')),
      organization: this.may(() => this.reference('Organization')), code: this.many(() => this.concept()), location: this.many(() => this.reference('Location'), 1) };
  },
  Organization() {
    return { identifier: [{ system: 'urn:o', value: '1' }, ...this.many(() => this.identifier())], active: this.may(() => true), type: this.many(() => this.concept()),
      name: this.may(() => this.text(), 0.8), alias: this.many(() => this.word()), address: this.many(() => this.address(), 1), partOf: this.may(() => this.reference('Organization'), 0.4) };
  },
  Location(d) {
    return { identifier: this.many(() => this.identifier()), status: this.may(() => status(d, 'active', 'suspended')), name: this.may(() => this.text()), alias: this.many(() => this.word()),
      type: this.many(() => this.concept(), 1), address: this.may(() => this.address()), managingOrganization: this.may(() => this.reference('Organization')),
      partOf: this.may(() => this.reference('Location'), 0.4),
      position: this.may(() => ({ latitude: new Decimal(d.one(['59.93', '60.0', '-89.9', '0', '89.99'])), longitude: new Decimal(d.one(['30.31', '179.95', '-179.95', '0', '30.5'])) })) };
  },
  Encounter(d) {
    return { identifier: this.many(() => this.identifier()), status: status(d, 'planned', 'finished', 'cancelled'), class: d.chance(0.4) ? this.published() : { system: this.dice.one(systems), code: this.dice.one(codes) },
      type: this.many(() => this.concept()), subject: this.may(() => this.reference('Patient', 'Patient', 'Group'), 0.9),
      participant: this.many(() => ({ type: [{ coding: [{ ...this.coding(), code: 'a' }] }], individual: this.may(() => this.reference('Practitioner', 'PractitionerRole')) })), period: this.may(() => this.period()),
      length: this.may(() => ({ value: this.positive(), unit: 'min', system: 'http://unitsofmeasure.org', code: 'min' })), reasonCode: this.many(() => this.concept(), 1),
      location: this.many(() => ({ location: this.reference('Location'), period: this.may(() => this.period()) }), 1), serviceProvider: this.may(() => this.reference('Organization')),
      partOf: this.may(() => this.reference('Encounter'), 0.3),
      diagnosis: this.many(() => ({ condition: this.reference('Condition') }), 1) };
  },
  Observation(d) {
    return { identifier: this.many(() => this.identifier(), 1), status: status(d, 'final', 'amended', 'preliminary'), category: this.many(() => this.concept(), 1),
      code: { coding: [{ ...this.coding(), code: d.one(codes) }, ...this.many(() => this.coding(), 1)], text: this.may(() => this.text(), 0.3) },
      subject: this.may(() => this.reference('Patient', 'Patient', 'Patient', 'Group', 'Location'), 0.9), encounter: this.may(() => this.reference('Encounter')),
      focus: this.many(() => this.reference('Condition', 'Patient', 'Organization'), 1),
      ...d.one([{}, { effectiveDateTime: this.dateTime() }, { effectivePeriod: this.period() }, { effectiveInstant: this.instant() },
        { effectiveTiming: { event: [this.dateTime(), ...this.many(() => this.dateTime(), 1)] } }]),
      performer: this.many(() => this.reference('Practitioner', 'Organization', 'Patient')), ...this.value(),
      component: this.many(() => ({ code: { coding: [{ ...this.coding(), code: d.one(codes) }] }, ...this.value() })),
      hasMember: this.many(() => this.reference('Observation'), 1) };
  },
  Condition(d) {
    const coded = (system, ...list) => ({ coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code: d.one(list) }] });
    return { identifier: this.many(() => this.identifier(), 1), clinicalStatus: coded('condition-clinical', 'active', 'recurrence'), verificationStatus: this.may(() => coded('condition-ver-status', 'confirmed', 'provisional', 'differential', 'unconfirmed')),
      code: this.may(() => this.concept()), category: this.many(() => this.concept(), 1), bodySite: this.many(() => this.concept(), 1),
      subject: { ...this.reference('Patient', 'Group') }, encounter: this.may(() => this.reference('Encounter')),
      ...d.one([{}, { onsetDateTime: this.dateTime() }, { onsetAge: this.age() }, { onsetPeriod: this.period() }, { onsetRange: this.range() }, { onsetString: this.text() }]),
      recordedDate: this.may(() => this.dateTime()), asserter: this.may(() => this.reference('Practitioner', 'Patient')),
      stage: this.many(() => ({ summary: { text: 's', coding: [this.coding()] } }), 1) };
  },
  RiskAssessment(d) {
    return { status: 'final', subject: { reference: `Patient/${this.id()}` }, condition: this.may(() => this.reference('Condition')), method: this.may(() => this.concept()),
      ...d.one([{}, { occurrenceDateTime: this.dateTime() }, { occurrencePeriod: this.period() }]), performer: this.may(() => this.reference('Practitioner')),
      prediction: this.many(() => ({ outcome: { text: 'o' }, ...d.one([{}, { probabilityDecimal: this.positive() }, { probabilityRange: this.range() }]) })) };
  },
  List(d) {
    return { identifier: this.many(() => this.identifier(), 1), status: status(d, 'current', 'retired'), mode: 'working', title: this.may(() => this.text()), code: this.may(() => this.concept()),
      date: this.may(() => this.dateTime()), subject: this.may(() => this.reference('Patient')),
      entry: Array.from({ length: d.below(6) }, () => ({ item: { reference: `${d.one(['Patient', 'Patient', 'Observation', 'Organization', 'Condition'])}/${this.id()}` }, deleted: d.chance(0.15) || undefined })) };
  },
  Group(d) {
    return { identifier: this.many(() => this.identifier(), 1), type: 'person', actual: true, code: this.may(() => this.concept()), name: this.may(() => this.word()),
      managingEntity: this.may(() => this.reference('Organization', 'Practitioner')), member: this.many(() => ({ entity: this.reference('Patient') }), 3),
      characteristic: this.many(() => ({ code: { coding: [{ ...this.coding(), code: 'a' }] }, exclude: d.chance(0.5),
        ...d.one([{ valueBoolean: true }, { valueQuantity: { value: this.decimal(), unit: 'mg' } }, { valueCodeableConcept: { coding: [{ ...this.coding(), code: 'b' }] } }]) })) };
  },
  MedicationRequest(d) {
    return { identifier: this.many(() => this.identifier(), 1), status: status(d, 'active', 'completed'), intent: status(d, 'order', 'plan'), priority: this.may(() => 'urgent'),
      medicationCodeableConcept: { coding: [{ ...this.coding(), code: d.one(codes) }] }, subject: { reference: `Patient/${this.id()}` }, encounter: this.may(() => this.reference('Encounter')),
      authoredOn: this.may(() => this.dateTime()), requester: this.may(() => this.reference('Practitioner', 'Organization', 'Patient')),
      dosageInstruction: this.many(() => ({ timing: { event: [this.dateTime()] } }), 1) };
  },
  ChargeItem(d) {
    return { status: 'billable', code: { coding: [{ ...this.coding(), code: d.one(codes) }] }, subject: this.subjectOnly(), priceOverride: this.may(() => ({ value: this.decimal(), currency: status(d, 'RUB', 'EUR') })),
      factorOverride: this.may(() => this.decimal()), quantity: this.may(() => this.quantity()), enteredDate: this.may(() => this.dateTime()),
      ...d.one([{}, { occurrenceDateTime: this.dateTime() }, { occurrencePeriod: this.period() }, { occurrenceTiming: { event: [this.dateTime()], repeat: { boundsPeriod: this.period() } } }]) };
  },
  QuestionnaireResponse(d) {
    return { identifier: this.may(() => this.identifier()), questionnaire: this.may(() => d.one(profiles)), status: status(d, 'completed', 'in-progress'), subject: this.may(() => this.reference('Patient', 'Organization')),
      authored: this.may(() => this.dateTime()), source: this.may(() => this.reference('Patient')), encounter: this.may(() => this.reference('Encounter')), partOf: this.many(() => this.reference('Observation'), 1) };
  },
  Questionnaire(d) {
    return { url: d.chance(0.8) ? d.one(profiles).split('|')[0] : undefined, version: this.may(() => d.one(['1', '2'])), status: status(d, 'active', 'draft'), name: this.may(() => this.word()),
      title: this.may(() => this.text()), date: this.may(() => this.dateTime()), subjectType: this.many(() => d.one(['Patient', 'Organization'])), effectivePeriod: this.may(() => this.period()),
      identifier: this.many(() => this.identifier(), 1) };
  },
  ValueSet(d) {
    const local = ['urn:s', 'http://loinc.org'];
    return { url: d.chance(0.5) ? d.one(uris) : undefined, version: this.may(() => d.one(['1', '2'])), status: status(d, 'active', 'draft'), name: this.may(() => this.word()), title: this.may(() => this.text()), publisher: this.may(() => this.text()),
      date: this.may(() => this.dateTime()), identifier: this.many(() => this.identifier(), 1), useContext: this.many(() => this.useContext()), jurisdiction: this.many(() => this.concept(), 1),
      compose: { include: [{ system: d.one(local), concept: codes.filter(() => d.chance(0.3)).map(code => ({ code })) }] } };
  },
};
Maker.prototype.subjectOnly = function subjectOnly() { return { reference: `Patient/${this.id()}` }; };

export const types = Object.keys(makers);

const filtered = (op, value, property = 'concept') => ({ system: v3, filter: [{ property, op, value }] });

/** Fixed terminology: a small code system and value sets of every kind. They stand beside the random resources. */
export const terminology = () => [
  { resourceType: 'CodeSystem', id: 'tree', url: 'http://example.org/codes', status: 'active', content: 'complete',
    concept: [{ code: 'root', concept: [{ code: 'a', concept: [{ code: 'leaf' }] }, { code: 'b' }] }, { code: 'A' }] },
  { resourceType: 'ValueSet', id: 'one', url: setUrls[0], status: 'active',
    compose: { include: [{ system: 'urn:s', concept: [{ code: 'a' }, { code: 'b' }] }, { system: 'http://example.org/codes' }] } },
  { resourceType: 'ValueSet', id: 'two', url: setUrls[1], status: 'active',
    compose: { include: [{ system: 'http://example.org/codes', filter: [{ property: 'concept', op: 'is-a', value: 'a' }] }, { system: 'http://loinc.org', concept: [{ code: '8480-6' }] }] } },
  { resourceType: 'ValueSet', id: 'three', url: setUrls[2], status: 'active',
    compose: { include: [{ valueSet: [setUrls[0]] }], exclude: [{ system: 'urn:s', concept: [{ code: 'b' }] }] } },
  ...[[filtered('is-a', 'IMP'), filtered('=', 'AMB')], [filtered('generalizes', 'ACUTE')], [filtered('is-not-a', '_ActCareProvisionCode'), { valueSet: [shippedSets[1]] }],
    [filtered('descendent-of', '_ActEncounterCode'), filtered('exists', 'true', 'notSelectable')]].map((include, i) => ({
    resourceType: 'ValueSet', id: `set${i + 4}`, url: setUrls[i + 3], status: 'active',
    compose: { include, exclude: i === 3 ? [filtered('in', 'EMER,NONAC')] : undefined } })),
];
