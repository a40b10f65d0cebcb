// Bundles of any size: read entry by entry, answered while the answer is made, in bounded memory.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { client, patient, start } from './server.mjs';

let server, api;
before(async () => { server = await start(); api = client(server); });
after(() => server.remove());

const post = async (text, headers = {}) => {
  const answer = await fetch(server.base, { method: 'POST', body: text, headers: { 'Content-Type': 'application/fhir+json', ...headers } });
  const whole = await answer.text();
  return { status: answer.status, headers: answer.headers, text: whole, body: JSON.parse(whole) };
};

/** The body as it came over the wire. */
const raw = (text, headers) => new Promise((resolve, reject) => {
  const asked = request(server.base, { method: 'POST', headers: { 'Content-Type': 'application/fhir+json', ...headers } }, answer => {
    const parts = [];
    answer.on('data', part => parts.push(part));
    answer.on('end', () => resolve({ headers: answer.headers, body: Buffer.concat(parts) }));
    answer.on('error', reject);
  });
  asked.on('error', reject);
  asked.end(text);
});

const filler = 'x'.repeat(300);
const many = (n, id, type = 'batch') => JSON.stringify({ resourceType: 'Bundle', type,
  entry: Array.from({ length: n }, (_, i) => ({ resource: patient({ id: `${id}${i}`, name: [{ text: filler }] }),
    request: { method: 'PUT', url: `Patient/${id}${i}` } })) });

test('a big answer is sent while it is made, however it is laid out and coded', async () => {
  const n = 12000;
  const plain = await raw(many(n, 's', 'transaction'), { Prefer: 'return=representation' });
  assert.equal(plain.headers['content-length'], undefined, 'it has no length yet when it begins');
  const told = JSON.parse(plain.body);
  assert.equal(told.entry.length, n);
  assert.equal(told.entry[n - 1].resource.id, `s${n - 1}`);
  assert.equal(told.entry[n - 1].resource.meta.versionId, '1');
  assert.ok(told.entry.every(e => e.response.status === '201 Created'));

  const again = await raw(many(n, 's', 'transaction'), { Prefer: 'return=representation', 'Accept-Encoding': 'gzip' });
  assert.equal(again.headers['content-encoding'], 'gzip');
  const second = JSON.parse(gunzipSync(again.body));
  assert.equal(second.entry.length, n);
  assert.ok(second.entry.every(e => e.resource.meta.versionId === '2'));

  const answer = await fetch(`${server.base}?_pretty=true`, { method: 'POST', body: many(n, 's', 'transaction'),
    headers: { 'Content-Type': 'application/fhir+json' } });
  const pretty = await answer.text();
  assert.ok(pretty.startsWith('{\n  "resourceType": "Bundle",\n  "type": "transaction-response",\n  "entry": [\n    {\n'));
  assert.equal(pretty, JSON.stringify(JSON.parse(pretty), null, 2));
});

test('questions of a big Bundle are answered in the answer, after its writes', async () => {
  const entry = Array.from({ length: 3000 }, (_, i) => ({ request: { method: 'GET', url: `Patient/q${i % 7}` } }));
  for (let i = 0; i < 6; i++) entry.push({ resource: patient({ id: `q${i}`, name: [{ text: filler }] }), request: { method: 'PUT', url: `Patient/q${i}` } });
  const { body } = await post(JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }));
  assert.equal(body.entry.length, 3006);
  for (let i = 0; i < 3000; i++) {
    const { resource, response } = body.entry[i];
    assert.equal(response.status.slice(0, 3), i % 7 === 6 ? '404' : '200');
    if (i % 7 !== 6) assert.equal(resource.id, `q${i % 7}`);
  }
});

test('a client that goes away in the middle of an answer does no harm', async () => {
  await new Promise(resolve => {
    const asked = request(server.base, { method: 'POST', headers: { 'Content-Type': 'application/fhir+json', Prefer: 'return=representation' } }, answer => {
      answer.once('data', () => { asked.destroy(); resolve(); });
    });
    asked.on('error', () => {});
    asked.end(many(20000, 'g', 'transaction'));
  });
  assert.equal((await api.get('Patient/g19999')).status, 200);
});

test('faults deep in a Bundle are told with line, column and place in the whole', async () => {
  const lines = ['{"resourceType":"Bundle","type":"transaction","entry":['];
  for (let i = 0; i < 5000; i++) lines.push(`{"resource":{"resourceType":"Patient"${i === 4321 ? ',"gender":"tall"' : ''}},"request":{"method":"POST","url":"Patient"}},`);
  lines.push('{"request":{"method":"DELETE","url":"Patient/none"}}]}');
  const faulty = await post(lines.join('\n'));
  assert.equal(faulty.status, 400);
  const [issue] = faulty.body.issue;
  assert.deepEqual(issue.expression, ['Bundle.entry[4321].resource.gender']);
  assert.match(JSON.stringify(issue), /4323/, 'its line');
  lines[3000] = lines[3000].replace('"POST"', 'POST');
  const broken = await post(lines.join('\n'));
  assert.equal(broken.status, 400);
  assert.equal(broken.body.issue.length, 1);
  assert.match(JSON.stringify(broken.body), /not acceptable as JSON/);
  assert.match(JSON.stringify(broken.body), /3001/);
});

test('memory is that of the text and a bounded part', { skip: process.platform !== 'linux' }, async () => {
  const peak = child => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024;
  // sanitizers need memory of their own
  if (/asan|tsan/i.test(readFileSync(`/proc/${server.child.pid}/maps`, 'utf8'))) return;
  const other = await start();
  try {
    const idle = peak(other.child);
    const text = JSON.stringify({ resourceType: 'Bundle', type: 'transaction',
      entry: Array.from({ length: 12000 }, (_, i) => ({ fullUrl: `urn:uuid:00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
        resource: patient({ name: Array.from({ length: 20 }, (_, k) => ({ family: `f${k}`, given: [`g${i}`, 'a', 'b'], period: { start: '2020-01-01' } })) }),
        request: { method: 'POST', url: 'Patient' } })) });
    const answer = await fetch(`${other.base}`, { method: 'POST', body: text, headers: { 'Content-Type': 'application/fhir+json' } });
    assert.equal(answer.status, 200);
    assert.equal((await answer.json()).entry.length, 12000);
    const more = peak(other.child) - idle;
    // the part: trees of the first entries, 600 bytes an entry, and the index of what was stored
    assert.ok(more < text.length + (64 << 20), `${text.length >> 20} MiB of text took ${more >> 20} MiB`);
  } finally {
    await other.remove();
  }
});

test('a packed Bundle is taken apart, too', async () => {
  const answer = await post(gzipSync(many(3000, 'z')), { 'Content-Encoding': 'gzip' });
  assert.equal(answer.status, 200);
  assert.equal(answer.body.entry.length, 3000);
});
