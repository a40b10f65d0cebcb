// Search parameters that users add: what was stored before is indexed for them while the server serves.
import assert from 'node:assert/strict';
import { writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { client, folder, patient, run, start } from './server.mjs';

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
  assert.equal(judged.code, 3);
  assert.match(judged.err, /not indexed yet/);
  const server = await start({ dir }), at = client(server);
  let total, writes = 0;
  for (let i = 0; total === undefined && i < 2000; i++) {
    assert.equal((await at.put(`Patient/w${writes}`, { ...middle(3), id: `w${writes}` })).status, 201);
    writes++;
    const { status, body } = await at.get('Patient?second=' + encodeURIComponent('Вторая3') + '&_summary=count');
    if (status === 200) total = body.total;
    else assert.match(body.issue[0].diagnostics, /is being indexed/);
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
  while (answer.status === 400 && /is being indexed/.test(answer.text));
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
  assert.match((await run('define', '--data', dir)).out, /no search parameters were added/);
  const good = file(parameter('good', 'Patient.name.given[1]')), bad = file(refusals[0][0]);
  assert.equal((await run('define', good, bad, '--data', dir)).code, 3);
  assert.match((await run('define', '--data', dir)).out, /no search parameters were added/);
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
