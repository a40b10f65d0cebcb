// _sort over HTTP: every kind of key against the order of the specification, and pages of it. The
// store's part is tested against a naive order in src/store.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, pages, start } from './server.mjs';

let server, api;
const people = Array.from({ length: 230 }, (_, i) => ({
  resourceType: 'Patient', id: `p${(i * 37) % 230}`,
  ...(i % 7 ? { birthDate: `19${50 + (i * 13) % 50}-0${1 + i % 9}-1${i % 10}` } : {}),
  ...(i % 5 ? { gender: i % 3 ? 'male' : 'female' } : {}),
  ...(i % 11 ? { name: [{ family: ['Ёлкин', 'елкина', 'Абрамов', 'abbot', 'Zola'][i % 5] + 'абвгд'[i % 4], given: [`G${i % 17}`] },
    ...(i % 6 ? [] : [{ family: 'Яшин' }])] } : {}),
  identifier: [{ system: 'urn:s', value: String(1000 - i) }, ...(i % 4 ? [] : [{ system: 'urn:only-a-system' }])],
}));
const fold = text => text.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '');
const bytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
/** Values of a key; the least counts, descending the greatest; none comes last. */
const keys = {
  birthdate: r => r.birthDate ? [r.birthDate] : [],
  gender: r => r.gender ? [r.gender] : [],
  family: r => (r.name ?? []).map(n => fold(n.family)),
  given: r => (r.name ?? []).flatMap(n => n.given ?? []).map(fold),
  identifier: r => r.identifier.filter(i => i.value).map(i => i.value),
  _id: r => [r.id],
};
function expected(sort, among = people) {
  const rows = among.map((r, row) => ({ r, row }));
  const all = sort.split(',').map(k => ({ down: k[0] === '-', of: keys[k.replace('-', '')] }));
  rows.sort((a, b) => {
    for (const { down, of } of all) {
      const [x, y] = [a, b].map(o => of(o.r).sort(bytes).at(down ? -1 : 0));
      if (x === y) continue;
      if (x === undefined || y === undefined) return x === undefined ? 1 : -1;
      return down ? bytes(y, x) : bytes(x, y);
    }
    return a.row - b.row;
  });
  return rows.map(o => o.r.id);
}
const found = async path => (await pages(server, path)).entries.map(e => e.resource.id);
const link = (body, relation) => body.link.find(l => l.relation === relation)?.url;

before(async () => {
  server = await start();
  api = client(server);
  const entry = people.map(resource => ({ resource, request: { method: 'PUT', url: `Patient/${resource.id}` } }));
  const made = await api.post('', { resourceType: 'Bundle', type: 'transaction', entry });
  assert.equal(made.status, 200, made.text);
});
after(() => server.remove());

for (const sort of ['birthdate', '-birthdate', 'gender', '-gender', 'family', '-family', 'given', 'identifier', '-identifier', '_id', '-_id',
  'gender,-birthdate', '-family,given', 'gender,family,_id', '-gender,-birthdate,-_id'])
  test(`_sort=${sort}, on one page and on many`, async () => {
    assert.deepEqual(await found(`Patient?_sort=${sort}&_count=1000`), expected(sort));
    assert.deepEqual(await found(`Patient?_sort=${sort}&_count=17`), expected(sort));
  });

test('_lastUpdated is the order of changes', async () => {
  const ids = people.map(r => r.id);
  assert.deepEqual(await found('Patient?_sort=_lastUpdated&_count=50'), ids);
  assert.deepEqual(await found('Patient?_sort=-_lastUpdated&_count=50'), ids.toReversed());
});

test('only the matches are sorted', async () => {
  assert.deepEqual(await found('Patient?gender=male&_sort=-birthdate&_count=9'), expected('-birthdate', people.filter(r => r.gender === 'male')));
  assert.deepEqual(await found('Patient?_id=p3,p200,p77&_sort=identifier'), expected('identifier', people.filter(r => ['p3', 'p200', 'p77'].includes(r.id))));
});

test('sorted pages turn back, and stay what they were while writing goes on and the server restarts', async () => {
  const all = expected('-birthdate,family');
  const first = (await api.get('Patient?_sort=-birthdate,family&_count=40')).body;
  await api.put('Patient/p5', { resourceType: 'Patient', id: 'p5', birthDate: '2020-01-01' });
  await api.post('Patient', { resourceType: 'Patient', birthDate: '1975-01-01' });
  await api.delete('Patient/p9');
  const second = (await api.get(link(first, 'next'))).body;
  assert.deepEqual(second.entry.map(e => e.resource.id), all.slice(40, 80));
  assert.deepEqual((await api.get(link(second, 'previous'))).body.entry.map(e => e.resource.id), all.slice(0, 40));
  assert.deepEqual((await api.get(link(second, 'last'))).body.entry.map(e => e.resource.id), all.slice(-40));
  await server.stop();
  const old = server;
  server = await start({ dir: old.dir });
  api = client(server);
  const moved = link(second, 'next').replace(old.root, server.root);
  assert.deepEqual((await api.get(moved)).body.entry.map(e => e.resource.id), all.slice(80, 120));
  assert.equal((await api.get(moved.replace('_sort=-birthdate', '_sort=birthdate'))).status, 400); // another order, another cursor
});

test('_maxresults takes the first of the order', async () => {
  const all = (await api.get('Patient?_sort=-identifier&_count=1000')).body.entry.map(e => e.resource.id);
  assert.deepEqual(await found('Patient?_sort=-identifier&_maxresults=23&_count=10'), all.slice(0, 23));
});

test('an estimated total is near', async () => {
  const { total } = (await api.get('Patient?gender=male&_total=estimate&_count=1')).body;
  const exact = (await api.get('Patient?gender=male&_total=accurate&_count=1')).body.total;
  assert.ok(total > exact / 2 && total < exact * 2, `${total} for ${exact}`);
});
