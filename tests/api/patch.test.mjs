// PATCH with JSON Patch: on instances, on conditions, in Bundles; all of it or nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, client, patient, start } from './server.mjs';

let server, api;
before(async () => { server = await start(); api = client(server); });
after(() => server.remove());

const JSON_PATCH = 'application/json-patch+json', XML_PATCH = 'application/xml-patch+xml';
const patch = (path, operations, headers = {}) => ask(server.base, 'PATCH', path, { raw: typeof operations === 'string' ? operations : JSON.stringify(operations),
  headers: { 'Content-Type': JSON_PATCH, ...headers } });
const diagnostics = answer => answer.body.issue.map(i => i.diagnostics).join(' | ');
const fresh = async (id, more) => assert.ok((await api.put(`Patient/${id}`, patient({ id, ...more }))).status < 300);

test('a patch makes a new version, found and shown like any other', async () => {
  await fresh('p1', { identifier: [{ system: 'urn:p', value: '1' }] });
  const answer = await patch('Patient/p1', [{ op: 'test', path: '/gender', value: 'female' }, { op: 'replace', path: '/gender', value: 'other' },
    { op: 'add', path: '/name/0/given/-', value: 'Мария' }, { op: 'remove', path: '/birthDate' }]);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get('etag'), 'W/"2"');
  assert.equal(answer.body.meta.versionId, '2');
  assert.deepEqual([answer.body.gender, answer.body.birthDate, answer.body.name[0].given], ['other', undefined, ['Анна', 'Ивановна', 'Мария']]);
  assert.deepEqual((await api.get('Patient/p1')).body, answer.body);
  assert.equal((await api.get('Patient?identifier=urn:p|1&gender=other&_summary=count')).body.total, 1);
  assert.equal((await api.get('Patient/p1/_history')).body.total, 2);
  assert.equal((await patch('Patient/p1', [{ op: 'test', path: '/meta/versionId', value: '2' }], { Prefer: 'return=minimal' })).text, '');
  const outcome = await patch('Patient/p1', [], { Prefer: 'return=OperationOutcome' });
  assert.equal(outcome.body.resourceType, 'OperationOutcome');
  const xml = await patch('Patient/p1', [{ op: 'add', path: '/active', value: true }], { Accept: 'application/fhir+xml' });
  assert.match(xml.text, /<active value="true"\/>/);
});

test('decimals keep their text', async () => {
  await api.put('Observation/d', undefined, { raw: '{"resourceType":"Observation","id":"d","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}' });
  const answer = await patch('Observation/d', '[{"op":"test","path":"/valueQuantity/value","value":1.5},{"op":"add","path":"/component","value":[{"code":{"text":"y"},"valueQuantity":{"value":2.00}}]}]');
  assert.equal(answer.status, 200, answer.text);
  assert.match((await api.get('Observation/d')).text, /"value":1\.50.*"value":2\.00/);
});

test('what fails changes nothing, and is told by its status', async () => {
  await fresh('p2');
  for (const [operations, status, why] of [
    [[{ op: 'remove', path: '/gender' }, { op: 'test', path: '/birthDate', value: '2000-01-01' }], 409, /operation 1 .*test failed/],
    [[{ op: 'replace', path: '/deceasedBoolean', value: true }], 409, /nothing at/], [[{ op: 'add', path: '/contact/0/name', value: {} }], 409, /no "0"|no "contact"/],
    [[{ op: 'frobnicate', path: '/a' }], 400, /no operation/], ['{"op":"add"}', 400, /array/], ['[', 400, /JSON/], ['', 400, /JSON/],
    [[{ op: 'replace', path: '/gender', value: 'x' }, { op: 'add', path: '/colour', value: 1 }], 422, /value set.*no element/],
    [[{ op: 'replace', path: '/id', value: 'p9' }], 422, /id/], [[{ op: 'remove', path: '/id' }], 422, /id/],
    [[{ op: 'replace', path: '/resourceType', value: 'Person' }], 422, /type|element/], [[{ op: 'replace', path: '', value: [] }], 422, /object/],
    [Array.from({ length: 60 }, (_, i) => ({ op: 'copy', from: '', path: `/x${i}` })), 413, /too large|deep/]]) {
    const answer = await patch('Patient/p2', operations);
    assert.equal(answer.status, status, `${JSON.stringify(operations).slice(0, 80)} ${answer.text}`);
    assert.match(diagnostics(answer), why);
  }
  assert.equal((await api.get('Patient/p2')).body.meta.versionId, '1');
});

test('targets and versions', async () => {
  await fresh('p3');
  assert.equal((await patch('Patient/nobody', [])).status, 404);
  await fresh('p4');
  await api.delete('Patient/p4');
  assert.equal((await patch('Patient/p4', [])).status, 410);
  assert.equal((await patch('Patient/p3', [{ op: 'remove', path: '/gender' }], { 'If-Match': 'W/"7"' })).status, 412);
  assert.equal((await patch('Patient/p3', [{ op: 'remove', path: '/gender' }], { 'If-Match': 'W/"1"' })).status, 200);
  const media = await patch('Patient/p3', [], { 'Content-Type': 'application/fhir+json' });
  assert.equal(media.status, 415);
  assert.equal(media.headers.get('accept-patch'), `${JSON_PATCH}, ${XML_PATCH}`);
  assert.equal((await patch('Patient/p3', [], { 'Content-Type': 'application/merge-patch+json' })).status, 415);
  assert.equal((await api.put('Patient/p3', undefined, { raw: '[]', headers: { 'Content-Type': JSON_PATCH } })).status, 415);
});

test('a conditional patch needs exactly one match', async () => {
  await fresh('c1', { identifier: [{ system: 'urn:c', value: '1' }] });
  await fresh('c2', { identifier: [{ system: 'urn:c', value: '2' }, { system: 'urn:c', value: 'both' }] });
  await fresh('c3', { identifier: [{ system: 'urn:c', value: 'both' }] });
  const one = await patch('Patient?identifier=urn:c|1', [{ op: 'add', path: '/active', value: true }]);
  assert.equal(one.status, 200, one.text);
  assert.deepEqual([one.body.id, one.body.active], ['c1', true]);
  assert.equal((await patch('Patient?identifier=urn:c|none', [])).status, 404);
  assert.equal((await patch('Patient?identifier=urn:c|both', [])).status, 412);
  assert.equal((await patch('Patient', [])).status, 412);
  assert.equal((await patch('Patient?identifier=urn:c|1', [], { 'If-Match': 'W/"1"' })).status, 412);
});

const binary = (operations, contentType = JSON_PATCH) => ({ resourceType: 'Binary', contentType, data: Buffer.from(JSON.stringify(operations)).toString('base64') });
const entry = (url, resource, more = {}) => ({ resource, request: { method: 'PATCH', url, ...more } });
const statuses = answer => answer.body.entry.map(e => e.response.status.slice(0, 3));

test('XML Patch', async () => {
  await fresh('x1', { text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>a</p></div>' } });
  const apply = (operations, headers = {}) => patch('Patient/x1', `<diff xmlns="http://hl7.org/fhir" xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml">${operations}</diff>`,
    { 'Content-Type': XML_PATCH, ...headers });
  const answer = await apply(`<replace sel="f:Patient/f:gender/@value">other</replace><remove sel="f:Patient/f:birthDate"/>
    <add sel="f:Patient/f:name" ><given value="Мария"/></add><add sel="f:Patient/f:gender" pos="before"><telecom><value value="1"/></telecom></add>
    <replace sel="f:Patient/f:text/h:div/h:p/text()">б &amp; в</replace>`);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual([answer.body.gender, answer.body.birthDate, answer.body.name[0].given, answer.body.telecom, answer.body.text.div, answer.body.meta.versionId],
    ['other', undefined, ['Анна', 'Ивановна', 'Мария'], [{ value: '1' }], '<div xmlns="http://www.w3.org/1999/xhtml"><p>б &amp; в</p></div>', '2']);
  for (const [operations, status, why] of [['<remove sel="f:Patient/f:birthDate"/>', 409, /0 nodes/], ['<remove sel="f:Patient/f:name/f:given"/>', 409, /3 nodes/], ['', 400, /no operations/],
    ['<frob sel="f:Patient"/>', 400, /frob/], ['<remove sel="f:Patient["/>', 400, /XPath/], ['<add sel="f:Patient"><colour value="1"/></add>', 422, /colour/],
    ['<add sel="f:Patient"><active value="true"/></add>', 422, /before/], ['<replace sel="f:Patient/f:id/@value">y</replace>', 422, /id/], ['<remove sel="f:Patient"/>', 400, /left/]]) {
    const refused = await apply(operations);
    assert.equal(refused.status, status, `${operations} ${refused.text}`);
    assert.match(diagnostics(refused), why);
  }
  assert.equal((await patch('Patient/x1', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><diff/>', { 'Content-Type': XML_PATCH })).status, 400);
  const text = '<diff xmlns="http://hl7.org/fhir"><remove sel="f:Patient/f:gender"/></diff>';
  const batch = await api.post('', { resourceType: 'Bundle', type: 'batch', entry: [entry('Patient/x1', { resourceType: 'Binary', contentType: XML_PATCH, data: Buffer.from(text).toString('base64') })] });
  assert.deepEqual(statuses(batch), ['200'], batch.text);
  assert.equal((await api.get('Patient/x1')).body.gender, undefined);
});

test('patches in batches and transactions', async () => {
  await fresh('b1', { identifier: [{ system: 'urn:b', value: '1' }] });
  await fresh('b2');
  const batch = await api.post('', { resourceType: 'Bundle', type: 'batch', entry: [entry('Patient/b1', binary([{ op: 'add', path: '/active', value: true }])),
    entry('Patient/b2', binary([{ op: 'test', path: '/gender', value: 'male' }])), entry('Patient?identifier=urn:b|1', binary([{ op: 'remove', path: '/gender' }])),
    entry('Patient/b2', binary([], 'application/merge-patch+json')), entry('Patient/b2', { resourceType: 'Parameters' }), entry('Patient/b2'),
    entry('Patient/b2', binary([{ op: 'remove', path: '/gender' }]), { ifMatch: 'W/"4"' })] });
  assert.deepEqual(statuses(batch), ['200', '409', '200', '400', '400', '400', '412'], batch.text);
  const stored = (await api.get('Patient/b1')).body;
  assert.deepEqual([stored.active, stored.gender, stored.meta.versionId], [true, undefined, '3']);
  const full = 'urn:uuid:0f5c1c7e-51a2-4c0a-9d5b-0a1b2c3d4e5f';
  const good = await api.post('', { resourceType: 'Bundle', type: 'transaction', entry: [
    { fullUrl: full, resource: { resourceType: 'Organization', name: 'x' }, request: { method: 'POST', url: 'Organization' } },
    entry('Patient/b2', binary([{ op: 'add', path: '/managingOrganization', value: { reference: full } }]))] }, { headers: { Prefer: 'return=representation' } });
  assert.equal(good.status, 200, good.text);
  assert.match(good.body.entry[1].resource.managingOrganization.reference, /^Organization\//);
  const bad = await api.post('', { resourceType: 'Bundle', type: 'transaction', entry: [entry('Patient/b1', binary([{ op: 'remove', path: '/active' }])),
    entry('Patient/b2', binary([{ op: 'add', path: '/colour', value: 1 }]))] });
  assert.equal(bad.status, 422);
  assert.equal(bad.body.issue[0].expression[0], 'Bundle.entry[1]');
  assert.equal((await api.get('Patient/b1')).body.active, true);
  const twice = await api.post('', { resourceType: 'Bundle', type: 'transaction', entry: [entry('Patient/b1', binary([])), entry('Patient/b1', binary([]))] });
  assert.equal(twice.status, 400);
});

test('many patches of one resource at once: none is lost', async () => {
  await fresh('race', { telecom: [{ value: '0' }] });
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => patch('Patient/race', [{ op: 'add', path: '/telecom/-', value: { value: `${i + 1}` } }])));
  assert.ok(answers.every(a => a.status === 200), answers.map(a => a.status).join());
  const values = (await api.get('Patient/race')).body.telecom.map(t => Number(t.value)).sort((a, b) => a - b);
  assert.deepEqual(values, Array.from({ length: 41 }, (_, i) => i));
});

test('the CapabilityStatement says so', async () => {
  const { body } = await api.get('metadata');
  assert.deepEqual(body.patchFormat, [JSON_PATCH, XML_PATCH]);
  assert.ok(body.rest[0].resource.every(r => r.interaction.some(i => i.code === 'patch')));
});
