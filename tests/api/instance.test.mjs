// read, vread, create, update, delete, versions and preconditions (http.html).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, patient, start } from './server.mjs';

let server, api;
before(async () => { server = await start(); api = client(server); });
after(() => server.remove());

const issue = answer => answer.body.issue[0];

test('a created resource has an id, a version, a time and an address', async () => {
  const made = await api.post('Patient', patient());
  assert.equal(made.status, 201);
  assert.match(made.body.id, /^[A-Za-z0-9.-]{1,64}$/);
  assert.equal(made.body.meta.versionId, '1');
  assert.match(made.body.meta.lastUpdated, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(made.headers.get('etag'), 'W/"1"');
  assert.equal(made.headers.get('location'), `${server.base}/Patient/${made.body.id}/_history/1`);
  const read = await api.get(`Patient/${made.body.id}`);
  assert.equal(read.status, 200);
  assert.deepEqual(read.body, made.body);
  assert.equal(read.headers.get('content-type'), 'application/fhir+json;charset=utf-8');
  assert.equal(new Date(read.headers.get('last-modified')).getTime(),
    Math.floor(new Date(made.body.meta.lastUpdated).getTime() / 1000) * 1000);
});

test('an id in the body of a create is not used', async () => {
  const made = await api.post('Patient', patient({ id: 'mine' }));
  assert.equal(made.status, 201);
  assert.notEqual(made.body.id, 'mine');
});

test('an update makes a new version, the old one stays readable', async () => {
  const { body: one } = await api.post('Patient', patient());
  const two = await api.put(`Patient/${one.id}`, { ...one, active: true });
  assert.equal(two.status, 200);
  assert.equal(two.body.meta.versionId, '2');
  const old = await api.get(`Patient/${one.id}/_history/1`);
  assert.equal(old.status, 200);
  assert.deepEqual(old.body, one);
  assert.equal((await api.get(`Patient/${one.id}/_history/3`)).status, 404);
  assert.equal((await api.get(`Patient/${one.id}/_history/x`)).status, 404);
});

test('an update of what is not there creates it', async () => {
  const made = await api.put('Patient/chosen-1', patient({ id: 'chosen-1' }));
  assert.equal(made.status, 201);
  assert.equal(made.body.id, 'chosen-1');
});

test('an update whose id differs from its address, or is missing, is refused', async () => {
  const wrong = await api.put('Patient/a', patient({ id: 'b' }));
  assert.equal(wrong.status, 400);
  assert.match(issue(wrong).diagnostics, /"b".*"a"/);
  assert.equal((await api.put('Patient/a', patient())).status, 400);
});

test('a deleted resource is gone, its history stays, it can be brought back', async () => {
  const { body: one } = await api.post('Patient', patient());
  const gone = await api.delete(`Patient/${one.id}`);
  assert.equal(gone.status, 204);
  const read = await api.get(`Patient/${one.id}`);
  assert.equal(read.status, 410);
  assert.equal(issue(read).code, 'deleted');
  assert.equal((await api.get(`Patient/${one.id}/_history/1`)).status, 200);
  assert.equal((await api.get(`Patient/${one.id}/_history/2`)).status, 410);
  assert.equal((await api.delete(`Patient/${one.id}`)).status, 204);
  const back = await api.put(`Patient/${one.id}`, one);
  assert.equal(back.status, 201);
  assert.equal(back.body.meta.versionId, '3');
});

test('If-Match guards an update', async () => {
  const { body: one } = await api.post('Patient', patient());
  const stale = await api.put(`Patient/${one.id}`, one, { headers: { 'If-Match': 'W/"7"' } });
  assert.equal(stale.status, 412);
  assert.match(issue(stale).diagnostics, /W\/"7".*version 1/);
  const fine = await api.put(`Patient/${one.id}`, one, { headers: { 'If-Match': 'W/"1"' } });
  assert.equal(fine.status, 200);
  assert.equal((await api.put(`Patient/${one.id}`, one, { headers: { 'If-Match': 'yesterday' } })).status, 400);
  assert.equal((await api.delete(`Patient/${one.id}`, { headers: { 'If-Match': 'W/"1"' } })).status, 412);
  assert.equal((await api.delete(`Patient/${one.id}`, { headers: { 'If-Match': 'W/"2"' } })).status, 204);
});

test('If-None-Match and If-Modified-Since save the body', async () => {
  const { body: one, headers } = await api.post('Patient', patient());
  const same = await api.get(`Patient/${one.id}`, { headers: { 'If-None-Match': 'W/"1"' } });
  assert.equal(same.status, 304);
  assert.equal(same.text, '');
  assert.equal((await api.get(`Patient/${one.id}`, { headers: { 'If-None-Match': 'W/"2"' } })).status, 200);
  const since = headers.get('last-modified');
  assert.equal((await api.get(`Patient/${one.id}`, { headers: { 'If-Modified-Since': since } })).status, 304);
  assert.equal((await api.get(`Patient/${one.id}`, { headers: { 'If-Modified-Since': 'Thu, 01 Jan 2015 00:00:00 GMT' } })).status, 200);
});

test('Prefer: return chooses what a write answers', async () => {
  const minimal = await api.post('Patient', patient(), { headers: { Prefer: 'return=minimal' } });
  assert.equal(minimal.status, 201);
  assert.equal(minimal.text, '');
  assert.ok(minimal.headers.get('location'));
  const outcome = await api.post('Patient', patient(), { headers: { Prefer: 'return=OperationOutcome' } });
  assert.equal(outcome.status, 201);
  assert.equal(outcome.body.resourceType, 'OperationOutcome');
});

test('what is not there, or not understood, is said so', async () => {
  for (const [path, status, code] of [
    ['Patient/nobody', 404, 'not-found'], ['Patients/1', 404, 'not-supported'], ['Patient/1/x/y/z', 404, 'not-found'],
    ['Patient/has space', 400, 'value'], ['Patient/1/$everything', 404, 'not-found'], ['Patient/1/$frobnicate', 404, 'not-supported'],
    ['Patient/1?colour=red', 400, 'not-supported'], ['Patient/1?_summary=most', 400, 'value'],
    ['Patient/1?_format=ttl', 406, 'not-supported']]) {
    const answer = await api.get(path.replace(' ', '%20'));
    assert.equal(answer.status, status, path);
    assert.equal(issue(answer).code, code, path);
    assert.ok(issue(answer).diagnostics.length > 5, path);
  }
});

test('methods that an address does not have are named', async () => {
  const answer = await api.post('Patient/1', patient());
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get('allow'), 'GET, HEAD, PUT, PATCH, DELETE');
});

test('every fault of a body is reported, with its place', async () => {
  const answer = await api.post('Patient', undefined, { raw: '{"resourceType":"Patient",\n "gender":"nobody",\n "birthDate":"1984-13-01",\n "colour":1}' });
  assert.equal(answer.status, 400);
  assert.equal(answer.body.resourceType, 'OperationOutcome');
  const places = answer.body.issue.map(i => i.expression?.[0]).sort();
  assert.deepEqual(places, ['Patient', 'Patient.birthDate', 'Patient.gender']);
});

test('a resource of another type, or no JSON at all, is refused', async () => {
  assert.equal((await api.post('Observation', patient())).status, 400);
  assert.equal((await api.post('Patient', undefined, { raw: 'hello' })).status, 400);
  assert.equal((await api.post('Patient', undefined, { raw: '<Patient/>', headers: { 'Content-Type': 'text/turtle' } })).status, 415);
});

test('decimals keep their text', async () => {
  const raw = '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}';
  const made = await api.post('Observation', undefined, { raw });
  assert.equal(made.status, 201);
  assert.match((await api.get(`Observation/${made.body.id}`)).text, /"value":1\.50\}/);
});

test('HEAD tells the length and sends nothing', async () => {
  const { body: one } = await api.post('Patient', patient());
  const read = await api.get(`Patient/${one.id}`), head = await api.head(`Patient/${one.id}`);
  assert.equal(head.status, 200);
  assert.equal(head.text, '');
  assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(read.text)));
});

test('_pretty, _summary, _elements shape a read', async () => {
  const { body: one } = await api.post('Patient', patient({ maritalStatus: { text: 'x' }, photo: [{ title: 'p' }] }));
  assert.match((await api.get(`Patient/${one.id}?_pretty=true`)).text, /^\{\n  "resourceType": "Patient"/);
  const summary = (await api.get(`Patient/${one.id}?_summary=true`)).body;
  assert.equal(summary.photo, undefined);
  assert.equal(summary.gender, 'female');
  assert.equal(summary.meta.tag.at(-1).code, 'SUBSETTED');
  const some = (await api.get(`Patient/${one.id}?_elements=gender`)).body;
  assert.equal(some.gender, 'female');
  assert.equal(some.name, undefined);
});

test('gzip and zstd, both ways', async () => {
  const { gzipSync } = await import('node:zlib');
  const long = patient({ name: Array.from({ length: 40 }, (_, i) => ({ family: `Имя${i}` })) });
  const made = await api.post('Patient', undefined, { raw: gzipSync(JSON.stringify(long)), headers: { 'Content-Encoding': 'gzip' } });
  assert.equal(made.status, 201);
  const read = await api.get(`Patient/${made.body.id}`, { headers: { 'Accept-Encoding': 'gzip' } });
  assert.equal(read.headers.get('content-encoding'), 'gzip');
  assert.equal(read.body.name.length, 40);
  const bad = await api.post('Patient', undefined, { raw: 'not gzip', headers: { 'Content-Encoding': 'gzip' } });
  assert.equal(bad.status, 400);
  assert.equal((await api.post('Patient', long, { headers: { 'Content-Encoding': 'br' } })).status, 415);
});

test('request ids are echoed', async () => {
  const given = await api.get('metadata', { headers: { 'X-Request-Id': 'abc-123' } });
  assert.equal(given.headers.get('x-request-id'), 'abc-123');
  assert.ok((await api.get('metadata')).headers.get('x-request-id'));
});
