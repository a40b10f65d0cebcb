// Imports that are killed: run again, nothing is there twice and nothing is missing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import zlib from 'node:zlib';
import { ask, client, folder, run, start } from './server.mjs';

const work = folder();
test.after(() => rmSync(work, { recursive: true, force: true }));
const program = process.env.ZD_PROGRAM;
const input = join(work, 'in');

/** Files of every kind; returns how many resources they hold. */
function write(count) {
  mkdirSync(join(input, 'sub'), { recursive: true });
  const line = (file, i) => JSON.stringify({ resourceType: 'Observation', id: `${file}-${i}`, status: 'final', code: { text: `n${i % 100}` } });
  const text = file => Array.from({ length: count }, (_, i) => line(file, i)).join('\n');
  writeFileSync(join(input, 'a.ndjson'), text('a'));
  writeFileSync(join(input, 'b.ndjson.gz'), zlib.gzipSync(text('b')));
  writeFileSync(join(input, 'sub/c.ndjson'), text('c'));
  const zst = zlib.zstdCompressSync?.(text('d'));
  if (zst) writeFileSync(join(input, 'd.ndjson.zst'), zst);
  // creates without ids: what a second run must not make twice
  for (const kind of ['transaction', 'batch', 'collection']) {
    const entry = Array.from({ length: 20 }, (_, i) => ({
      fullUrl: `urn:uuid:00000000-0000-4000-8000-0000000000${10 + i}`,
      resource: { resourceType: 'Patient', ...(kind === 'collection' ? { id: `col-${i}` } : {}), name: [{ text: `${kind} ${i}` }] },
      ...(kind === 'collection' ? {} : { request: { method: 'POST', url: 'Patient' } }),
    }));
    writeFileSync(join(input, `e-${kind}.json`), JSON.stringify({ resourceType: 'Bundle', type: kind, entry }));
  }
  writeFileSync(join(input, 'f.json'), JSON.stringify({ resourceType: 'Organization', id: 'one', name: 'Одна' }));
  return { Observation: count * (zst ? 4 : 3), Patient: 60, Organization: 1 };
}

const statsOf = async dir => JSON.parse((await run('stats', '--json', '--data', dir)).out);

/** Runs an import and kills it after `ms`; true when it had ended by itself. */
const killedAfter = (ms, args) => new Promise(resolve => {
  const child = spawn(program, args, { stdio: 'ignore' });
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  child.on('exit', code => { clearTimeout(timer); resolve(code === 0); });
});

test('kill -9 in the middle, run again: everything once', async t => {
  const expected = write(6000);
  let kills = 0;
  for (const first of [15, 40, 80, 130]) {
    const dir = join(work, `store-${first}`), args = ['import', input, '--data', dir, '--quiet', '--piece', '1', '--report', join(work, 'report.ndjson')];
    for (let ms = first; !(await killedAfter(ms, args)); ms = ms * 1.3) kills++;
    const last = await run(...args);
    assert.equal(last.code, 0, last.err);
    assert.match(last.out, / 0 written,/);
    const stats = await statsOf(dir);
    assert.deepEqual(stats.types, expected);
    assert.equal(stats.versions, stats.resources, 'nothing was written a second time');
    assert.equal((await run('check', '--data', dir, '--quiet')).code, 0);
  }
  t.diagnostic(`${kills} kills`);
});

test('a Bundle whose end was not noted any more is not stored a second time', async () => {
  const dir = join(work, 'forgetful'), lines = join(work, 'bundles.ndjson');
  const entry = [
    { fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000001', resource: { resourceType: 'Patient', gender: 'male' }, request: { method: 'POST', url: 'Patient' } },
    { resource: { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: 'urn:uuid:00000000-0000-4000-8000-000000000001' } }, request: { method: 'POST', url: 'Observation' } },
    { resource: { resourceType: 'Organization', id: 'put', name: 'x' }, request: { method: 'PUT', url: 'Organization/put' } },
    { resource: { resourceType: 'Device', identifier: [{ value: '7' }] }, request: { method: 'PUT', url: 'Device?identifier=7' } },
  ];
  const bundle = type => JSON.stringify({ resourceType: 'Bundle', type, entry: type === 'batch' ? entry.slice(2).concat(entry[0]) : entry });
  writeFileSync(lines, [bundle('transaction'), bundle('transaction'), bundle('batch')].join('\n'));
  const file = join(work, 'one.json');
  writeFileSync(file, JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry: [{ resource: { resourceType: 'Basic', code: { text: 'once' } }, request: { method: 'POST', url: 'Basic' } }] }, null, 2));
  for (let round = 0; round < 3; round++) {
    const { code, out, err } = await run('import', lines, file, '--data', dir, '--quiet');
    assert.equal(code, 0, err);
    if (round) assert.match(out, / 0 written,/);
    rmSync(join(dir, 'import.state')); // what a lost power supply may do
    const { types, versions } = await statsOf(dir);
    // two equal transactions of one file are two, each with what it creates
    assert.deepEqual(types, { Patient: 3, Observation: 2, Organization: 1, Device: 1, Basic: 1 });
    assert.equal(versions, 8);
  }
});

test('an import to a server that is killed is resumed, too', async () => {
  const report = join(work, 'remote.ndjson');
  let server = await start();
  const args = () => ['import', join(input, 'a.ndjson'), join(input, 'f.json'), '--server', server.base, '--quiet', '--report', report];
  const running = killedAfter(20000, args());
  await new Promise(r => setTimeout(r, 40));
  await server.stop('SIGKILL');
  await running;
  server = await start({ dir: server.dir });
  const again = await run(...args());
  assert.equal(again.code, 0, again.err);
  const { body } = await client(server).get('Observation?_summary=count');
  assert.equal(body.total, 6000);
  await server.remove();
});

test('of a batch sent to a server, what it refused is counted and told', async () => {
  const server = await start(), report = join(work, 'batch.ndjson'), file = join(work, 'batch.json');
  const put = (id, more) => ({ resource: { resourceType: 'Patient', id, ...more }, request: { method: 'PUT', url: `Patient/${id}` } });
  writeFileSync(file, JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry: [put('b1'), put('b2', { gender: 'bad' }), put('b3')] }));
  const { code, out, err } = await run('import', file, '--server', server.base, '--quiet', '--report', report);
  assert.equal(code, 1, out + err);
  assert.match(out, / 2 written,/);
  assert.match(readFileSync(report, 'utf8'), /Bundle\.entry\[1\]: 400 Bad Request: .*bad/);
  assert.equal((await client(server).get('Patient?_summary=count')).body.total, 2);
  await server.remove();
});

test('reading commands work beside a server that writes', async () => {
  const server = await start();
  let stop = false, written = 0;
  const writing = (async () => {
    while (!stop) {
      assert.equal((await ask(server.base, 'PUT', `Patient/w${written}`, { body: { resourceType: 'Patient', id: `w${written}`, gender: 'male' } })).status, 201);
      written++;
    }
  })();
  for (let i = 0; i < 4; i++) {
    const before = written, stats = await run('stats', '--json', '--data', server.dir);
    assert.equal(stats.code, 0, stats.err);
    const { resources } = JSON.parse(stats.out);
    assert.ok(resources >= before && resources <= written + 1, `${before} <= ${resources} <= ${written}`);
    const checked = await run('check', '--data', server.dir, '--quiet');
    assert.equal(checked.code, 0, checked.out + checked.err);
    const out = join(work, `out-${i}`), from = written, exported = await run('export', '--data', server.dir, '--out', out, '--quiet');
    assert.equal(exported.code, 0, exported.err);
    const lines = readdirSync(out).reduce((n, f) => n + readFileSync(join(out, f), 'utf8').split('\n').length - 1, 0);
    assert.ok(lines >= from, `${lines} >= ${from}`);
  }
  stop = true;
  await writing;
  await server.remove();
});
