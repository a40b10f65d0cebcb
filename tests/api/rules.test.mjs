// Rules of the RESTful specification that are easy to get wrong: what is not understood is refused, what a
// transaction does is seen by its other entries, histories and pages tell the truth about their size.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { client, pages, patient, start } from './server.mjs';

let server, api;
before(async () => { server = await start(); api = client(server); });
after(() => server.remove());

const bundle = (type, ...entry) => ({ resourceType: 'Bundle', type, entry });
const entry = (method, url, resource, more = {}) => ({ ...more, resource, request: { method, url, ...more.request } });
const known = value => ({ identifier: [{ system: 'urn:rule', value }] });
const statuses = answer => answer.body.entry.map(e => e.response.status.slice(0, 3));

test('conditions that an interaction cannot heed are refused, not ignored', async () => {
  await api.put('Patient/k1', patient({ id: 'k1' }));
  const headers = { 'If-None-Exist': 'identifier=urn:rule|k1' };
  assert.equal((await api.put('Patient/k1', patient({ id: 'k1' }), { headers })).status, 400);
  assert.equal((await api.post('Patient', patient(), { headers: { 'If-Match': 'W/"1"' } })).status, 400);
  assert.equal((await api.post('Patient', patient(), { headers: { 'If-None-Match': '*' } })).status, 400);
  assert.equal((await api.post('Patient', patient(), { headers: { 'If-None-Exist': '' } })).status, 400);
  const answer = await api.post('', bundle('batch', entry('PUT', 'Patient/k1', patient({ id: 'k1' }), { request: { ifNoneExist: 'a=b' } }),
    entry('POST', 'Patient', patient(), { request: { ifMatch: 'W/"1"' } })));
  assert.deepEqual(statuses(answer), ['400', '400']);
});

test('entity tags: lists, *, and those that are not ours', async () => {
  await api.put('Patient/tag', patient({ id: 'tag' }));
  const read = (name, value) => api.get('Patient/tag', { headers: { [name]: value } });
  for (const [name, value, status] of [['If-None-Match', 'W/"7", W/"1"', 304], ['If-None-Match', '*', 304], ['If-None-Match', 'W/"2"', 200],
    ['If-None-Match', '"other"', 200], ['If-Match', 'W/"1"', 200], ['If-Match', '*', 200], ['If-Match', 'W/"2"', 412]])
    assert.equal((await read(name, value)).status, status, `${name}: ${value}`);
  const write = (id, value) => api.put(`Patient/${id}`, patient({ id }), { headers: { 'If-Match': value } });
  assert.equal((await write('tag', '*')).status, 200);
  assert.equal((await write('tag', 'W/"9", W/"2"')).status, 200);
  assert.equal((await write('tag', 'old')).status, 400);
  assert.equal((await write('nobody', '*')).status, 412);
});

test('media types: weights and FHIR versions count', async () => {
  const get = Accept => api.get('Patient?_count=0', { headers: { Accept } });
  assert.equal((await get('application/fhir+json; fhirVersion=4.0')).status, 200);
  assert.equal((await get('application/fhir+json; fhirVersion=3.0')).status, 406);
  assert.equal((await get('application/fhir+json;q=0')).status, 406);
  assert.equal((await get('application/fhir+json;q=0, */*;q=0.1')).status, 200);
  const post = type => api.post('Patient', patient(), { headers: { 'Content-Type': type } });
  assert.equal((await post('application/fhir+json; fhirVersion=5.0')).status, 415);
  assert.equal((await post('application/fhir+json; fhirVersion="4.0"; charset=UTF-8')).status, 201);
});

test('bytes that are no text are refused, and what is told about them is text', async () => {
  for (const path of ['Patient?name=%FF', 'Patient/%FF%FE', '%C3%28', 'Patient/1/_history/%FF', `Patient?_pretty=${'%D0%96'.repeat(600)}`,
    `${'%D0%96'.repeat(3000)}`]) {
    const answer = await fetch(`${server.base}/${path}`);
    assert.ok(answer.status >= 400 && answer.status < 500, `${path.slice(0, 40)}: ${answer.status}`);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await answer.arrayBuffer());
    assert.equal(JSON.parse(text).resourceType, 'OperationOutcome');
    assert.ok(text.length < 2000);
  }
});

test('_elements: unknown names are refused, choices go by either name', async () => {
  await api.put('Observation/el', { resourceType: 'Observation', id: 'el', status: 'final', code: { text: 'x' }, valueString: 'v', note: [{ text: 'n' }] });
  assert.equal((await api.get('Observation/el?_elements=valeu')).status, 400);
  assert.equal((await api.get('Observation/el?_elements=valeu', { headers: { Prefer: 'handling=lenient' } })).status, 200);
  for (const name of ['value', 'valueString', 'Observation.value']) {
    const { body } = await api.get(`Observation/el?_elements=${name}`);
    assert.equal(body.valueString, 'v', name);
    assert.equal(body.note, undefined);
  }
});

test('a write answers in the shape that was asked for', async () => {
  const answer = await api.post('Patient?_elements=gender', patient({ active: true }));
  assert.equal(answer.status, 201);
  assert.equal(answer.body.gender, 'female');
  assert.equal(answer.body.active, undefined);
});

test('batch entries: HEAD without a body, ifNoneMatch and ifModifiedSince as in a read', async () => {
  await api.put('Patient/b1', patient({ id: 'b1' }));
  const answer = await api.post('', bundle('batch', entry('HEAD', 'Patient/b1'), entry('GET', 'Patient/b1', undefined, { request: { ifNoneMatch: 'W/"1"' } }),
    entry('GET', 'Patient/b1', undefined, { request: { ifModifiedSince: '2100-01-01T00:00:00Z' } }),
    entry('GET', 'Patient/b1', undefined, { request: { ifModifiedSince: '2000-01-01T00:00:00Z' } }), entry('GET', `${server.base}/Patient/b1`),
    entry('GET', `${server.base}x/Patient/b1`)));
  assert.deepEqual(statuses(answer), ['200', '304', '304', '200', '200', '404']);
  assert.deepEqual(answer.body.entry.map(e => !!e.resource), [false, false, false, true, true, false]);
});

test('what a transaction deletes is not there for its conditions', async () => {
  await api.put('Patient/gone', patient({ id: 'gone', ...known('g') }));
  const answer = await api.post('', bundle('transaction', entry('POST', 'Patient', patient(known('g')), { request: { ifNoneExist: 'identifier=urn:rule|g' } }),
    entry('DELETE', 'Patient/gone')));
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(statuses(answer), ['201', '204']);
  const found = (await pages(server, 'Patient?identifier=urn:rule|g')).entries;
  assert.equal(found.length, 1);
  const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: 'Patient?identifier=urn:rule|g' } };
  const refused = await api.post('', bundle('transaction', entry('POST', 'Observation', observation), entry('DELETE', `Patient/${found[0].resource.id}`)));
  assert.equal(refused.status, 412);
});

test('a conditional reference may mean what the transaction creates on the same condition', async () => {
  const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: 'Patient?identifier=urn:rule|n' } };
  const answer = await api.post('', bundle('transaction', entry('POST', 'Observation', observation),
    entry('POST', 'Patient', patient(known('n')), { request: { ifNoneExist: 'identifier=urn:rule|n' } })));
  assert.equal(answer.status, 200, answer.text);
  const made = answer.body.entry.map(e => e.response.location.replace(/\/_history\/.*/, ''));
  assert.equal((await api.get(made[0])).body.subject.reference, made[1]);
});

test('a conditional create that finds its resource answers with the version it found', async () => {
  await api.put('Patient/cf', patient({ id: 'cf', ...known('cf') }));
  const headers = { 'If-None-Exist': 'identifier=urn:rule|cf', Prefer: 'return=representation' };
  const answer = await api.post('Patient', patient(known('cf')), { headers });
  assert.equal(answer.status, 200);
  assert.equal(answer.body.id, 'cf');
  assert.equal(answer.headers.get('etag'), 'W/"1"');
});

test('fullUrls of an answer are distinct (bdl-7)', async () => {
  const one = () => entry('POST', 'Patient', patient(known('d')), { request: { ifNoneExist: 'identifier=urn:rule|d' } });
  const answer = await api.post('', bundle('transaction', one(), one()));
  const urls = answer.body.entry.filter(e => e.fullUrl).map(e => e.fullUrl + (e.resource?.meta?.versionId ?? ''));
  assert.equal(new Set(urls).size, urls.length);
});

test('history: totals and links agree with the entries for _count=0, _summary=count, _at, _since', async () => {
  for (let i = 0; i < 5; i++) await api.put('Basic/h', { resourceType: 'Basic', id: 'h', code: { text: `${i}` } });
  await new Promise(done => setTimeout(done, 20));
  const middle = new Date().toISOString();
  await new Promise(done => setTimeout(done, 20));
  for (let i = 5; i < 8; i++) await api.put('Basic/h', { resourceType: 'Basic', id: 'h', code: { text: `${i}` } });
  const get = async query => (await api.get(`Basic/h/_history?${query}`)).body;
  for (const query of ['_count=0', '_summary=count']) {
    const body = await get(query);
    assert.equal(body.total, 8, query);
    assert.equal(body.entry, undefined);
    assert.equal(body.link.find(l => l.relation === 'next'), undefined);
  }
  assert.equal((await get(`_since=${middle}`)).entry.length, 3);
  const at = await get(`_at=${middle}`);
  assert.equal(at.total, 1);
  assert.equal(at.entry[0].resource.code.text, '4');
  const both = await get(`_at=${middle}&_since=${middle}`);
  assert.equal(both.total, 0);
  assert.equal(both.entry, undefined);
  assert.equal((await api.get('Basic/h/_history?_since=2024&_since=2025')).status, 400);
  const paged = await pages(server, 'Basic/h/_history?_count=3');
  assert.equal(paged.entries.length, 8);
});

test('POST _search may have all its parameters in the address', async () => {
  const answer = await fetch(`${server.base}/Patient/_search?_count=0`, { method: 'POST' });
  assert.equal(answer.status, 200);
});

test('bodies are limited by what they are once unpacked', async () => {
  const form = 'name=' + 'a'.repeat(3 << 20);
  const answer = await fetch(`${server.base}/Patient/_search`, { method: 'POST', body: gzipSync(form),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Encoding': 'gzip' } });
  assert.equal(answer.status, 413);
  const bomb = await fetch(`${server.base}/Patient`, { method: 'POST', body: gzipSync(Buffer.alloc(80 << 20, 32)),
    headers: { 'Content-Type': 'application/fhir+json', 'Content-Encoding': 'gzip' } });
  assert.equal(bomb.status, 413);
});

test('answers that may be coded say so to caches', async () => {
  const answer = await fetch(`${server.base}/metadata`, { headers: { 'Accept-Encoding': 'identity' } });
  assert.match(answer.headers.get('vary'), /Accept-Encoding/);
});

test('large resources make small pages, none is lost', async () => {
  const data = 'QUFB'.repeat(3 << 20); // 12 MiB
  for (let i = 0; i < 5; i++) await api.put(`Binary/l${i}`, { resourceType: 'Binary', id: `l${i}`, contentType: 'text/plain', data });
  const { entries, count } = await pages(server, 'Binary?_count=5');
  assert.equal(entries.length, 5);
  assert.ok(count > 1);
});
