// fhirclient (SMART's JavaScript library), as it comes from npm, against the program.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import smart from 'fhirclient';
import { start } from '../api/server.mjs';
import { ids, included, many, ward } from './world.mjs';

let server, client;
before(async () => {
  server = await start();
  client = smart({}, {}, {}).client(server.base);
  const made = await client.request({ url: '', method: 'POST', body: JSON.stringify(ward()), headers: { 'content-type': 'application/fhir+json' } });
  assert.equal(made.type, 'transaction-response');
});
after(() => server.remove());

test('the version is known', async () => {
  assert.equal(await client.getFhirVersion(), '4.0.1');
  assert.equal(await client.getFhirRelease(), 4);
});

test('create, update, delete; errors tell what the server said', async () => {
  const made = await client.create({ resourceType: 'Patient', name: [{ family: 'New' }] });
  assert.equal(made.meta.versionId, '1');
  const changed = await client.update({ ...made, gender: 'female' });
  assert.equal(changed.meta.versionId, '2');
  assert.equal((await client.request(`Patient/${made.id}/_history/1`)).gender, undefined);
  assert.equal((await client.request(`Patient/${made.id}/_history`)).entry.length, 2);
  await client.delete(`Patient/${made.id}`);
  await assert.rejects(client.request(`Patient/${made.id}`), error => error.statusCode === 410 || error.status === 410);
  await assert.rejects(client.request('Patient?nonsense=1'), /nonsense/);
  await assert.rejects(client.create({ resourceType: 'Patient', gender: 'cat' }), /gender|cat/);
});

test('resources() and pages() walk all pages', async () => {
  const seen = [];
  for await (const resource of client.resources('Observation?patient=ivan&_count=10')) seen.push(resource.id);
  assert.equal(seen.length, many);
  const sizes = [];
  for await (const page of client.pages('Observation?patient=ivan&_count=10')) sizes.push(page.entry.length);
  assert.deepEqual(sizes, [10, 10, many - 20]);
});

test('pageLimit 0 with flat: every page, one list', async () => {
  const all = await client.request('Observation?patient=ivan&_count=7', { pageLimit: 0, flat: true });
  assert.equal(all.length, many);
  assert.equal(new Set(all.map(o => o.id)).size, many);
});

test('references are resolved, into the resource and as a graph', async () => {
  const patient = await client.request('Patient/ivan', { resolveReferences: ['managingOrganization', 'generalPractitioner'], graph: true });
  assert.equal(patient.managingOrganization.name, 'Ward 7');
  assert.equal(patient.generalPractitioner[0].name[0].family, 'Ёлкина');
  const references = await client.getReferences(await client.request('Observation/pressure-3'), ['subject']);
  assert.equal(references['Patient/ivan'].gender, 'male');
});

test('includes and searches', async () => {
  const bundle = await client.request('Observation?patient.family=petrov&_include=Observation:subject&_sort=-date&_count=3');
  assert.deepEqual(ids(bundle), [1, 2, 3].map(k => `pressure-${many - k}`));
  assert.deepEqual(included(bundle), ['Patient']);
});

test('a patient in context', async () => {
  const scoped = smart({}, {}, {}).client({ serverUrl: server.base, tokenResponse: { patient: 'ivan' } });
  assert.equal((await scoped.patient.read()).id, 'ivan');
  const own = await scoped.patient.request('Observation?_count=100');
  assert.equal(own.entry.length, many);
});
