// fhir-kit-client, as it comes from npm, against the program.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CapabilityTool, Client } from 'fhir-kit-client';
import { start } from '../api/server.mjs';
import { ids, included, many, ward } from './world.mjs';

let server, client;
before(async () => {
  server = await start();
  client = new Client({ baseUrl: server.base });
  const made = await client.transaction({ body: ward() });
  assert.equal(made.type, 'transaction-response');
  assert.equal(made.entry.length, 4 + many);
});
after(() => server.remove());

const status = async promise => {
  try { await promise; } catch (error) { return error.response?.status ?? error; }
  return assert.fail('no error');
};

test('the CapabilityStatement tells what can be done', async () => {
  const tool = new CapabilityTool(await client.capabilityStatement());
  assert.ok(tool.serverCan('transaction') && tool.serverCan('batch') && tool.serverCan('history-system'));
  for (const what of ['read', 'vread', 'update', 'delete', 'create', 'search-type', 'history-instance']) assert.ok(tool.resourceCan('Patient', what), what);
  assert.ok(tool.resourceSearch('Patient', 'birthdate'));
  assert.ok(!tool.resourceSearch('Patient', 'nonsense'));
  assert.ok(tool.searchParamsFor({ resourceType: 'Observation' }).includes('code-value-quantity'));
});

test('create, read, update, vread, history, delete', async () => {
  const made = await client.create({ resourceType: 'Patient', body: { resourceType: 'Patient', name: [{ family: 'New' }] } });
  assert.equal(Client.httpFor(made).response.status, 201);
  assert.equal((await client.read({ resourceType: 'Patient', id: made.id })).name[0].family, 'New');
  const changed = await client.update({ resourceType: 'Patient', id: made.id, body: { ...made, name: [{ family: 'Newer' }] } });
  assert.equal(changed.meta.versionId, '2');
  assert.equal((await client.vread({ resourceType: 'Patient', id: made.id, version: '1' })).name[0].family, 'New');
  const history = await client.history({ resourceType: 'Patient', id: made.id });
  assert.deepEqual(history.entry.map(e => e.resource.meta.versionId), ['2', '1']);
  assert.ok((await client.history({ resourceType: 'Patient' })).entry.length >= 4);
  assert.ok((await client.history()).entry.length > 0);
  await client.delete({ resourceType: 'Patient', id: made.id });
  assert.equal(await status(client.read({ resourceType: 'Patient', id: made.id })), 410);
});

test('return=minimal, conditional update', async () => {
  const minimal = await client.create({ resourceType: 'Basic', body: { resourceType: 'Basic', code: { text: 'x' } }, options: { headers: { Prefer: 'return=minimal' } } });
  const { response } = Client.httpFor(minimal);
  assert.equal(response.status, 201);
  assert.match(response.headers.get('Location'), /\/Basic\/.+\/_history\/1$/);
  const patient = await client.read({ resourceType: 'Patient', id: 'ivan' });
  const updated = await client.update({ resourceType: 'Patient', searchParams: { identifier: 'urn:mrn|1' }, body: { ...patient, active: true } });
  assert.equal(updated.id, 'ivan');
  assert.equal(updated.active, true);
});

test('errors come with an OperationOutcome', async () => {
  assert.equal(await status(client.read({ resourceType: 'Patient', id: 'nobody' })), 404);
  assert.equal(await status(client.search({ resourceType: 'Patient', searchParams: { nonsense: '1' } })), 400);
  await assert.rejects(client.create({ resourceType: 'Patient', body: { resourceType: 'Patient', gender: 'cat' } }),
    error => error.response.data.resourceType === 'OperationOutcome' && error.response.data.issue[0].expression[0] === 'Patient.gender');
});

test('search by GET and POST, over types, in a compartment', async () => {
  const query = { family: 'petrov', birthdate: 'lt1980' };
  assert.deepEqual(ids(await client.search({ resourceType: 'Patient', searchParams: query })), ['ivan']);
  assert.deepEqual(ids(await client.search({ resourceType: 'Patient', searchParams: query, options: { postSearch: true } })), ['ivan']);
  assert.deepEqual(ids(await client.systemSearch({ searchParams: { _type: 'Patient', _id: 'anna' } })), ['anna']);
  const mine = await client.compartmentSearch({ resourceType: 'Observation', compartment: { resourceType: 'Patient', id: 'ivan' }, searchParams: { _total: 'accurate' } });
  assert.equal(mine.total, many);
});

test('pages forward and back', async () => {
  const seen = [];
  let bundle = await client.search({ resourceType: 'Observation', searchParams: { _count: '10', code: 'http://loinc.org|8480-6' } });
  const first = ids(bundle);
  for (let at = bundle; at; at = await client.nextPage({ bundle: at })) {
    seen.push(...ids(at));
    bundle = at;
  }
  assert.equal(seen.length, many);
  assert.equal(new Set(seen).size, many);
  bundle = await client.prevPage({ bundle });
  bundle = await client.prevPage({ bundle });
  assert.deepEqual(ids(bundle), first);
  assert.equal(await client.prevPage({ bundle }), undefined);
});

test('includes, both ways', async () => {
  const bundle = await client.search({ resourceType: 'Patient', searchParams: { _id: 'ivan', _include: ['Patient:organization', 'Patient:general-practitioner'], _revinclude: 'Observation:subject' } });
  assert.deepEqual(ids(bundle), ['ivan']);
  assert.deepEqual(included(bundle), [...Array(many).fill('Observation'), 'Organization', 'Practitioner']);
});

test('references resolve: over the network, within a Bundle, contained', async () => {
  const patient = await client.read({ resourceType: 'Patient', id: 'ivan' });
  assert.equal((await client.resolve({ reference: patient.managingOrganization.reference })).name, 'Ward 7');
  assert.equal((await client.resolve({ reference: `${server.base}/Patient/anna` })).id, 'anna');
  const bundle = await client.search({ resourceType: 'Patient', searchParams: { _id: 'ivan,anna' } });
  assert.equal((await client.resolve({ reference: 'Patient/anna', context: bundle })).id, 'anna');
  const held = await client.create({ resourceType: 'Patient', body: { resourceType: 'Patient', contained: [{ resourceType: 'Organization', id: 'o', name: 'Inner' }], managingOrganization: { reference: '#o' } } });
  assert.equal((await client.resolve({ reference: '#o', context: held })).name, 'Inner');
});

test('a batch of questions', async () => {
  const answers = await client.batch({ body: { resourceType: 'Bundle', type: 'batch', entry: [
    { request: { method: 'GET', url: 'Patient/ivan' } }, { request: { method: 'GET', url: 'Observation?patient=ivan&_count=5' } }, { request: { method: 'GET', url: 'Patient/nobody' } }] } });
  assert.deepEqual(answers.entry.map(e => e.response.status.slice(0, 3)), ['200', '200', '404']);
  assert.equal(answers.entry[1].resource.entry.length, 5);
});
