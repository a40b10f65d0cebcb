// Contained resources: _contained, and chains that look into them (R4 search.html#contained).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, pages, start } from './server.mjs';

let server, api;
const medication = (id, code, extra) => ({ resourceType: 'Medication', id, code: { coding: [{ system: 'urn:codes', code }] }, ...extra });
const request = (id, code, refer = '#m') => ({ resourceType: 'MedicationRequest', id, status: 'active', intent: 'order',
  subject: { reference: 'Patient/p' }, medicationReference: { reference: refer }, contained: [medication('m', code)] });

before(async () => {
  server = await start();
  api = client(server);
  await api.put('Medication/plain', medication('plain', 'abc'));
  for (let i = 0; i < 30; i++) await api.put(`MedicationRequest/r${i}`, request(`r${i}`, i % 3 ? 'abc' : 'xyz'));
});
after(() => server.remove());

const found = async query => (await pages(server, query)).entries.map(e => e.resource.id).sort();
const numbered = fits => Array.from({ length: 30 }, (_, i) => i).filter(fits).map(i => `r${i}`).sort();

test('chains look into contained resources', async () => {
  assert.deepEqual(await found('MedicationRequest?medication.code=urn:codes|xyz&_count=7'), numbered(i => i % 3 === 0));
  assert.deepEqual(await found('MedicationRequest?medication:Medication.code=nothing'), []);
});

test('_contained: containers, by themselves or beside what matches itself', async () => {
  assert.deepEqual(await found('Medication?code=abc'), ['plain']);
  assert.deepEqual(await found('Medication?code=abc&_contained=true&_count=6'), numbered(i => i % 3));
  assert.deepEqual(await found('Medication?code=abc&_contained=both&_count=6'), ['plain', ...numbered(i => i % 3)].sort());
  const { body } = await api.get('Medication?code=xyz&_contained=true&_total=accurate&_sort=-_lastUpdated');
  assert.equal(body.total, 10);
  assert.match(body.entry[0].fullUrl, /MedicationRequest\/r27$/);
});

test('what changes is found as it is now', async () => {
  await api.put('MedicationRequest/r0', request('r0', 'new'));
  await api.delete('MedicationRequest/r3');
  assert.deepEqual(await found('MedicationRequest?medication.code=new'), ['r0']);
  assert.deepEqual(await found('Medication?code=xyz&_contained=true'), numbered(i => i % 3 === 0 && i > 3));
});

test('conditions see what comes to be contained: of many at once one creates', async () => {
  const headers = { 'If-None-Exist': 'medication.code=urn:codes|raced' };
  const answers = await Promise.all(Array.from({ length: 200 }, () =>
    api.post('MedicationRequest', request(undefined, 'raced'), { headers })));
  assert.equal(answers.filter(a => a.status === 201).length, 1);
  assert.equal(answers.filter(a => a.status === 200).length, 199);
});

test('_containedType=contained: on their own, with an address behind that of the container', async () => {
  const { body } = await api.get('Medication?code=new&_contained=true&_containedType=contained');
  assert.equal(body.total, 1);
  const [{ fullUrl, resource, search }] = body.entry;
  assert.match(fullUrl, /\/fhir\/MedicationRequest\/r0#m$/);
  assert.deepEqual(resource, medication('m', 'new'));
  assert.deepEqual(search, { mode: 'match' });
});

test('several of one container, sorted, in pages forwards and back', async () => {
  const codes = ['c', 'a', 'd', 'b'], parts = codes.map((code, i) => medication(`p${i}`, `part-${code}`));
  await api.put('MedicationRequest/four', { ...request('four', 'x', '#p0'), contained: parts });
  const query = 'Medication?code=part-a,part-b,part-c,part-d&_contained=both&_containedType=contained&_total=accurate';
  const ids = async q => (await pages(server, q)).entries.map(e => e.resource.id);
  assert.deepEqual(await ids(`${query}&_count=3`), ['p0', 'p1', 'p2', 'p3']);
  assert.deepEqual(await ids(`${query}&_sort=code&_count=3`), ['p1', 'p3', 'p0', 'p2']);
  assert.deepEqual(await ids(`${query}&_sort=-code&_count=1`), ['p2', 'p0', 'p3', 'p1']);
  const link = (bundle, relation) => bundle.link.find(l => l.relation === relation)?.url.replace(/.*\/fhir\//, '');
  const first = (await api.get(`${query}&_sort=code&_count=3`)).body, second = (await api.get(link(first, 'next'))).body;
  assert.deepEqual([first.total, second.total], [4, 4]);
  assert.deepEqual((await api.get(link(second, 'previous'))).body.entry.map(e => e.resource.id), ['p1', 'p3', 'p0']);
  assert.deepEqual((await api.get(link(first, 'last'))).body.entry.map(e => e.resource.id), ['p3', 'p0', 'p2']);
  assert.equal((await api.get(`${query}&_summary=count`)).body.total, 4);
});

test('includes follow what matched, not what surrounds it', async () => {
  await api.put('Organization/maker', { resourceType: 'Organization', id: 'maker', name: 'Maker' });
  await api.put('Patient/p', { resourceType: 'Patient', id: 'p' });
  await api.put('MedicationRequest/made', { ...request('made'), contained: [medication('m', 'made', { manufacturer: { reference: 'Organization/maker' } })] });
  for (const type of ['container', 'contained']) {
    const { body } = await api.get(`Medication?code=made&_contained=true&_containedType=${type}&_include=Medication:manufacturer&_include=*`);
    assert.deepEqual(body.entry.map(e => [e.search.mode, e.resource.id]), [['match', type === 'container' ? 'made' : 'm'], ['include', 'maker']]);
  }
});

test('_summary and _elements of what is contained', async () => {
  const { body } = await api.get('Medication?code=made&_contained=true&_containedType=contained&_elements=code');
  assert.equal(body.entry[0].resource.manufacturer, undefined);
  assert.equal(body.entry[0].resource.meta.tag[0].code, 'SUBSETTED');
});

test('_has: the container refers to what it contains', async () => {
  assert.deepEqual(await found('Medication?_contained=true&code=new&_has:MedicationRequest:medication:intent=order'), ['r0']);
  assert.deepEqual(await found('Medication?_contained=true&code=new&_has:MedicationRequest:medication:intent=plan'), []);
});

test('refusals name the parameter', async () => {
  for (const [query, why] of [['_contained=true&_text=a&_sort=_score', /no score/], ['_contained=x', /true, both or false/],
    ['_contained=true&_containedType=both', /container or contained/]]) {
    const answer = await api.get(`Medication?${query}`);
    assert.equal(answer.status, 400);
    assert.match(answer.body.issue[0].diagnostics, why);
  }
  assert.equal((await api.get('Observation/$lastn?_contained=true')).status, 400);
});
