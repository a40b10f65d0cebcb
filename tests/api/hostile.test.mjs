// Hostile bodies over HTTP: a clear refusal, bounded memory, and the server serves on.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import test from 'node:test';
import zlib from 'node:zlib';
import { ask, client, patient, start } from './server.mjs';

const server = await start(), at = client(server);
test.after(() => server.remove());
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))[1]) / 1024;
const MB = 1 << 20, GB = 1 << 30;
const before = '{"resourceType":"Patient","name":[{"family":"', after = '"}]}';

/** Sends a head, `size` bytes of "a", a tail; what came back, and how much was sent until then. */
const stream = (head, size, tail) => new Promise(resolve => {
  const socket = net.connect(server.port, '127.0.0.1'), piece = Buffer.alloc(MB, 'a');
  let got = '', sent = 0;
  socket.on('data', d => { got += d; });
  socket.on('error', () => {}); // the server may close while we still send
  socket.on('close', () => resolve({ got, sent }));
  const pump = () => {
    while (sent < size && !socket.destroyed) {
      const n = Math.min(MB, size - sent);
      sent += n;
      if (!socket.write(n < MB ? piece.subarray(0, n) : piece)) return void socket.once('drain', pump);
    }
    socket.write(tail);
  };
  socket.write(head);
  pump();
});
const headOf = length => `POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nConnection: close\r\n${length}\r\n\r\n`;

test('a string of 1 GB: 413, memory stays bounded', { skip: process.platform === 'linux' ? false : 'needs /proc' }, async () => {
  const announced = await stream(headOf(`Content-Length: ${before.length + GB + after.length}`) + before, GB, after);
  assert.match(announced.got, /^HTTP\/1.1 413 [\s\S]*OperationOutcome[\s\S]*too-long/);
  const chunked = await stream(headOf('Transfer-Encoding: chunked') +
    `${before.length.toString(16)}\r\n${before}\r\n${GB.toString(16)}\r\n`, GB, `\r\n${after.length.toString(16)}\r\n${after}\r\n0\r\n\r\n`);
  assert.match(chunked.got, /^HTTP\/1.1 413 [\s\S]*OperationOutcome[\s\S]*too-long/);
  assert.ok(announced.sent < GB && chunked.sent < GB, 'refused before all of it was sent');
  if (!process.env.ASAN_OPTIONS) assert.ok(peak() < 300, `${peak()} MB`);
});

test('a string within the body limit but beyond that of strings is refused with its place', async () => {
  const { got } = await stream(headOf(`Content-Length: ${before.length + 20 * MB + after.length}`) + before, 20 * MB, after);
  assert.match(got, /^HTTP\/1.1 4(00|13) [\s\S]*too-long[\s\S]*Patient\.name\[0\]\.family/);
});

test('nesting bombs', async () => {
  const bombs = {
    arrays: '['.repeat(MB),
    objects: '{"a":'.repeat(MB / 4),
    extensions: '{"resourceType":"Patient","extension":' + '[{"url":"u","extension":'.repeat(1e5) + '[]' + '}]'.repeat(1e5) + '}',
    contained: '{"resourceType":"Patient","contained":['.repeat(1e5),
    bundles: '{"resourceType":"Bundle","type":"batch","entry":[{"resource":'.repeat(1e5),
  };
  for (const [name, raw] of Object.entries(bombs)) {
    const answer = await ask(server.base, 'POST', 'Patient', { raw });
    assert.ok(answer.status === 413 || answer.status === 400, `${name}: ${answer.status}`);
    assert.equal(answer.body.resourceType, 'OperationOutcome', name);
    assert.ok(answer.text.length < 20000, `${name}: an answer of ${answer.text.length} bytes`);
  }
});

test('packed bombs are unpacked no further than the limit', async () => {
  const raw = zlib.gzipSync(Buffer.alloc(256 * MB, 'a'));
  const { status, body } = await ask(server.base, 'POST', 'Patient', { raw, headers: { 'Content-Encoding': 'gzip' } });
  assert.equal(status, 413);
  assert.equal(body.resourceType, 'OperationOutcome');
});

test('a resource cut at every byte, and with every byte changed', async () => {
  const whole = Buffer.from(JSON.stringify({
    resourceType: 'Patient', text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">ж \\ \u2028</div>' },
    name: [{ family: 'Ё', _family: { extension: [{ url: 'u', valueDecimal: 1.5 }] }, given: ['a', null], _given: [null, { id: 'x' }] }],
    birthDate: '1990-01-02', contained: [{ resourceType: 'Organization', id: 'o' }], managingOrganization: { reference: '#o' },
  }));
  assert.equal((await ask(server.base, 'POST', 'Patient', { raw: whole })).status, 201);
  for (let i = 0; i < whole.length; i++) {
    const { status, body } = await ask(server.base, 'POST', 'Patient', { raw: whole.subarray(0, i) });
    assert.equal(status, 400, `cut at ${i}`);
    assert.equal(body.resourceType, 'OperationOutcome');
    const changed = Buffer.from(whole);
    changed[i] ^= 1 << i % 8;
    const answer = await ask(server.base, 'POST', 'Patient', { raw: changed });
    assert.ok([201, 400, 413].includes(answer.status), `changed at ${i}: ${answer.status}`);
    assert.ok(['Patient', 'OperationOutcome'].includes(answer.body.resourceType));
  }
});

test('a Bundle of very many tiny entries and a resource of very many faults have bounded answers', async () => {
  const many = { resourceType: 'Patient', name: Array.from({ length: 20000 }, () => ({ wrong: 1 })) };
  const { status, body, text } = await at.post('Patient', many);
  assert.equal(status, 400);
  assert.ok(body.issue.length <= 101 && text.length < 100000);
  const raw = `{"resourceType":"Bundle","type":"transaction","entry":[${'{},'.repeat(300000)}{}]}`;
  const refused = await ask(server.base, 'POST', '', { raw });
  assert.ok(refused.status === 400 || refused.status === 413, String(refused.status));
  assert.ok(refused.text.length < 100000);
});

test('after all that it serves', async () => {
  const { status, body } = await at.post('Patient', patient());
  assert.equal(status, 201);
  assert.equal((await at.get(`Patient/${body.id}`)).status, 200);
});
