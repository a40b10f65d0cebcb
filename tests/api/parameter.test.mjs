// SearchParameters of the record: written through the API, indexed while the server serves, used, changed, removed.
import assert from 'node:assert/strict';
import { writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { client, folder, laterOnly, patient, run, start } from './server.mjs';

const parameter = (id, expression, more = {}) => ({
  resourceType: 'SearchParameter', id, url: `https://example.org/SearchParameter/${id}`, name: 'added',
  status: 'active', description: id, code: id, base: ['Patient'], type: 'string', expression, ...more,
});
const person = (i, more = {}) => ({ ...patient(), id: `m${i}`, name: [{ given: ['Анна', `Вторая${i % 5}`, `Третья${i % 3}`] }], ...more });
const store = async n => {
  const work = folder(), dir = join(work, 'store'), path = join(work, 'lines.ndjson');
  writeFileSync(path, Array.from({ length: n }, (_, i) => JSON.stringify(person(i))).join('\n'));
  const { code, err } = await run('import', path, '--data', dir, '--quiet');
  assert.equal(code, 0, err);
  return dir;
};
const asked = (code, value) => `Patient?${code}=${encodeURIComponent(value)}&_summary=count`;
const total = async (at, code, value) => {
  for (;;) {
    const answer = await at.get(asked(code, value));
    if (answer.status === 200) return answer.body.total;
    laterOnly(answer);
  }
};
const status = async (at, id) => {
  const { body, text } = await at.get(`SearchParameter/${id}/$status`);
  assert.equal(body.resourceType, 'Parameters', text);
  return Object.fromEntries(body.parameter.map(p => [p.name, p.valueCode ?? p.valueDecimal ?? p.valueString ?? p.valueUri]));
};
const said = async (at, code) => {
  const { body } = await at.get('metadata');
  return body.rest[0].resource.find(r => r.type === 'Patient').searchParam.find(p => p.name === code);
};
const checked = async dir => {
  const { code, out, err } = await run('check', '--data', dir, '--quiet');
  assert.equal(code, 0, out + err);
};

test('one is created, refused by name while what is stored is indexed, then used; writes go on', async () => {
  const dir = await store(20000), server = await start({ dir }), at = client(server);
  assert.match((await at.get(asked('second', 'x'))).text, /second/);
  const { status: created, text } = await at.put('SearchParameter/second', parameter('second', 'Patient.name.given[1]'));
  assert.equal(created, 201, text);
  let refused = 0, writes = 0, found, seen = [];
  while (found === undefined) {
    assert.equal((await at.put(`Patient/w${writes}`, person(3, { id: `w${writes}` }))).status, 201);
    writes++;
    const answer = await at.get(asked('second', 'Вторая3'));
    if (answer.status === 200) found = answer.body.total;
    else {
      laterOnly(answer);
      for (const also of ['Patient?_sort=second', 'Patient?second:missing=true', 'Patient?_has:Patient:link:second=x']) {
        const leniently = await at.get(also, { headers: { Prefer: 'handling=lenient' } });
        if (leniently.status !== 200) laterOnly(leniently);
      }
      refused++;
      seen.push((await at.get('SearchParameter/second/$status')).body.parameter[0].valueCode);
    }
  }
  assert.equal(found, 4000 + writes, 'what is found is whole');
  assert.ok(refused > 0, 'the store is big enough to see it');
  assert.ok(seen.includes('indexing'));
  assert.equal((await status(at, 'second')).status, 'ready');
  assert.equal((await said(at, 'second')).definition, 'https://example.org/SearchParameter/second');
  assert.match((await (await fetch(server.base.replace('/fhir', '/metrics'))).text()), /zdravo_search_fields_behind 0/);
  assert.equal((await server.stop()).code, 0);
  await checked(dir);
  const again = await start({ dir }), there = client(again);
  assert.equal((await there.get(asked('second', 'Вторая3'))).body.total, found, 'at once after a restart');
  await again.stop();
  rmSync(dir, { recursive: true });
});

test('a changed expression never gives mixed answers; retired and deleted ones are not answered', async () => {
  const dir = await store(3000), server = await start({ dir }), at = client(server);
  const given = n => parameter('given-n', `Patient.name.given[${n}]`);
  assert.equal((await at.put('SearchParameter/given-n', given(1))).status, 201);
  assert.equal(await total(at, 'given-n', 'Вторая1'), 600);
  assert.equal((await at.put('SearchParameter/given-n', given(2))).status, 200);
  for (let i = 0; i < 2; i++) {
    assert.equal(await total(at, 'given-n', 'Вторая1'), 0);
    assert.equal(await total(at, 'given-n', 'Третья1'), 1000);
  }
  // Back to what it was: rows written meanwhile lack the first field.
  await at.put('Patient/between', person(1, { id: 'between' }));
  await at.put('SearchParameter/given-n', given(1));
  assert.equal(await total(at, 'given-n', 'Вторая1'), 601);
  assert.equal(await total(at, 'given-n', 'Третья1'), 0);
  await at.put('SearchParameter/given-n', { ...given(1), status: 'retired' });
  const gone = await at.get(asked('given-n', 'Вторая1'));
  assert.equal(gone.status, 400);
  assert.match(gone.text, /no such search parameter/);
  assert.equal((await status(at, 'given-n')).status, 'inactive');
  assert.equal(await said(at, 'given-n'), undefined);
  await at.put('SearchParameter/given-n', given(1));
  assert.equal(await total(at, 'given-n', 'Вторая1'), 601);
  assert.equal((await at.delete('SearchParameter/given-n')).status, 204);
  assert.match((await at.get(asked('given-n', 'x'))).text, /no such search parameter/);
  assert.equal((await at.get('SearchParameter/given-n/$status')).status, 404);
  await server.stop();
  await checked(dir);
  rmSync(dir, { recursive: true });
});

test('drafts are stored and not used; the standard\'s own and what does the same are answered by those', async () => {
  const server = await start(), at = client(server);
  const draft = { ...parameter('later', 'Patient.name.(('), status: 'draft' };
  assert.equal((await at.put('SearchParameter/later', draft)).status, 201);
  assert.equal((await status(at, 'later')).status, 'inactive');
  const same = parameter('own', 'Patient.gender', { code: 'gender', type: 'token' });
  assert.equal((await at.put('SearchParameter/own', same)).status, 201);
  assert.deepEqual(await status(at, 'own'), { status: 'answered', 'answered-by': 'http://hl7.org/fhir/SearchParameter/individual-gender' });
  assert.equal((await at.get('SearchParameter/nobody/$status')).status, 404);
  await server.remove();
});

test('what cannot be right is refused with the element and the reason, and nothing is stored', async () => {
  const server = await start(), at = client(server);
  const refusals = [
    [parameter('gender', 'Patient.birthDate', { type: 'date' }), 'SearchParameter.code', /Patient has a parameter "gender" already/],
    [parameter('x', 'Patient.name.(('), 'SearchParameter.expression', /column 14/],
    [parameter('x', 'Patient.name.frobnicate()'), 'SearchParameter.expression', /frobnicate/],
    [parameter('x', 'Patient.nama'), 'SearchParameter.expression', /no element nama/],
    [parameter('x', 'Observation.code'), 'SearchParameter.expression', /says nothing of Patient/],
    [parameter('x', 'Patient.name.given', { type: 'date' }), 'SearchParameter.type', /cannot be searched by a parameter of this type/],
    [parameter('x', 'Patient.name', { type: 'special' }), 'SearchParameter.type', /cannot be added/],
    [parameter('x', undefined), 'SearchParameter.expression', /no expression/],
    [parameter('x', 'Patient.name', { type: 'composite', component: [{ definition: 'https://example.org/none', expression: 'given' }] }), 'SearchParameter.component[0].definition', /no search parameter/],
    [parameter('x', 'Patient.name', { url: 'http://hl7.org/fhir/SearchParameter/individual-birthdate' }), 'SearchParameter.url', /of the standard/],
    [parameter('x', 'Patient.name.given', { code: '_mine' }), 'SearchParameter.code', /cannot be asked/],
  ];
  for (const [resource, where, why] of refusals) {
    const { status: code, body, text } = await at.put('SearchParameter/' + resource.id, resource);
    assert.equal(code, 422, text);
    assert.equal(body.issue[0].expression[0], where);
    assert.match(body.issue[0].diagnostics, why);
  }
  assert.equal((await at.get('SearchParameter?_summary=count')).body.total, 0);
  // A base that is no type is a matter of the resource itself.
  assert.ok((await at.put('SearchParameter/x', parameter('x', 'Patient.name', { base: ['Nobody'] }))).status >= 400);
  // What is in use is not put out of use by another.
  const part = parameter('part', 'Patient.name.given[1]');
  const pair = parameter('pair', 'Patient', { type: 'composite', component: [{ definition: part.url, expression: 'name.given[1]' }, { definition: 'http://hl7.org/fhir/SearchParameter/individual-gender', expression: 'gender' }] });
  assert.equal((await at.put('SearchParameter/pair', pair)).status, 422, 'a component that is not there');
  const both = await at.post('', { resourceType: 'Bundle', type: 'transaction', entry: [pair, part].map(resource => ({ resource, request: { method: 'PUT', url: `SearchParameter/${resource.id}` } })) });
  assert.equal(both.status, 200, both.text);
  const removed = await at.delete('SearchParameter/part');
  assert.equal(removed.status, 422);
  assert.match(removed.text, /SearchParameter\/pair, which is in use/);
  assert.equal((await at.put('SearchParameter/copy', { ...part, id: 'copy', code: 'copy' })).status, 422, 'its url is taken');
  await server.stop();
  await checked(server.dir);
  rmSync(server.dir, { recursive: true });
});

test('in a transaction all or nothing, in a batch one by one, places told', async () => {
  const server = await start(), at = client(server);
  const entry = resource => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } });
  const good = parameter('second', 'Patient.name.given[1]'), bad = parameter('bad', 'Patient.nama');
  const bundle = (type, ...resources) => ({ resourceType: 'Bundle', type, entry: resources.map(entry) });
  const refused = await at.post('', bundle('transaction', person(1), good, bad));
  assert.equal(refused.status, 422);
  assert.equal(refused.body.issue[0].expression[0], 'Bundle.entry[2].resource.expression');
  assert.equal((await at.get('Patient?_summary=count')).body.total, 0);
  const batch = await at.post('', bundle('batch', person(1), bad, good));
  assert.deepEqual(batch.body.entry.map(e => e.response.status.slice(0, 3)), ['201', '422', '201']);
  assert.equal(await total(at, 'second', 'Вторая1'), 1);
  const whole = await at.post('', bundle('transaction', person(2), parameter('third', 'Patient.name.given[2]')));
  assert.equal(whole.status, 200, whole.text);
  assert.equal(await total(at, 'third', 'Третья2'), 1);
  await server.remove();
});

test('what an import brought is used from the next start, what of it cannot be is told', async () => {
  const work = folder(), dir = join(work, 'store'), path = join(work, 'lines.ndjson');
  const lines = [...Array.from({ length: 50 }, (_, i) => person(i)), parameter('second', 'Patient.name.given[1]'), parameter('bad', 'Patient.nama')];
  writeFileSync(path, lines.map(l => JSON.stringify(l)).join('\n'));
  assert.equal((await run('import', path, '--data', dir, '--quiet')).code, 0);
  const server = await start({ dir }), at = client(server);
  assert.equal(await total(at, 'second', 'Вторая1'), 10);
  const bad = await status(at, 'bad');
  assert.equal(bad.status, 'refused');
  assert.equal(bad.expression, 'SearchParameter.expression');
  assert.match(bad.diagnostics, /no element nama/);
  // And into a server that runs.
  writeFileSync(path, JSON.stringify(parameter('third', 'Patient.name.given[2]')));
  const imported = await run('import', path, '--server', server.base, '--quiet');
  assert.equal(imported.code, 0, imported.err);
  assert.equal(await total(at, 'third', 'Третья1'), 17);
  await server.stop();
  await checked(dir);
  rmSync(work, { recursive: true });
});

test('killed at any moment, it goes on with the next start; writes meanwhile are found', async () => {
  const dir = await store(6000);
  let written = 0, known = false;
  for (let round = 0; round < 6; round++) {
    const server = await start({ dir }), at = client(server);
    const put = await at.put('SearchParameter/second', parameter('second', 'Patient.name.given[1]', { description: `round ${round}` }));
    known ||= put.status < 300;
    const writes = Array.from({ length: 20 }, () => written++).map(i => at.put(`Patient/k${i}`, person(3, { id: `k${i}` })));
    await new Promise(r => setTimeout(r, 15 * round));
    await Promise.all(writes);
    await server.stop('SIGKILL');
  }
  assert.ok(known);
  const server = await start({ dir }), at = client(server);
  const found = await total(at, 'second', 'Вторая3');
  const everybody = [];
  for (let url = 'Patient?_count=1000&_elements=name'; url;) {
    const { body } = await at.get(url);
    everybody.push(...body.entry.map(e => e.resource));
    url = body.link.find(l => l.relation === 'next')?.url;
  }
  assert.equal(found, everybody.filter(p => p.name[0].given[1] === 'Вторая3').length, 'search = reading everything');
  assert.equal(found, 1200 + written);
  await server.stop();
  await checked(dir);
  rmSync(dir, { recursive: true });
});

test('parameters change while many write and ask: every answer is whole', async () => {
  const dir = await store(2000), server = await start({ dir }), at = client(server);
  let running = true, acknowledged = 0;
  const given = n => parameter('given-n', `Patient.name.given[${n}]`);
  const writer = async k => {
    for (let i = 0; running; i++) {
      const { status: code } = await at.put(`Patient/c${k}-${i}`, person(1, { id: `c${k}-${i}` }));
      assert.equal(code, 201);
      acknowledged++;
    }
  };
  // Second names of all are of one kind, third ones of another: an answer is of one expression.
  const reader = async () => {
    while (running) {
      const least = acknowledged;
      const answer = await at.get(asked('given-n:contains', 'я1'));
      if (answer.status === 400) assert.match(answer.text, /no such search parameter/);
      else if (answer.status !== 200) laterOnly(answer);
      else assert.ok(answer.body.total >= least, `${answer.body.total} of at least ${least}`);
    }
  };
  const work = [writer(1), writer(2), reader(), reader()];
  for (let n = 0; n < 12; n++) {
    const code = n % 4 === 3 ? (await at.delete('SearchParameter/given-n')).status
      : (await at.put('SearchParameter/given-n', given(1 + n % 2))).status;
    assert.ok(code < 300, String(code));
    await new Promise(r => setTimeout(r, 30 * (n % 5)));
  }
  await at.put('SearchParameter/given-n', given(1));
  running = false;
  await Promise.all(work);
  assert.equal(await total(at, 'given-n', 'Вторая1'), 400 + acknowledged);
  await server.stop();
  await checked(dir);
  rmSync(dir, { recursive: true });
});
