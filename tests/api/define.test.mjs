// Definitions that users add: search parameters (what is stored is indexed for them), profiles, terminology.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { client, folder, laterOnly, patient, run, start } from './server.mjs';

const parameter = (code, expression, more = {}) => ({
  resourceType: 'SearchParameter', url: `https://example.org/SearchParameter/${code}`, name: 'added',
  status: 'active', description: code, code, base: ['Patient'], type: 'string', expression, ...more,
});
const files = folder();
const file = resource => {
  const path = join(files, `${resource.code}.json`);
  writeFileSync(path, JSON.stringify(resource, null, 2));
  return path;
};
const store = async lines => {
  const dir = join(folder(), 'store'), path = join(files, 'lines.ndjson');
  writeFileSync(path, lines.map(l => JSON.stringify(l)).join('\n'));
  const { code, err } = await run('import', path, '--data', dir, '--quiet');
  assert.equal(code, 0, err);
  return dir;
};
const middle = i => ({ ...patient(), id: `m${i}`, name: [{ given: ['Анна', `Вторая${i % 5}`] }] });

test('an added parameter finds what was stored before, what is written later, and survives a restart', async () => {
  const dir = await store(Array.from({ length: 200 }, (_, i) => middle(i)));
  const added = await run('define', file(parameter('middle-name', 'Patient.name.given[1]')), '--data', dir);
  assert.equal(added.code, 0, added.err);
  assert.match(added.out, /Patient\?middle-name/);
  for (let round = 0; round < 2; round++) {
    const server = await start({ dir }), at = client(server);
    await at.put(`Patient/late${round}`, { ...middle(3), id: `late${round}` });
    const { body } = await at.get('Patient?middle-name=' + encodeURIComponent('Вторая3') + '&_summary=count');
    assert.equal(body.total, 41 + round);
    const { body: metadata } = await at.get('metadata');
    const said = metadata.rest[0].resource.find(r => r.type === 'Patient').searchParam.find(p => p.name === 'middle-name');
    assert.equal(said.definition, 'https://example.org/SearchParameter/middle-name');
    assert.equal((await server.stop()).code, 0);
  }
  const checked = await run('check', '--data', dir);
  assert.equal(checked.code, 0, checked.out + checked.err);
  rmSync(dir, { recursive: true });
});

test('a server indexes while it reads and writes; until then the parameter is refused by name', async () => {
  const dir = await store(Array.from({ length: 3000 }, (_, i) => middle(i)));
  const later = await run('define', file(parameter('second', 'Patient.name.given[1]')), '--later', '--data', dir);
  assert.equal(later.code, 0, later.err);
  assert.match(later.out, /not indexed yet/);
  const judged = await run('check', '--data', dir);
  assert.equal(judged.code, 0, judged.out);
  assert.match(judged.out, /no fault found\n\d+ fields of new search parameters are not indexed yet/);
  const server = await start({ dir }), at = client(server);
  let total, writes = 0;
  for (let i = 0; total === undefined && i < 2000; i++) {
    assert.equal((await at.put(`Patient/w${writes}`, { ...middle(3), id: `w${writes}` })).status, 201);
    writes++;
    const answer = await at.get('Patient?second=' + encodeURIComponent('Вторая3') + '&_summary=count');
    if (answer.status === 200) total = answer.body.total;
    else laterOnly(answer);
  }
  assert.equal(total, 600 + writes, 'what is found while and after indexing is whole');
  await server.stop();
  assert.equal((await run('check', '--data', dir)).code, 0);
  rmSync(dir, { recursive: true });
});

test('indexing that was killed goes on with the next start', async () => {
  const dir = await store(Array.from({ length: 1000 }, (_, i) => middle(i)));
  await run('define', file(parameter('third', 'Patient.name.given[1]')), '--later', '--data', dir);
  for (let i = 0; i < 3; i++) await (await start({ dir })).stop('SIGKILL');
  const server = await start({ dir }), at = client(server);
  let answer;
  do answer = await at.get('Patient?third=' + encodeURIComponent('Вторая1') + '&_summary=count');
  while (answer.status !== 200 && laterOnly(answer));
  assert.equal(answer.body.total, 200);
  await server.stop();
  assert.equal((await run('check', '--data', dir)).code, 0);
  rmSync(dir, { recursive: true });
});

test('what cannot be right is refused, and nothing of it is kept', async () => {
  const dir = await store([patient({ id: 'a' })]);
  const refusals = [
    [parameter('gender', 'Patient.gender'), /Patient has a parameter "gender" already/],
    [parameter('no-path', 'Patient.name.(('), /expression/],
    [parameter('no-function', 'Patient.name.frobnicate()'), /expression/],
    [parameter('no-base', 'Patient.gender', { base: ['Nobody'] }), /Nobody/],
    [parameter('no-type', 'Patient.gender', { type: 'special' }), /special/],
    [parameter('no-member', 'Patient.gender', { bas: 1 }), /no element "bas"/],
    [{ ...patient(), code: 'patient' }, /Patient/],
    [parameter('birth', 'Patient.birthDate', { url: 'http://hl7.org/fhir/SearchParameter/individual-birthdate' }), /url/],
  ];
  for (const [resource, why] of refusals) {
    const { code, err } = await run('define', file(resource), '--data', dir);
    assert.equal(code, 3, JSON.stringify(resource));
    assert.match(err, why);
  }
  assert.match((await run('define', '--data', dir)).out, /nothing was added to the official definitions/);
  const good = file(parameter('good', 'Patient.name.given[1]')), bad = file(refusals[0][0]);
  assert.equal((await run('define', good, bad, '--data', dir)).code, 3);
  assert.match((await run('define', '--data', dir)).out, /nothing was added to the official definitions/);
  assert.equal((await run('define', good, good, '--data', dir)).code, 0);
  assert.equal((await run('define', good, '--data', dir)).code, 0);
  assert.equal((await run('define', '--data', dir)).out.trim().split('\n').length, 1);
  rmSync(dir, { recursive: true });
});

test('a store that a server holds is not changed', async () => {
  const server = await start();
  const { code, err } = await run('define', file(parameter('held', 'Patient.gender', { type: 'token' })), '--data', server.dir);
  assert.equal(code, 4);
  assert.match(err, /held by process/);
  await server.remove();
});

const root = (type, more = {}) => ({ id: type, path: type, min: 0, max: '*', ...more });
const profile = (name, more = {}, elements = []) => ({
  resourceType: 'StructureDefinition', url: `https://example.org/StructureDefinition/${name}`, version: '1.0.0', name,
  status: 'active', kind: 'resource', abstract: false, type: 'Patient', derivation: 'constraint',
  baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
  snapshot: { element: [root('Patient'), ...elements] }, ...more,
});
const row = (id, more = {}) => ({ id, path: id, min: 0, max: '1', ...more });
const valueSet = (name, system) => ({
  resourceType: 'ValueSet', url: `https://example.org/ValueSet/${name}`, version: '1', status: 'active', compose: { include: [{ system }] },
});
const codeSystem = name => ({
  resourceType: 'CodeSystem', url: `https://example.org/CodeSystem/${name}`, status: 'active', content: 'complete',
  concept: [{ code: 'a', concept: [{ code: 'a1' }] }, { code: 'b' }],
});
const put = (dir, name, resource) => {
  const path = join(dir, `${name}.json`);
  writeFileSync(path, JSON.stringify(resource, null, 1));
  return path;
};
const listed = async dir => (await run('define', '--list', '--data', dir)).out;

test('a folder of profiles, value sets, code systems and a search parameter is defined as one', async () => {
  const dir = await store([patient({ id: 'a' })]), from = folder();
  put(from, 'profile', profile('named', {}, [row('Patient.birthDate', { min: 1, mustSupport: true, type: [{ code: 'date' }] })]));
  put(from, 'set', valueSet('letters', 'https://example.org/CodeSystem/letters'));
  put(from, 'system', codeSystem('letters'));
  put(from, 'parameter', parameter('middle-name', 'Patient.name.given[1]'));
  put(from, 'operation', { resourceType: 'OperationDefinition', url: 'https://example.org/OperationDefinition/count', version: '2', name: 'count', status: 'active', kind: 'operation', code: 'count', resource: ['Patient'], system: false, type: true, instance: false });
  put(from, 'statement', { resourceType: 'CapabilityStatement', status: 'active' });
  writeFileSync(join(from, 'package.json'), '{"name":"example"}');
  const { code, err } = await run('define', from, '--data', dir);
  assert.equal(code, 0, err);
  assert.match(err, /added 5; 2 files hold no definitions/);
  const out = await listed(dir);
  assert.equal(out.trim().split('\n').length, 5, out);
  assert.match(out, /StructureDefinition {2}https:\/\/example.org\/StructureDefinition\/named\|1.0.0 {2}profile of Patient, 2 elements/);
  assert.match(out, /ValueSet {2}https:\/\/example.org\/ValueSet\/letters\|1 {2}3 codes/);
  assert.match(out, /CodeSystem {2}https:\/\/example.org\/CodeSystem\/letters {2}3 codes/);
  assert.match(out, /OperationDefinition {2}https:\/\/example.org\/OperationDefinition\/count\|2/);
  assert.match(out, /Patient\?middle-name/);
  assert.match((await run('define', from, '--data', dir)).err, /added 0; 5 were there/);
  assert.equal(await listed(dir), out);
  const server = await start({ dir }), at = client(server);
  assert.equal((await at.get('Patient?middle-name=x&_summary=count')).body.total, 0);
  await server.stop();
  // The compiled image is a convenience: a damaged or missing one is made again.
  for (const spoil of [path => writeFileSync(path, 'spoilt'), path => rmSync(path)]) {
    spoil(join(dir, 'definitions-image.note'));
    assert.equal(await listed(dir), out);
  }
  assert.equal((await run('check', '--data', dir)).code, 0);
  rmSync(dir, { recursive: true });
});

test('a version keeps its content; a new version stands beside the old one', async () => {
  const dir = await store([patient({ id: 'a' })]), from = folder();
  const first = put(from, 'first', profile('grown'));
  assert.equal((await run('define', first, '--data', dir)).code, 0);
  const changed = await run('define', put(from, 'changed', profile('grown', {}, [row('Patient.active')])), '--data', dir);
  assert.equal(changed.code, 3);
  assert.match(changed.err, /changed.json: its url \(and version\) is that of another definition/);
  const second = await run('define', put(from, 'second', profile('grown', { version: '1.1.0' }, [row('Patient.active')])), '--data', dir);
  assert.equal(second.code, 0, second.err);
  assert.equal((await listed(dir)).match(/grown\|1\.[01]\.0/g).length, 2);
  rmSync(dir, { recursive: true });
});

test('profiles that cannot be kept exactly are refused with the element and the reason', async () => {
  const dir = await store([patient({ id: 'a' })]), from = folder();
  const refusals = [
    [profile('p', { snapshot: undefined, differential: { element: [root('Patient')] } }), /StructureDefinition\/p: it has no snapshot/],
    [profile('p', { derivation: 'specialization' }), /defines a type/],
    [profile('p', { kind: 'logical' }), /logical models/],
    [profile('p', {}, [row('Patient.birthdate')]), /Patient.birthdate: Patient has no element "birthdate"/],
    [profile('p', {}, [row('Patient.birthDate', { max: '2' })]), /Patient.birthDate: max 2 is more than its base allows/],
    [profile('p', {}, [row('Patient.birthDate', { constraint: [{ key: 'x', severity: 'error', human: 'x', expression: '(a' }] })]), /constraint x is no FHIRPath/],
    [profile('p', { url: undefined }), /url/],
    [profile('p', { colour: 1 }), /no element "colour"/],
    [{ resourceType: 'CompartmentDefinition', url: 'https://example.org/c', name: 'c', status: 'active', code: 'Patient', search: true }, /compartments can't be added/],
  ];
  for (const [resource, why] of refusals) {
    const { code, err } = await run('define', put(from, 'refused', resource), '--data', dir);
    assert.equal(code, 3, JSON.stringify(resource));
    assert.match(err, why);
  }
  assert.match(await listed(dir), /nothing was added/);
  rmSync(dir, { recursive: true });
});

test('of a package, search parameters that are there under another url are left out, --skip leaves out refused ones', async () => {
  const dir = await store([patient({ id: 'a' })]), from = folder();
  put(from, 'same', parameter('gender', 'Patient.gender', { type: 'token' }));
  put(from, 'other', parameter('birthdate', 'Patient.gender', { type: 'token' }));
  put(from, 'new', parameter('middle-name', 'Patient.name.given[1]'));
  assert.equal((await run('define', from, '--data', dir)).code, 3);
  const { code, err } = await run('define', from, '--skip', '--data', dir);
  assert.equal(code, 0, err);
  assert.match(err, /left out .*other.json: .*Patient has a parameter "birthdate" already/);
  assert.match(err, /added 1; 1 search parameters do what one that is there does; 1 search parameters refused/);
  assert.equal((await listed(dir)).trim().split('\n').length, 1);
  assert.equal((await run('define', '--list', from, '--data', dir)).code, 2);
  rmSync(dir, { recursive: true });
});

test('implementation guides are defined as they are published, one beside the other', async t => {
  const suites = join(process.env.ZD_SHARED ?? join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../../shared'), 'suites/us-core');
  // What each adds; what the standard's own parameters answer; what is refused.
  const guides = [['us_core_311', 70, 69, 3], ['us_core_610', 107, 99, 1], ['ips_110', 98, 0, 0]];
  if (!existsSync(suites)) return t.skip(`${guides.length} guides: the suites are not here`);
  for (const [name, added, answered, refused] of guides) {
    const dir = await store([patient({ id: 'a' })]), from = folder();
    execFileSync('tar', ['-xzf', join(suites, `${name}.tgz`), '-C', from]);
    const { code, err } = await run('define', join(from, 'package'), '--skip', '--data', dir);
    assert.equal(code, 0, err);
    const summary = err.trim().split('\n').find(line => line.startsWith('added'));
    assert.ok(summary.startsWith(`added ${added};`), summary);
    if (answered) assert.ok(summary.includes(`; ${answered} search parameters do`), summary);
    if (refused) assert.ok(summary.includes(`; ${refused} search parameters refused`), summary);
    assert.equal((await run('check', '--data', dir)).code, 0);
    rmSync(dir, { recursive: true });
  }
});
