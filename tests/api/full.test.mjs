// A disk that fills up under a running server: writes are refused with 507, reads go on, nothing
// acknowledged is lost, and writing goes on when there is room again. Needs to mount a small tmpfs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ask, folder, run, start } from './server.mjs';

const disk = folder();
let mounted = false;
try {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk], { stdio: 'ignore' });
  mounted = true;
} catch { /* not root, or not allowed here */ }
test.after(() => {
  if (mounted) execFileSync('umount', ['-l', disk]);
  rmSync(disk, { recursive: true, force: true });
});

test('disk full: 507, acknowledged writes stay, and it goes on when there is room', { skip: mounted ? false : '1 case: no tmpfs can be mounted' }, async t => {
  const dir = join(disk, 'store'), ballast = join(disk, 'ballast'), acknowledged = new Map();
  writeFileSync(ballast, Buffer.alloc(2 << 20));
  let server = await start({ dir }), n = 0, random = 1;
  const noise = () => Array.from({ length: 3000 }, () => (random = random * 16807 % 2147483647).toString(36)).join(' ');
  const write = async () => {
    const id = `w${n++}`, body = { resourceType: 'Basic', id, code: { text: noise() } };
    const answer = await ask(server.base, 'PUT', `Basic/${id}`, { body });
    if (answer.status === 201) acknowledged.set(id, body.code.text);
    return answer;
  };
  let answer;
  do answer = await write(); while (answer.status === 201 && n < 5000);
  assert.equal(answer.status, 507, answer.text);
  assert.equal(answer.body.resourceType, 'OperationOutcome');
  assert.equal(answer.body.issue[0].code, 'no-store');
  assert.ok(acknowledged.size > 50, `${acknowledged.size}`);
  t.diagnostic(`${acknowledged.size} writes fitted`);
  const all = async () => {
    for (const [id, text] of acknowledged) {
      const { status, body } = await ask(server.base, 'GET', `Basic/${id}`);
      assert.equal(status, 200, id);
      assert.equal(body.code.text, text, id);
    }
    const { body } = await ask(server.base, 'GET', 'Basic?_summary=count');
    assert.equal(body.total, acknowledged.size, 'nothing that was refused is there');
  };
  await all();
  const batch = { resourceType: 'Bundle', type: 'transaction', entry: Array.from({ length: 60 }, (_, i) => ({ resource: { resourceType: 'Basic', code: { text: noise() + i } }, request: { method: 'POST', url: 'Basic' } })) };
  const refused = await ask(server.base, 'POST', '', { body: batch });
  assert.equal(refused.status, 507, refused.text);
  await all();

  rmSync(ballast); // room again
  let tries = 0;
  do answer = await write(); while (answer.status !== 201 && ++tries < 50 && !await new Promise(r => setTimeout(r, 100)));
  assert.equal(answer.status, 201, answer.text);
  assert.equal((await ask(server.root, 'GET', 'health/ready')).status, 200);
  await all();

  await server.stop('SIGKILL');
  server = await start({ dir });
  await all();
  assert.equal((await server.stop()).code, 0);
  const checked = await run('check', '--data', dir, '--quiet');
  assert.equal(checked.code, 0, checked.out + checked.err);
});

test('an import into a full disk says so, and goes on with room', { skip: mounted ? false : '1 case: no tmpfs can be mounted' }, async () => {
  rmSync(join(disk, 'store'), { recursive: true, force: true });
  const dir = join(disk, 'import'), ballast = join(disk, 'ballast'), work = folder(), lines = join(work, 'a.ndjson');
  let random = 7;
  writeFileSync(lines, Array.from({ length: 1500 }, (_, i) => JSON.stringify({ resourceType: 'Basic', id: `i${i}`, code: { text: Array.from({ length: 300 }, () => (random = random * 16807 % 2147483647).toString(36)).join(' ') } })).join('\n'));
  writeFileSync(ballast, Buffer.alloc(5 << 20));
  const args = ['import', lines, '--data', dir, '--quiet', '--piece', '1', '--report', join(work, 'report')];
  const full = await run(...args);
  assert.equal(full.code, 3, full.out + full.err);
  assert.match(full.err, /space|full/i);
  rmSync(ballast);
  const again = await run(...args);
  assert.equal(again.code, 0, again.out + again.err);
  assert.equal(JSON.parse((await run('stats', '--json', '--data', dir)).out).versions, 1500);
  assert.equal((await run('check', '--data', dir, '--quiet')).code, 0);
  rmSync(work, { recursive: true, force: true });
});
