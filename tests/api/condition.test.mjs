// Conditional create, update, delete; races.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, pages, patient, start } from './server.mjs';

let server, api;
before(async () => { server = await start(); api = client(server); });
after(() => server.remove());

const known = value => ({ identifier: [{ system: 'urn:test', value }] });

test('conditional create: makes one, then finds it, and refuses to choose between two', async () => {
  const headers = { 'If-None-Exist': 'identifier=urn:test|c1' };
  const first = await api.post('Patient', patient(known('c1')), { headers });
  assert.equal(first.status, 201);
  const second = await api.post('Patient', patient(known('c1')), { headers });
  assert.equal(second.status, 200);
  assert.equal(second.body.id, first.body.id);
  await api.post('Patient', patient(known('c1')));
  const third = await api.post('Patient', patient(known('c1')), { headers });
  assert.equal(third.status, 412);
  assert.equal(third.body.issue[0].code, 'multiple-matches');
});

test('a condition that is not understood is refused, not ignored', async () => {
  const answer = await api.post('Patient', patient(), { headers: { 'If-None-Exist': 'colour=red' } });
  assert.equal(answer.status, 400);
  assert.match(answer.body.issue[0].diagnostics, /colour/);
});

test('1,000 conditional creates at once make exactly one resource', async () => {
  const headers = { 'If-None-Exist': 'identifier=urn:test|race' };
  const answers = await Promise.all(Array.from({ length: 1000 }, () =>
    api.post('Patient', patient(known('race')), { headers })));
  assert.equal(answers.filter(a => a.status === 201).length, 1);
  assert.equal(answers.filter(a => a.status === 200).length, 999);
  assert.equal(new Set(answers.map(a => a.body.id)).size, 1);
  const { entries } = await pages(server, 'Patient?identifier=urn:test|race');
  assert.equal(entries.length, 1);
});

const observation = extra => ({ resourceType: 'Observation', status: 'final', code: { text: 'x' }, ...extra });

test('1,000 conditional creates at once on what a chain reaches make exactly one resource', async () => {
  const { body: subject } = await api.post('Patient', patient(known('chained')));
  const body = observation({ subject: { reference: `Patient/${subject.id}` } });
  for (const condition of ['subject:Patient.identifier=urn:test|chained', '_has:Provenance:target:agent=x&_id=none']) {
    const headers = { 'If-None-Exist': condition };
    const wins = condition.startsWith('subject') ? 1 : 20;
    const answers = await Promise.all(Array.from({ length: wins === 1 ? 1000 : 20 }, () =>
      api.post('Observation', body, { headers })));
    assert.equal(answers.filter(a => a.status === 201).length, wins);
    assert.equal(answers.filter(a => a.status === 200).length, answers.length - wins);
  }
});

test('a chained condition and what it reaches, written at once: the later commit sees the earlier', async () => {
  for (let round = 0; round < 40; round++) {
    const id = `late${round}`, value = `late-${round}`;
    const { body: old } = await api.post('Observation', observation({ subject: { reference: `Patient/${id}` } }));
    const headers = { 'If-None-Exist': `subject:Patient.identifier=urn:test|${value}` };
    const [made, conditional] = await Promise.all([
      api.put(`Patient/${id}`, patient({ id, ...known(value) })),
      api.post('Observation', observation({ subject: { reference: `Patient/${id}` } }), { headers }),
    ]);
    assert.equal(made.status, 201);
    assert.ok([200, 201].includes(conditional.status));
    if (conditional.status === 200) assert.equal(conditional.body.id, old.id);
    else assert.ok(conditional.body.meta.lastUpdated <= made.body.meta.lastUpdated);
  }
});

test('conditions over lists, and conditional update and delete over chains', async () => {
  const { body: one } = await api.post('Patient', patient(known('over')));
  const subject = { reference: `Patient/${one.id}` };
  const path = 'Observation?subject:Patient.identifier=urn:test|over';
  const made = await api.put(path, observation({ subject }));
  assert.equal(made.status, 201);
  const changed = await api.put(path, observation({ subject, status: 'amended' }));
  assert.equal(changed.status, 200);
  assert.equal(changed.body.id, made.body.id);
  assert.equal(changed.body.meta.versionId, '2');
  assert.equal((await api.delete(path)).status, 204);
  assert.equal((await api.get(`Observation/${made.body.id}`)).status, 410);
  await api.put('List/cond', { resourceType: 'List', id: 'cond', status: 'current', mode: 'working',
    entry: [{ item: subject }] });
  const listed = await api.post('Patient', patient(), { headers: { 'If-None-Exist': '_list=cond' } });
  assert.equal(listed.status, 200);
  assert.equal(listed.body.id, one.id);
  const tied = await api.post('', { resourceType: 'Bundle', type: 'transaction', entry: [{
    resource: observation({ subject: { reference: 'Patient?_list=cond' } }),
    request: { method: 'POST', url: 'Observation' } }] });
  assert.equal(tied.status, 200);
});

test('1,000 updates at once make 1,000 versions', async () => {
  await api.put('Patient/busy', patient({ id: 'busy' }));
  const answers = await Promise.all(Array.from({ length: 1000 }, () => api.put('Patient/busy', patient({ id: 'busy' }))));
  assert.ok(answers.every(a => a.status === 200));
  const versions = answers.map(a => Number(a.body.meta.versionId)).sort((a, b) => a - b);
  assert.deepEqual(versions, Array.from({ length: 1000 }, (_, i) => i + 2));
});

test('of writers that hold the same version, one wins', async () => {
  const { body: one } = await api.post('Patient', patient());
  const answers = await Promise.all(Array.from({ length: 50 }, () =>
    api.put(`Patient/${one.id}`, one, { headers: { 'If-Match': 'W/"1"' } })));
  assert.equal(answers.filter(a => a.status === 200).length, 1);
  assert.equal(answers.filter(a => a.status === 412).length, 49);
});

test('conditional update: creates, updates, refuses several matches and foreign ids', async () => {
  const path = 'Patient?identifier=urn:test|u1';
  const made = await api.put(path, patient(known('u1')));
  assert.equal(made.status, 201);
  const changed = await api.put(path, patient({ ...known('u1'), active: true }));
  assert.equal(changed.status, 200);
  assert.equal(changed.body.id, made.body.id);
  assert.equal(changed.body.meta.versionId, '2');
  assert.equal((await api.put(path, patient({ ...known('u1'), id: 'other' }))).status, 400);
  await api.post('Patient', patient(known('u1')));
  assert.equal((await api.put(path, patient(known('u1')))).status, 412);
  assert.equal((await api.put('Patient', patient())).status, 412);
});

test('conditional delete: one match only, and never without a condition', async () => {
  await api.post('Patient', patient(known('d1')));
  assert.equal((await api.delete('Patient?identifier=urn:test|d1')).status, 204);
  assert.equal((await pages(server, 'Patient?identifier=urn:test|d1')).entries.length, 0);
  assert.equal((await api.delete('Patient?identifier=urn:test|d1')).status, 204);
  await api.post('Patient', patient(known('d2')));
  await api.post('Patient', patient(known('d2')));
  assert.equal((await api.delete('Patient?identifier=urn:test|d2')).status, 412);
  assert.equal((await api.delete('Patient')).status, 412);
});
