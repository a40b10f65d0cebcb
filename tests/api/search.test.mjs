// search over HTTP: pages, totals, refusals. What each parameter type matches is tested in src/search.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, pages, patient, start } from './server.mjs';

let server, api;
before(async () => {
  server = await start();
  api = client(server);
  const entry = Array.from({ length: 250 }, (_, i) => ({
    resource: patient({ id: `p${i}`, gender: i % 2 ? 'male' : 'female', birthDate: `19${50 + i % 50}-01-01`,
      identifier: [{ system: 'urn:s', value: String(i) }] }),
    request: { method: 'PUT', url: `Patient/p${i}` },
  }));
  const made = await api.post('', { resourceType: 'Bundle', type: 'transaction', entry });
  assert.equal(made.status, 200, made.text);
});
after(() => server.remove());

test('pages hold everything once, in a stable order, while writing goes on', async () => {
  const seen = [];
  let next = `${server.base}/Patient?gender=female&_count=20`;
  for (let i = 0; next; i++) {
    const { body } = await api.get(next);
    assert.ok(body.entry.length <= 20);
    seen.push(...body.entry.map(e => e.resource.id));
    next = body.link.find(l => l.relation === 'next')?.url;
    await api.put(`Patient/p${i * 2}`, patient({ id: `p${i * 2}`, gender: 'female' }));
    await api.post('Patient', patient());
  }
  assert.equal(seen.length, 125);
  assert.equal(new Set(seen).size, 125);
});

test('one can turn back a page', async () => {
  const first = (await api.get('Patient?gender=male&_count=30')).body;
  const second = (await api.get(first.link.find(l => l.relation === 'next').url)).body;
  const again = (await api.get(second.link.find(l => l.relation === 'previous').url)).body;
  assert.deepEqual(again.entry.map(e => e.resource.id), first.entry.map(e => e.resource.id));
  assert.equal(again.link.find(l => l.relation === 'previous'), undefined);
});

test('page links survive a restart of the server', async () => {
  const first = (await api.get('Patient?gender=male&_count=100')).body;
  const next = first.link.find(l => l.relation === 'next').url;
  const expected = (await api.get(next)).body.entry.map(e => e.resource.id);
  await server.stop();
  const old = server;
  server = await start({ dir: old.dir });
  api = client(server);
  const moved = next.replace(old.root, server.root);
  assert.deepEqual((await api.get(moved)).body.entry.map(e => e.resource.id), expected);
});

test('totals: exact when asked for, and for a count', async () => {
  assert.equal((await api.get('Patient?gender=male&_count=5')).body.total, undefined);
  assert.equal((await api.get('Patient?gender=male&_count=5&_total=accurate')).body.total, 125);
  const count = (await api.get('Patient?gender=male&_summary=count')).body;
  assert.equal(count.total, 125);
  assert.equal(count.entry, undefined);
  assert.equal((await api.get('Patient?gender=male&_count=0')).body.total, 125);
});

test('AND between parameters, OR within one, prefixes, POST _search', async () => {
  assert.equal((await api.get('Patient?identifier=urn:s|1,urn:s|3,urn:s|999')).body.total, 2);
  assert.equal((await api.get('Patient?identifier=urn:s|1,urn:s|2&gender=male')).body.total, 1);
  const recent = await pages(server, 'Patient?birthdate=ge1990&gender=male');
  assert.ok(recent.entries.every(e => e.resource.birthDate >= '1990' && e.resource.gender === 'male'));
  assert.equal(recent.entries.length, 25);
  const posted = await api.post('Patient/_search', undefined, { raw: 'identifier=urn:s%7C1', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
  assert.equal(posted.body.total, 1);
});

test('what is not understood is refused by name, or left out and told when the client asks for that', async () => {
  for (const query of ['colour=red', 'gender:wild=male', 'birthdate=yesterday', 'birthdate=xx1990', '_count=many', '_cursor=1', '_sort=foo', '_total=about']) {
    const answer = await api.get(`Patient?${query}`);
    assert.equal(answer.status, 400, query);
    assert.equal(answer.body.resourceType, 'OperationOutcome', query);
    assert.ok(answer.body.issue[0].expression?.[0].startsWith('http.'), query);
  }
  const lenient = await api.get('Patient?colour=red&identifier=urn:s|1', { headers: { Prefer: 'handling=lenient' } });
  assert.equal(lenient.status, 200);
  assert.deepEqual(lenient.body.entry.map(e => e.search.mode), ['match', 'outcome']);
  assert.match(lenient.body.entry[1].resource.issue[0].diagnostics, /colour/);
  assert.ok(!lenient.body.link[0].url.includes('colour'));
});

test('system-level search', async () => {
  assert.equal((await api.get('?_id=p1')).body.total, 1);
  assert.equal((await api.get('?_type=Organization')).body.total, 0);
  assert.equal((await api.get('?gender=male')).status, 400);
});

test('the CapabilityStatement is shaped like any resource', async () => {
  const { body } = await api.get('metadata?_elements=fhirVersion&mode=full');
  assert.equal(body.fhirVersion, '4.0.1');
  assert.ok(body.status && body.format && body.meta.tag.some(t => t.code === 'SUBSETTED'));
  assert.equal(body.rest, undefined);
  assert.equal((await api.get('metadata?_summary=true')).body.resourceType, 'CapabilityStatement');
  for (const [query, where] of [['_elements=nonsense', 'http._elements'], ['mode=normative', 'http.mode'], ['a=1', 'http.a']]) {
    const { status, body: refused } = await api.get(`metadata?${query}`);
    assert.equal(status, 400);
    assert.equal(refused.issue[0].expression[0], where);
  }
});

test('the CapabilityStatement names what is answered', async () => {
  const { body } = await api.get('metadata');
  const type = body.rest[0].resource.find(r => r.type === 'Patient');
  for (const { name } of type.searchParam) {
    const answer = await api.get(`Patient?${name}=1&_count=1`);
    if (answer.status !== 200) assert.match(answer.text, /value|invalid/, `${name}: ${answer.text}`);
    assert.doesNotMatch(answer.text, /not-supported/, name);
  }
});
