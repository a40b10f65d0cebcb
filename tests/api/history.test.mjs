// history of an instance, a type, the system; pages; _since and _at (http.html#history).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { client, pages, patient, start } from './server.mjs';

let server, api;
before(async () => { server = await start(); api = client(server); });
after(() => server.remove());

const told = entries => entries.map(e => `${e.request.method} ${e.response.status} ${e.response.etag}`);

test('page links repeat what was asked, once', async () => {
  await api.put('Patient/links', patient({ id: 'links' }));
  await api.put('Patient/links', patient({ id: 'links', active: true }));
  const { body } = await api.get('Patient/links/_history?_count=1&&_since=2020-01-01&_pretty=false&_elements=id');
  for (const { url } of body.link) assert.match(url, /_history\?_count=1&_since=2020-01-01&_pretty=false&_elements=id(&_cursor=[^&]+)?$/);
});

test('an instance history tells every version, newest first, deletions too', async () => {
  const { body: one } = await api.post('Patient', patient());
  await api.put(`Patient/${one.id}`, one);
  await api.delete(`Patient/${one.id}`);
  await api.put(`Patient/${one.id}`, one);
  const { body } = await api.get(`Patient/${one.id}/_history`);
  assert.equal(body.type, 'history');
  assert.equal(body.total, 4);
  assert.deepEqual(told(body.entry), ['POST 201 W/"4"', 'DELETE 204 W/"3"', 'PUT 200 W/"2"', 'POST 201 W/"1"']);
  assert.equal(body.entry[1].resource, undefined);
  assert.equal(body.entry[2].resource.meta.versionId, '2');
});

test('histories come in pages that stay as they were while writing goes on', async () => {
  const { body: one } = await api.post('Patient', patient());
  for (let i = 0; i < 24; i++) await api.put(`Patient/${one.id}`, one);
  const first = (await api.get(`Patient/${one.id}/_history?_count=10`)).body;
  await api.put(`Patient/${one.id}`, one);
  let next = first.link.find(l => l.relation === 'next').url;
  const versions = first.entry.map(e => Number(e.resource.meta.versionId));
  while (next) {
    const { body } = await api.get(next);
    versions.push(...body.entry.map(e => Number(e.resource.meta.versionId)));
    next = body.link.find(l => l.relation === 'next')?.url;
  }
  assert.deepEqual(versions, Array.from({ length: 25 }, (_, i) => 25 - i));
});

test('type and system histories hold everything', async () => {
  const before = (await api.get('_history?_count=1')).body.total;
  await api.post('Organization', { resourceType: 'Organization', name: 'A' });
  assert.equal((await api.get('_history?_count=1')).body.total, before + 1);
  const type = await pages(server, 'Organization/_history');
  assert.equal(type.entries.length, 1);
  const all = await pages(server, '_history?_count=7');
  assert.equal(all.entries.length, before + 1);
});

test('_since and _at choose by time', async () => {
  const { body: one } = await api.post('Location', { resourceType: 'Location', name: '1' });
  await sleep(20);
  const { body: two } = await api.put(`Location/${one.id}`, { ...one, name: '2' });
  await sleep(20);
  await api.put(`Location/${one.id}`, { ...one, name: '3' });
  const names = async query => (await api.get(`Location/${one.id}/_history?${query}`)).body.entry?.map(e => e.resource.name) ?? [];
  assert.deepEqual(await names(`_since=${two.meta.lastUpdated}`), ['3', '2']);
  const between = new Date(new Date(two.meta.lastUpdated).getTime() + 5).toISOString();
  assert.deepEqual(await names(`_at=${between}`), ['2']);
  assert.deepEqual(await names(`_at=${two.meta.lastUpdated}`), ['2', '1']);
  assert.deepEqual(await names(`_at=${new Date().getUTCFullYear()}`), ['3', '2', '1']);
});

test('what is not understood is refused', async () => {
  for (const query of ['_since=yesterday', '_at=2020-13', '_count=-1', '_sort=x', '_cursor=1-2'])
    assert.equal((await api.get(`Patient/_history?${query}`)).status, 400, query);
  assert.equal((await api.get('Patient/nobody/_history')).status, 404);
});
