// What both clients are tested on: a ward with patients, their doctor and what was measured.
export const many = 25;

export const ward = () => ({ resourceType: 'Bundle', type: 'transaction', entry: [
  { fullUrl: 'urn:uuid:8d3c1f3e-0000-4000-8000-000000000001', resource: { resourceType: 'Organization', name: 'Ward 7' }, request: { method: 'POST', url: 'Organization' } },
  { fullUrl: 'urn:uuid:8d3c1f3e-0000-4000-8000-000000000002', resource: { resourceType: 'Practitioner', name: [{ family: 'Ёлкина' }] }, request: { method: 'POST', url: 'Practitioner' } },
  { resource: { resourceType: 'Patient', id: 'ivan', identifier: [{ system: 'urn:mrn', value: '1' }], name: [{ family: 'Petrov', given: ['Ivan'] }], gender: 'male', birthDate: '1970-03-01',
    managingOrganization: { reference: 'urn:uuid:8d3c1f3e-0000-4000-8000-000000000001' },
    generalPractitioner: [{ reference: 'urn:uuid:8d3c1f3e-0000-4000-8000-000000000002' }] }, request: { method: 'PUT', url: 'Patient/ivan' } },
  { resource: { resourceType: 'Patient', id: 'anna', name: [{ family: 'Smirnova', given: ['Anna'] }], gender: 'female', birthDate: '1991-11-20' }, request: { method: 'PUT', url: 'Patient/anna' } },
  ...Array.from({ length: many }, (_, i) => ({ resource: { resourceType: 'Observation', id: `pressure-${i}`, status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '8480-6' }] }, subject: { reference: 'Patient/ivan' }, effectiveDateTime: `2024-01-${String(i + 1).padStart(2, '0')}`,
    valueQuantity: { value: 100 + i, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' } }, request: { method: 'PUT', url: `Observation/pressure-${i}` } })),
] });

export const ids = bundle => (bundle.entry ?? []).filter(e => e.search?.mode !== 'include').map(e => e.resource.id);
export const included = bundle => (bundle.entry ?? []).filter(e => e.search?.mode === 'include').map(e => e.resource.resourceType).sort();
