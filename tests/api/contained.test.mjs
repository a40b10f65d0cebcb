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

test('refusals name the parameter', async () => {
  for (const [query, why] of [['_contained=true&_sort=code', /ordered by/], ['_contained=x', /true, both or false/],
    ['_contained=true&_containedType=contained', /within their containers/]]) {
    const answer = await api.get(`Medication?${query}`);
    assert.equal(answer.status, 400);
    assert.match(answer.body.issue[0].diagnostics, why);
  }
});
