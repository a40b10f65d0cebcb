// $fhirpath and `zdravo fhirpath`, from outside.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { client, start } from './server.mjs';

let server, api;
before(async () => {
  server = await start();
  api = client(server);
});
after(() => server.remove());

const patient = {
  resourceType: 'Patient', id: 'p1', active: true, birthDate: '1974-12-25',
  name: [{ use: 'official', family: 'Chalmers', given: ['Peter', 'James'] }, { use: 'usual', given: ['Jim'] }],
  contact: [{ gender: 'female' }], managingOrganization: { reference: 'Organization/o1' },
};
const ask = async (parameters, resource = patient) => {
  const parameter = [...Object.entries(parameters).map(([name, value]) => (typeof value === 'string' ? { name, valueString: value } : { name, ...value })),
    ...(resource ? [{ name: 'resource', resource }] : [])];
  const response = await fetch(`${server.base}/$fhirpath`, {
    method: 'POST', headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Parameters', parameter }),
  });
  return { status: response.status, body: await response.json() };
};
const results = ({ status, body }) => {
  assert.equal(status, 200, JSON.stringify(body));
  return body.parameter.filter(p => p.name === 'result');
};
const values = answer => results(answer)[0].part?.map(p => Object.entries(p).find(([k]) => k.startsWith('value'))?.[1]) ?? [];
const extension = (part, name) => part.extension?.find(e => e.url.endsWith(name))?.valueString;

test('gives each item with its type and place', async () => {
  const [result] = results(await ask({ expression: 'name.given' }));
  assert.deepEqual(result.part.map(p => [p.name, p.valueString, extension(p, 'resource-path')]), [
    ['string', 'Peter', 'Patient.name[0].given[0]'],
    ['string', 'James', 'Patient.name[0].given[1]'],
    ['string', 'Jim', 'Patient.name[1].given[0]']]);
});

test('gives values of System as those of FHIR', async () => {
  const [result] = results(await ask({ expression: "(1 | 1.50 | 'a' | true | @2012-04 | 4 'mg' | 3 days | @T10:30:00).trace('all')" }));
  assert.deepEqual(result.part.map(p => p.name), ['integer', 'decimal', 'string', 'boolean', 'date', 'Quantity', 'Quantity', 'time']);
  assert.deepEqual(result.part[5].valueQuantity, { value: 4, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' });
  assert.deepEqual(result.part[6].valueQuantity, { value: 3, unit: 'days' });
});

test('keeps decimals as they are', async () => {
  const response = await fetch(`${server.base}/$fhirpath`, {
    method: 'POST', headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: 'expression', valueString: '1.10 + 0.40' }, { name: 'resource', resource: patient }] }),
  });
  assert.match(await response.text(), /"valueDecimal":1\.50[^0-9]/);
});

test('runs on each context', async () => {
  const list = results(await ask({ context: 'name', expression: 'given.count()' }));
  assert.deepEqual(list.map(r => [r.valueString, r.part[0].valueInteger]), [['Patient.name[0]', 2], ['Patient.name[1]', 1]]);
});

test('takes variables, and resources as variables', async () => {
  const variables = { part: [{ name: 'kind', valueCode: 'official' }, { name: 'other', resource: { resourceType: 'Patient', gender: 'male' } }] };
  assert.deepEqual(values(await ask({ variables, expression: 'name.where(use = %kind).family | %other.gender' })), ['Chalmers', 'male']);
});

test('complex elements come as what they are, backbone elements as their JSON', async () => {
  const [names] = results(await ask({ expression: 'name[1]' }));
  assert.deepEqual(names.part[0].valueHumanName, { use: 'usual', given: ['Jim'] });
  const [contacts] = results(await ask({ expression: 'contact' }));
  assert.equal(contacts.part[0].name, 'Patient.contact');
  assert.deepEqual(JSON.parse(extension(contacts.part[0], 'json-value')), { gender: 'female' });
  const [whole] = results(await ask({ expression: '$this' }));
  assert.equal(whole.part[0].resource.id, 'p1');
});

test('resolve looks in the record', async () => {
  await api.put('Organization/o1', { resourceType: 'Organization', id: 'o1', name: 'Acme' });
  assert.deepEqual(values(await ask({ expression: 'managingOrganization.resolve().name' })), ['Acme']);
  assert.deepEqual(values(await ask({ expression: "'Organization/none'.resolve()" })), []);
});

test('refuses with the column, and says what it does not support', async () => {
  const wrong = await ask({ expression: 'name.givn' });
  assert.equal(wrong.status, 400);
  assert.match(wrong.body.issue[0].diagnostics, /column 6: there is no givn in HumanName/);
  assert.equal((await ask({ expression: 'name.givn', lenient: { valueBoolean: true } })).status, 200);
  assert.equal((await ask({ expression: 'name.where(' })).status, 400);
  assert.equal((await ask({ expression: 'name.single()' })).status, 400);
  const profile = await ask({ expression: "name[0].family.memberOf('http://example.org/none')" });
  assert.equal(profile.status, 422);
  assert.equal(profile.body.issue[0].code, 'not-supported');
  assert.equal((await ask({ expression: 'true', unknown: 'x' })).status, 400);
  assert.equal((await ask({}, patient)).status, 400);
  assert.equal((await ask({ expression: 'true' }, null)).status, 400);
  const long = await ask({ expression: "('a' | 'b').repeatAll($this & 'x')" });
  assert.equal(long.status, 422);
  assert.equal(long.body.issue[0].code, 'too-costly');
});

test('zdravo fhirpath prints place, type and value', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zd-fhirpath-'));
  const program = process.env.ZD_PROGRAM ?? 'build/release/zdravo';
  try {
    const json = join(folder, 'p.json'), xml = join(folder, 'p.xml');
    writeFileSync(json, JSON.stringify(patient));
    writeFileSync(xml, '<Patient xmlns="http://hl7.org/fhir"><name><given value="Ann"/></name></Patient>');
    const run = (...args) => execFileSync(program, ['fhirpath', ...args], { encoding: 'utf8' });
    assert.equal(run('name.given[0]', json), 'Patient.name[0].given[0]  FHIR.string  Peter\n');
    assert.equal(run('name.given', xml), 'Patient.name[0].given[0]  FHIR.string  Ann\n');
    assert.equal(run('birthDate + 1 month', json), 'System.Date  1975-01-25\n');
    assert.equal(run('given.count()', json, '--context', 'name'), 'System.Integer  2\nSystem.Integer  1\n');
    assert.equal(JSON.parse(run('active', json, '--json')).type, 'FHIR.boolean');
    const bad = spawnSync(program, ['fhirpath', 'nam', json], { encoding: 'utf8' });
    assert.equal(bad.status, 3);
    assert.match(bad.stderr, /column 1: there is no nam in Patient/);
  } finally { rmSync(folder, { recursive: true }); }
});
