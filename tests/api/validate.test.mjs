// $validate and `zdravo validate`, from outside.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { client, start } from './server.mjs';

let server;
before(async () => {
  server = await start();
  client(server);
});
after(() => server.remove());

const type = 'application/fhir+json';
const post = async (path, body, headers = {}) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${server.base}/${path}`, { method: 'POST', headers: { 'content-type': type, ...headers }, body: text });
  return { status: response.status, body: await response.json() };
};
const put = (path, body) => fetch(`${server.base}/${path}`, { method: 'PUT', headers: { 'content-type': type }, body: JSON.stringify(body) });
const errors = ({ status, body }) => {
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.resourceType, 'OperationOutcome');
  return body.issue.filter(i => i.severity === 'error' || i.severity === 'fatal');
};

const good = { resourceType: 'Patient', id: 'p1', active: true, contact: [{ name: { family: 'Chalmers' } }] };
const bad = { ...good, contact: [{ gender: 'female' }] };

test('what is right has no errors', async () => {
  assert.deepEqual(errors(await post('Patient/$validate', good)), []);
});

test('an invariant is told with its rule, its place and where it is defined', async () => {
  const [issue, ...more] = errors(await post('Patient/$validate', JSON.stringify(bad, null, 1)));
  assert.equal(more.length, 0);
  assert.equal(issue.code, 'invariant');
  assert.deepEqual(issue.details.coding.map(c => c.code), ['invariant', 'pat-1']);
  assert.deepEqual(issue.expression, ['Patient.contact[0]']);
  assert.deepEqual(issue.extension.map(e => e.valueInteger ?? e.valueString), [6, 3, 'http://hl7.org/fhir/StructureDefinition/Patient|4.0.1']);
});

test('what the reader finds is told with what validation finds', async () => {
  const found = errors(await post('Patient/$validate', { ...bad, gendre: 'male' }));
  assert.deepEqual(found.map(i => i.details.coding[0].code), ['structure', 'invariant']);
  assert.equal(errors(await post('Patient/$validate', '{"resourceType":')).length, 1);
});

test('messages are in Russian for whom prefers it', async () => {
  const [issue] = errors(await post('Patient/$validate', bad, { 'accept-language': 'ru' }));
  assert.match(issue.details.text, /^Нарушено правило pat-1/);
});

test('a profile of the standard is asked for in the address or in Parameters', async () => {
  const profile = 'http://hl7.org/fhir/StructureDefinition/bodyweight';
  const weight = { resourceType: 'Observation', status: 'final', code: { text: 'weight' } };
  const found = errors(await post(`Observation/$validate?profile=${encodeURIComponent(profile)}`, weight));
  assert.ok(found.some(i => i.details.coding.some(c => c.code === 'Observation.subject')), JSON.stringify(found));
  const parameter = [{ name: 'profile', valueUri: profile }, { name: 'resource', resource: weight }];
  assert.equal(errors(await post('$validate', { resourceType: 'Parameters', parameter })).length, found.length);
  assert.deepEqual(errors(await post('Observation/$validate', weight)), []);
});

test('a profile that is not known is told, and is no error', async () => {
  const answer = await post('Patient/$validate?profile=http://example.org/none', good);
  assert.deepEqual(errors(answer), []);
  assert.ok(answer.body.issue.some(i => i.details.coding[0].code === 'profile-unknown'));
});

test('what is stored is validated where it is', async () => {
  assert.equal((await put('Patient/p1', bad)).status, 201);
  const response = await fetch(`${server.base}/Patient/p1/$validate`);
  assert.equal(errors({ status: response.status, body: await response.json() }).length, 1);
  assert.equal((await fetch(`${server.base}/Patient/none/$validate`)).status, 404);
});

test('references are followed in the record', async () => {
  const profile = 'http://hl7.org/fhir/StructureDefinition/shareableplandefinition';
  const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: 'Patient/p1', type: 'Group' } };
  const found = errors(await post(`Observation/$validate?mode=create`, observation));
  assert.deepEqual(found.map(i => i.details.coding[0].code), ['reference-says-type']);
  assert.equal(errors(await post(`Observation/$validate?profile=${profile}`, observation)).length, 2);
});

test('refuses by name what it does not take', async () => {
  assert.equal((await post('Patient/$validate?mode=wish', good)).status, 400);
  assert.equal((await post('Patient/$validate?strict=true', good)).status, 400);
  assert.equal((await post('Observation/$validate', good)).status, 400);
  assert.equal(errors(await post('Patient/p2/$validate?mode=update', good)).length, 1);
  assert.equal((await post('$validate', { resourceType: 'Parameters', parameter: [{ name: 'mode', valueCode: 'create' }] })).status, 400);
});

test('the CapabilityStatement names it', async () => {
  const { rest } = await (await fetch(`${server.base}/metadata`)).json();
  assert.ok(rest[0].operation.some(o => o.name === 'validate'));
  assert.ok(rest[0].resource.every(r => r.operation.some(o => o.name === 'validate')));
});

test('zdravo validate: profiles without a snapshot, slices, exit status', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zd-validate-'));
  const write = (name, content) => {
    writeFileSync(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };
  const program = process.env.ZD_PROGRAM;
  try {
    const url = 'http://example.org/StructureDefinition/with-snils';
    const profile = write('profile.json', {
      resourceType: 'StructureDefinition', url, name: 'WithSnils', status: 'active', kind: 'resource', abstract: false,
      type: 'Patient', baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient', derivation: 'constraint',
      differential: { element: [
        { id: 'Patient', path: 'Patient', constraint: [{ key: 'born', severity: 'error', human: 'is born', expression: 'birthDate.exists()' }] },
        { id: 'Patient.identifier', path: 'Patient.identifier', min: 1, slicing: { discriminator: [{ type: 'value', path: 'system' }], rules: 'open' } },
        { id: 'Patient.identifier:snils', path: 'Patient.identifier', sliceName: 'snils', min: 1, max: '1' },
        { id: 'Patient.identifier:snils.system', path: 'Patient.identifier.system', min: 1, fixedUri: 'urn:oid:1.2.643.100.3' },
        { id: 'Patient.identifier:snils.value', path: 'Patient.identifier.value', min: 1, maxLength: 11 }] },
    });
    const identifier = (system, value) => ({ ...good, birthDate: '1974-12-25', identifier: [{ system, value }] });
    const run = (file, ...args) => {
      const { status, stdout } = spawnSync(program, ['validate', file, '--package', profile, '--profile', url, '--json', ...args], { encoding: 'utf8' });
      return { status, rules: errors({ status: 200, body: JSON.parse(stdout) }).map(i => i.details.coding[1]?.code) };
    };
    assert.deepEqual(run(write('a.json', identifier('urn:oid:1.2.643.100.3', '11223344595'))), { status: 0, rules: [] });
    assert.deepEqual(run(write('b.json', identifier('urn:oid:1.2.643.100.3', '112233445951'))), { status: 1, rules: ['Patient.identifier:snils.value'] });
    assert.deepEqual(run(write('c.json', identifier('urn:oid:1.2.643.100.4', '1'))), { status: 1, rules: ['Patient.identifier:snils'] });
    assert.deepEqual(run(write('d.json', good)), { status: 1, rules: ['born', 'Patient.identifier', 'Patient.identifier:snils'] });
    assert.equal(spawnSync(program, ['validate', join(folder, 'none.json')]).status, 3);
    assert.equal(spawnSync(program, ['validate']).status, 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
