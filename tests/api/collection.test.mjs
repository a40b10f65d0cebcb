// import of Bundles that only carry resources, of any size.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { folder, patient, run } from './server.mjs';

const dir = folder();
after(() => rmSync(dir, { recursive: true, force: true }));

const importing = async (file, data, name) => {
  const report = join(dir, `${name}.report`);
  const { code, out, err } = await run('import', file, '--data', data, '--report', report, '--quiet');
  return { code, said: out + err, report: readFileSync(report, 'utf8').split('\n').filter(Boolean).map(l => JSON.parse(l)) };
};

/** A Bundle whose type comes last, an entry a line from line 2 on; entry i of `faults` is what it says. */
const write = (name, n, { faults = {}, end = '],\n"type":"collection"}', size = 1000 } = {}) => {
  const file = join(dir, name), fd = openSync(file, 'w');
  writeSync(fd, '{"resourceType":"Bundle","entry":[\n');
  const filler = 'x'.repeat(size);
  for (let i = 0; i < n; i++) {
    const text = faults[i] ?? JSON.stringify({ fullUrl: `urn:x:${i}`, resource: patient({ id: `c${i}`, text: undefined, address: [{ text: filler }] }) });
    writeSync(fd, (i ? ',' : '') + text + '\n');
  }
  writeSync(fd, end);
  closeSync(fd);
  return file;
};

test('a small one: faulty entries are refused, the others are taken', async () => {
  const file = write('small.json', 10, { size: 10, faults: {
    3: '{"resource":{"resourceType":"Patient","id":"x","gender":"tall"}}', 4: '{"fullUrl":"urn:x:none"}', 5: '{"resource":{"resourceType":"Patient"}}' } });
  const { said, report } = await importing(file, join(dir, 'small'), 'small');
  assert.match(said, /9 resources read.* 7 written, 0 unchanged, 2 refused/);
  assert.equal(report[0].line, 5);
  assert.deepEqual(report[0].outcome.issue[0].expression, ['Bundle.entry[3].resource.gender']);
});

test('a big one comes in pieces, with the same result', async () => {
  const n = 33000; // more than 32 MiB, from which on it does
  const file = write('big.json', n, { faults: { 32000: '{"resource":{"resourceType":"Patient","id":"x","gender":"tall"}}' } });
  const data = join(dir, 'big');
  const first = await importing(file, data, 'big');
  assert.match(first.said, new RegExp(`${n} resources read.* ${n - 1} written, 0 unchanged, 1 refused`));
  assert.equal(first.report[0].line, 32002);
  assert.deepEqual(first.report[0].outcome.issue[0].expression, ['Bundle.entry[32000].resource.gender']);
  assert.match(JSON.stringify(first.report[0].outcome), /32002/);
  const packed = join(dir, 'big.json.gz');
  writeFileSync(packed, gzipSync(readFileSync(file), { level: 0 }));
  const second = await importing(packed, data, 'again');
  assert.match(second.said, new RegExp(`${n} resources read.* 0 written, ${n - 1} unchanged, 1 refused`));
});

test('what is cut off is refused whole', async () => {
  for (const [name, n, size] of [['cut.json', 5, 10], ['cut-big.json', 33000, 1000]]) {
    const { said, report } = await importing(write(name, n, { end: '', size }), join(dir, 'cut'), name);
    assert.match(said, /1 resources? read.* 0 written, 0 unchanged, 1 refused/);
    assert.match(report[0].outcome.issue[0].diagnostics, /not acceptable as JSON: expected a comma or '\]'/);
    assert.equal(report[0].line, n + 2);
  }
});

test('memory does not grow with the file', { skip: process.platform !== 'linux' }, async () => {
  const peak = async file => {
    const child = spawn(process.env.ZD_PROGRAM, ['import', file, '--data', join(dir, `m${Math.random()}`), '--quiet'], { stdio: 'ignore' });
    let most = 0;
    const look = setInterval(() => {
      try { most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1])); } catch { /* ended */ }
    }, 5);
    const code = await new Promise(resolve => child.on('exit', resolve));
    clearInterval(look);
    assert.equal(code, 0);
    return most / 1024;
  };
  const small = await peak(write('a.json', 9000, { size: 4000 })), large = await peak(write('b.json', 36000, { size: 4000 }));
  if (/asan|tsan/.test(process.env.ZD_PROGRAM)) return; // they keep freed memory for a while
  assert.ok(large < small + 60, `36 MB took ${small | 0} MiB, 144 MB took ${large | 0} MiB`);
});
