// Binary by its own media type: content goes in and comes out as it is.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, start } from './server.mjs';

let server, api;
before(async () => { server = await start(); api = client(server); });
after(() => server.remove());

const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i * 7 % 256));
const send = (method, path, raw, headers) => fetch(`${server.base}/${path}`, { method, body: raw, headers });
const read = async (path, Accept) => {
  const answer = await fetch(`${server.base}/${path}`, { headers: Accept === undefined ? {} : { Accept } });
  return { status: answer.status, type: answer.headers.get('content-type'), headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
};

test('content becomes a Binary and comes back byte by byte', async () => {
  const put = await send('PUT', 'Binary/png', bytes, { 'Content-Type': 'image/png', 'X-Security-Context': 'Patient/1' });
  assert.equal(put.status, 201);
  const made = await put.json();
  assert.deepEqual([made.id, made.contentType, made.securityContext.reference, made.data], ['png', 'image/png', 'Patient/1', bytes.toString('base64')]);
  for (const accept of [undefined, '*/*', 'image/png', 'image/*', 'text/html, application/xml;q=0.9, image/avif, */*;q=0.8']) {
    const { status, type, headers, bytes: got } = await read('Binary/png', accept);
    assert.deepEqual([status, type], [200, 'image/png'], accept);
    assert.ok(got.equals(bytes));
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.match(headers.get('content-security-policy'), /sandbox/);
    assert.equal(headers.get('etag'), 'W/"1"');
  }
  const post = await send('POST', 'Binary', 'hello', { 'Content-Type': 'text/plain; charset=utf-8' });
  assert.equal(post.status, 201);
  const { id } = await post.json();
  const text = await read(`Binary/${id}/_history/1`);
  assert.deepEqual([text.type, text.bytes.toString()], ['text/plain; charset=utf-8', 'hello']);
  const head = await fetch(`${server.base}/Binary/${id}`, { method: 'HEAD' });
  assert.deepEqual([head.headers.get('content-type'), head.headers.get('content-length')], ['text/plain; charset=utf-8', '5']);
});

test('the resource itself, when a format of FHIR is asked for', async () => {
  for (const [path, accept, type] of [['Binary/png', 'application/fhir+json', /fhir\+json/], ['Binary/png', 'application/json', /fhir\+json/],
    ['Binary/png', 'application/fhir+xml', /fhir\+xml/], ['Binary/png', 'application/xml', /fhir\+xml/], ['Binary/png?_format=json', '*/*', /fhir\+json/],
    ['Binary/png?_format=xml', undefined, /fhir\+xml/], ['Binary/png?_summary=true', undefined, /fhir\+json/], ['Binary?_id=png', undefined, /fhir\+json/]]) {
    const answer = await read(path, accept);
    assert.equal(answer.status, 200, path);
    assert.match(answer.type, type, `${path} ${accept}`);
    assert.match(answer.bytes.toString(), /image\/png/);
  }
  assert.equal((await read('Binary/png', 'image/jpeg')).status, 406);
  assert.equal((await read('Binary/png', 'image/png;q=0, */*')).status, 406);
  assert.equal((await read('Binary/nobody')).status, 404);
  assert.equal((await fetch(`${server.base}/Binary/png`, { headers: { 'If-None-Match': 'W/"1"' } })).status, 304);
});

test('what a Binary says of itself', async () => {
  await api.put('Binary/odd', { resourceType: 'Binary', id: 'odd', contentType: 'тип/х', data: 'aGVsbG8=' });
  assert.deepEqual([(await read('Binary/odd')).type, (await read('Binary/odd')).bytes.toString()], ['application/octet-stream', 'hello']);
  await api.put('Binary/none', { resourceType: 'Binary', id: 'none', contentType: 'text/plain' });
  const none = await read('Binary/none');
  assert.deepEqual([none.status, none.type, none.bytes.length], [200, 'text/plain', 0]);
  assert.equal((await send('PUT', 'Binary/fhir', '{"resourceType":"Binary","id":"fhir","contentType":"a/b"}', { 'Content-Type': 'application/fhir+json' })).status, 201);
  assert.equal((await api.get('Binary/fhir', { headers: { Accept: 'application/fhir+json' } })).body.contentType, 'a/b');
  assert.equal((await send('PUT', 'Binary/v', '{}', { 'Content-Type': 'application/fhir+json; fhirVersion=5.0' })).status, 415);
  assert.equal((await send('PUT', 'Patient/v', 'x', { 'Content-Type': 'image/png' })).status, 415);
  const big = Buffer.alloc(3 << 20, 'a');
  assert.equal((await send('PUT', 'Binary/big', big, { 'Content-Type': 'application/octet-stream', Prefer: 'return=minimal' })).status, 201);
  assert.ok((await read('Binary/big')).bytes.equals(big));
});
