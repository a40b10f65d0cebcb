// batch and transaction (http.html#transaction).
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { client, pages, patient, start } from './server.mjs';

let server, api;
before(async () => { server = await start(); api = client(server); });
after(() => server.remove());

const bundle = (type, ...entry) => ({ resourceType: 'Bundle', type, entry });
const entry = (method, url, resource, more = {}) => ({ ...more, resource, request: { method, url, ...more.request } });
const observation = (subject, more = {}) => ({
  resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: subject }, ...more,
});

test('references by urn:uuid are resolved in references, URIs and the narrative', async () => {
  const p = 'urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9', o = 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a';
  const text = { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${p}">p</a></div>` };
  const answer = await api.post('', bundle('transaction',
    { fullUrl: o, ...entry('POST', 'Observation', observation(p, { text, instantiatesUri: undefined, extension: [{ url: 'urn:x', valueUri: p }] })) },
    { fullUrl: p, ...entry('POST', 'Patient', patient()) }));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.type, 'transaction-response');
  const [a, b] = answer.body.entry.map(e => e.response);
  assert.equal(a.status, '201 Created');
  const reference = b.location.replace(/\/_history\/1$/, '');
  const stored = (await api.get(a.location.replace(/\/_history\/1$/, ''))).body;
  assert.equal(stored.subject.reference, reference);
  assert.equal(stored.extension[0].valueUri, reference);
  assert.match(stored.text.div, new RegExp(`href="${reference}"`));
});

test('a transaction is all or nothing', async () => {
  const before = (await api.get('Patient?_summary=count')).body.total;
  const answer = await api.post('', bundle('transaction', entry('POST', 'Patient', patient()),
    entry('PUT', 'Patient/x1', patient({ id: 'other' }))));
  assert.equal(answer.status, 400);
  assert.equal(answer.body.issue[0].expression[0], 'Bundle.entry[1]');
  assert.equal((await api.get('Patient?_summary=count')).body.total, before);
});

test('an unresolved reference names itself and stops the transaction', async () => {
  const answer = await api.post('', bundle('transaction', entry('POST', 'Observation', observation('urn:uuid:00000000-0000-4000-8000-000000000000'))));
  assert.equal(answer.status, 412);
  assert.match(answer.text, /00000000-0000-4000-8000-000000000000/);
});

test('deletes come before creates, creates before updates, questions last', async () => {
  await api.put('Patient/t1', patient({ id: 't1', identifier: [{ system: 'urn:t', value: '1' }] }));
  const answer = await api.post('', bundle('transaction',
    entry('GET', 'Patient?identifier=urn:t|1'),
    entry('PUT', 'Patient/t2', patient({ id: 't2', identifier: [{ system: 'urn:t', value: '1' }] })),
    entry('DELETE', 'Patient/t1')));
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.body.entry.map(e => e.response.status), ['200 OK', '201 Created', '204 No Content']);
  assert.deepEqual(answer.body.entry[0].resource.entry.map(e => e.resource.id), ['t2']);
});

test('conditional references find the one resource that matches, or refuse', async () => {
  await api.put('Patient/c1', patient({ id: 'c1', identifier: [{ system: 'urn:c', value: '1' }] }));
  const fine = await api.post('', bundle('transaction', entry('POST', 'Observation', observation('Patient?identifier=urn:c|1'))));
  assert.equal(fine.status, 200, fine.text);
  const made = await api.get(fine.body.entry[0].response.location.replace(/\/_history\/1$/, ''));
  assert.equal(made.body.subject.reference, 'Patient/c1');
  const missing = await api.post('', bundle('transaction', entry('POST', 'Observation', observation('Patient?identifier=urn:c|2'))));
  assert.equal(missing.status, 412);
  assert.match(missing.text, /urn:c\|2/);
});

test('conditional create within a transaction; two alike are one', async () => {
  const one = () => entry('POST', 'Patient', patient({ identifier: [{ system: 'urn:i', value: '1' }] }),
    { request: { ifNoneExist: 'identifier=urn:i|1' } });
  const first = await api.post('', bundle('transaction', one(), one()));
  assert.equal(first.status, 200, first.text);
  assert.deepEqual(first.body.entry.map(e => e.response.status), ['201 Created', '200 OK']);
  const second = await api.post('', bundle('transaction', one()));
  assert.equal(second.body.entry[0].response.status, '200 OK');
  assert.equal((await pages(server, 'Patient?identifier=urn:i|1')).entries.length, 1);
});

test('one resource may not be written twice by a transaction', async () => {
  const answer = await api.post('', bundle('transaction', entry('PUT', 'Patient/w', patient({ id: 'w' })), entry('DELETE', 'Patient/w'),
    entry('PUT', 'Patient/w', patient({ id: 'w' }))));
  assert.equal(answer.status, 400);
});

test('a batch answers every entry for itself', async () => {
  const answer = await api.post('', bundle('batch', entry('POST', 'Patient', patient()), entry('PUT', 'Patient/q', patient({ id: 'r' })),
    entry('GET', 'Patient/nobody'), entry('GET', 'metadata'), entry('PATCH', 'Patient/1/_history', patient())));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.type, 'batch-response');
  assert.deepEqual(answer.body.entry.map(e => e.response.status.slice(0, 3)), ['201', '400', '404', '200', '405']);
  assert.equal(answer.body.entry[1].response.outcome.resourceType, 'OperationOutcome');
});

const faulty = [
  ['a wrong code', entry('POST', 'Patient', patient({ gender: 'bad' })), /^Bundle\.entry\[1\]\.resource\.gender$/, /gender|bad/],
  ['an unknown element of the resource', entry('POST', 'Patient', patient({ colour: 1 })), /^Bundle\.entry\[1\]\.resource/, /colour/],
  ['an unknown element of the entry', { ...entry('POST', 'Patient', patient()), colour: 1 }, /^Bundle\.entry\[1\]/, /colour/],
  ['an unknown type', entry('POST', 'Elephant', { resourceType: 'Elephant' }), /^Bundle\.entry\[1\]\.resource/, /Elephant/],
  ['no request', { resource: patient() }, /^Bundle\.entry\[1\]$/, /request/],
  ['a request without method', { resource: patient(), request: { url: 'Patient' } }, /^Bundle\.entry\[1\]\.request/, /method/],
  ['an unknown method', entry('EAT', 'Patient', patient()), /^Bundle\.entry\[1\]\.request\.method$/, /EAT/],
  ['a url that is no uri', entry('POST', 'Pat ient', patient()), /^Bundle\.entry\[1\]\.request\.url$/, /URI/],
  ['null', null, /^Bundle\.entry\[1\]$/, /./],
  ['a number', 7, /^Bundle\.entry\[1\]$/, /./],
  ['nothing', {}, /^Bundle\.entry\[1\]$/, /./],
];
for (const [name, bad, where, what] of faulty) {
  test(`each entry of a batch is as if alone: ${name}`, async () => {
    const before = (await api.get('Patient?_summary=count')).body.total;
    const entries = [entry('POST', 'Patient', patient()), bad, entry('POST', 'Patient', patient()), entry('GET', 'Patient?_summary=count')];
    const answer = await api.post('', bundle('batch', ...entries));
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.entry.map(e => e.response.status.slice(0, 3)), ['201', '400', '201', '200']);
    const [issue] = answer.body.entry[1].response.outcome.issue;
    assert.match(issue.expression[0], where);
    assert.match(issue.diagnostics, what);
    assert.equal(answer.body.entry[3].resource.total, before + 2);
    const refused = await api.post('', bundle('transaction', ...entries));
    assert.equal(refused.status, 400, refused.text);
    assert.match(refused.body.issue[0].expression[0], where);
    assert.equal((await api.get('Patient?_summary=count')).body.total, before + 2);
  });
}

test('faults of batch entries are told with their line and column', async () => {
  const raw = '{"resourceType":"Bundle","type":"batch","entry":[\n' +
    '{"request":{"method":"GET","url":"Patient/nobody"}},{"resource":{"resourceType":"Patient","gender":"bad"}},\n' +
    '{"request":{"method":"POST","url":"Patient"},\n "resource":{"resourceType":"Patient",\n   "gender":"worse","birthDate":"x"}}, 7,\n {"a":1}]}';
  const answer = await api.post('', undefined, { raw });
  assert.equal(answer.status, 200, answer.text);
  const places = answer.body.entry.slice(1).flatMap(e => e.response.outcome.issue).map(i => /\(line (\d+), column (\d+)\)/.exec(i.diagnostics).slice(1).join(':'));
  const lines = raw.split('\n');
  const at = (line, text) => `${line}:${lines[line - 1].indexOf(text) + 1}`;
  assert.deepEqual(places, [at(2, '"bad"'), at(5, '"worse"'), at(5, '"x"'), at(5, '7,'), at(6, '"a"')]);
});

test('a batch of many faulty entries: each is told, the good ones are stored', async () => {
  const entries = Array.from({ length: 3000 }, (_, i) => i % 3 ? entry('PUT', `Patient/m${i}`, patient({ id: `m${i}` }))
    : entry('PUT', `Patient/m${i}`, patient({ id: `m${i}`, birthDate: 'x', gender: 'y', colour: 'z' })));
  const answer = await api.post('', bundle('batch', ...entries));
  assert.equal(answer.status, 200, answer.text.slice(0, 500));
  for (const [i, e] of answer.body.entry.entries()) {
    assert.equal(e.response.status.slice(0, 3), i % 3 ? '201' : '400');
    if (i % 3 === 0) {
      assert.equal(e.response.outcome.issue.length, 3);
      assert.ok(e.response.outcome.issue.every(x => x.expression[0].startsWith(`Bundle.entry[${i}].resource`)));
    }
  }
});

test('an entry nested too deep fails alone', async () => {
  let deep = { url: 'urn:x', valueString: 'x' };
  for (let i = 0; i < 40; i++) deep = { url: 'urn:x', extension: [deep] };
  const answer = await api.post('', bundle('batch', entry('POST', 'Patient', patient({ extension: [deep] })), entry('POST', 'Patient', patient())));
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.body.entry.map(e => e.response.status.slice(0, 3)), ['413', '201']);
  assert.equal(answer.body.entry[0].response.outcome.issue[0].expression[0], 'Bundle.entry[0]');
});

test('faults of the Bundle itself refuse a batch', async () => {
  const good = JSON.stringify(entry('POST', 'Patient', patient()));
  const before = (await api.get('Patient?_summary=count')).body.total;
  for (const raw of [`{"resourceType":"Bundle","type":"batch","entry":[${good},{"resource":}]}`,
    `{"resourceType":"Bundle","type":"batch","entry":[${good}`,
    `{"resourceType":"Bundle","entry":[${good}]}`,
    `{"resourceType":"Bundle","type":"batch","entry":${good}}`,
    `{"resourceType":"Bundle","type":"batch","entry":[${good}],"total":-1}`,
    `{"resourceType":"Bundle","type":"batch","colour":1,"entry":[${good}]}`]) {
    const answer = await api.post('', undefined, { raw });
    assert.equal(answer.status, 400, raw + answer.text);
    assert.equal(answer.body.resourceType, 'OperationOutcome');
  }
  assert.equal((await api.get('Patient?_summary=count')).body.total, before);
});

test('Prefer: return=representation puts the resources into the answer', async () => {
  const answer = await api.post('', bundle('transaction', entry('POST', 'Patient', patient())), { headers: { Prefer: 'return=representation' } });
  assert.equal(answer.body.entry[0].resource.resourceType, 'Patient');
});

test('other Bundles are not processed', async () => {
  assert.equal((await api.post('', bundle('collection'))).status, 400);
  assert.equal((await api.post('', patient())).status, 400);
});

const shared = `${process.env.ZD_SHARED ?? ''}/data/synthea/transaction-25000-entries.json`;
test('25,000 entries: refused while nine resources are missing, then stored at once', { skip: existsSync(shared) ? false : '1 case: no load data here' }, async () => {
  const raw = readFileSync(shared);
  const refused = await api.post('', undefined, { raw });
  assert.equal(refused.status, 412);
  const named = ['9999999619', '9999906509', '9999984519', '24cb4eab-6166-3530-bddc-a5a8a14a4fc1', 'b06770b5-b695-3c1a-9685-ae2223966ff7',
    'd521fff1-507b-3f0c-b3d4-5ae2650e1e9b', 'e7defd99-1c69-307b-9e99-5bb405c3bd7d', '069940a6-dba4-3f95-9915-3fac8c83e85c', '64a0ab02-5070-3764-9a31-4736cd91fce8'];
  for (const value of named) assert.ok(refused.text.includes(value), value);
  assert.equal((await api.get('Encounter?_summary=count')).body.total, 0);
  const make = (type, system, value, more) => entry('POST', type, { resourceType: type, identifier: [{ system, value }], ...more });
  const npi = 'http://hl7.org/fhir/sid/us-npi', own = 'https://github.com/synthetichealth/synthea';
  await api.post('', bundle('transaction', ...named.slice(0, 3).map(v => make('Practitioner', npi, v)),
    ...named.slice(3, 6).map(v => make('Organization', own, v, { name: v })), ...named.slice(6).map(v => make('Location', own, v))));
  const stored = await api.post('', undefined, { raw });
  assert.equal(stored.status, 200, stored.text.slice(0, 500));
  assert.equal(stored.body.entry.length, 25000);
  assert.equal((await api.get('Encounter?_summary=count')).body.total, 1999);
  assert.equal((await api.get('Observation?_summary=count')).body.total >= 8344, true);
});
