// zdravo backup beside a running server: what was acknowledged before it began is in it, a copy of it
// is a store, the same folder again takes what is new, and a kill leaves a whole backup.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ask, folder, patient, run, start } from './server.mjs';

const work = folder();
test.after(() => rmSync(work, { recursive: true, force: true }));

/** Current resources of a store, in order of their ids. */
async function everything(dir) {
  const out = join(work, 'out');
  rmSync(out, { recursive: true, force: true });
  const { code, err } = await run('export', '--data', dir, '--out', out, '--quiet');
  assert.equal(code, 0, err);
  const lines = existsSync(out) ? readdirSync(out).flatMap(f => readFileSync(join(out, f), 'utf8').split('\n')) : [];
  return lines.filter(Boolean).sort();
}

async function backUp(from, to, ...more) {
  const { code, out, err } = await run('backup', '--data', from, '--to', to, '--quiet', ...more);
  assert.equal(code, 0, out + err);
  const [, versions, commit] = /^(\d+) versions, up to commit (\d+) of /.exec(out);
  return { versions: Number(versions), commit: Number(commit), copied: Number(/ (\d+) bytes copied/.exec(out)[1]) };
}

function restore(from) {
  const to = join(work, 'restored');
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
  return to;
}

/** Writers that create, change and delete until told to stop; every acknowledged state is kept. */
function writers(server, count) {
  const state = { stop: false, acknowledged: new Map(), written: 0 };
  const write = async n => {
    for (let i = 0; !state.stop; i++) {
      const deletes = i % 10 === 9, id = `w${n}-${(deletes ? i - 1 : i) % 25}`, body = patient({ id, identifier: [{ system: 'urn:example:n', value: `${n}.${i}` }] });
      const answer = deletes ? await ask(server.base, 'DELETE', `Patient/${id}`) : await ask(server.base, 'PUT', `Patient/${id}`, { body });
      assert.ok([200, 201, 204].includes(answer.status), answer.text);
      state.acknowledged.set(id, deletes ? undefined : { value: `${n}.${i}`, i });
      state.written++;
    }
  };
  state.ended = Promise.all(Array.from({ length: count }, (_, n) => write(n)));
  return state;
}

test('a backup while writes go on is a store with all that was acknowledged before', async () => {
  const dir = join(work, 'live'), to = join(work, 'backup');
  const server = await start({ dir }), state = writers(server, 4);
  let before = 0, first;
  for (let round = 0; round < 6; round++) {
    while (state.written < before + 150) await new Promise(r => setTimeout(r, 10));
    before = state.written;
    const known = new Map(state.acknowledged);
    const told = await backUp(dir, to, ...round % 2 ? ['--verify'] : []);
    first ??= told;
    assert.ok(told.commit >= before, `${told.commit} commits, ${before} were acknowledged`);
    const copy = restore(to);
    const checked = await run('check', '--data', copy, '--quiet');
    assert.equal(checked.code, 0, checked.out + checked.err);
    assert.equal(checked.out, `${told.versions} versions checked: no fault found\n`);
    const there = new Map((await everything(copy)).map(l => JSON.parse(l)).map(r => [r.id, Number(r.identifier[0].value.split('.')[1])]));
    for (const [id, was] of known) // what is there is what was acknowledged, or younger
      if (was && there.has(id)) assert.ok(there.get(id) >= was.i, `${id}: ${there.get(id)} is older than ${was.i}`);
  }
  state.stop = true;
  await state.ended;
  assert.equal((await backUp(dir, to)).commit, state.written);
  const again = await backUp(dir, to, '--verify');
  assert.equal(again.copied, 0, 'nothing was new');
  assert.equal((await server.stop()).code, 0);
  const copy = restore(to);
  assert.deepEqual(await everything(copy), await everything(dir));

  const restored = await start({ dir: copy }); // without an index: it is built again, with history and search
  for (const [id, was] of state.acknowledged) {
    const { status, body } = await ask(restored.base, 'GET', `Patient/${id}`);
    assert.equal(status, was ? 200 : 410, id);
    if (was) assert.equal(body.identifier[0].value, was.value);
    if (was) assert.equal((await ask(restored.base, 'GET', `Patient?identifier=urn:example:n|${was.value}&_summary=count`)).body.total, 1);
  }
  assert.equal((await ask(restored.base, 'GET', '_history?_count=0')).body.total, state.written);
  assert.equal((await ask(restored.base, 'PUT', 'Patient/after', { body: patient({ id: 'after' }) })).status, 201);
  assert.equal((await restored.stop()).code, 0);
  const { code, err } = await run('backup', '--data', dir, '--to', copy);
  assert.equal(code, 3);
  assert.match(err, /holds commits that .* does not have/, 'a store that went its own way is no backup');
});

test('a killed backup leaves a whole one, and the next goes on', async () => {
  const dir = join(work, 'large'), to = join(work, 'killed'), lines = join(work, 'a.ndjson');
  for (let part = 0; part < 2; part++) {
    const data = i => Buffer.from(createHash('shake256', { outputLength: 4000 }).update(`${part} ${i}`).digest()).toString('base64');
    writeFileSync(lines, Array.from({ length: 2000 }, (_, i) => JSON.stringify({ resourceType: 'Binary', id: `b${part}-${i}`, contentType: 'application/octet-stream', data: data(i) })).join('\n'));
    assert.equal((await run('import', lines, '--data', dir, '--quiet', '--piece', '1')).code, 0);
    if (!part) await backUp(dir, to);
    for (let kill = 0; kill < 5; kill++) {
      const child = spawn(process.env.ZD_PROGRAM, ['backup', '--data', dir, '--to', to, '--quiet'], { stdio: 'ignore' });
      const ended = new Promise(resolve => child.on('exit', resolve));
      await new Promise(r => setTimeout(r, 2 + kill * 3));
      child.kill('SIGKILL');
      await ended;
      const checked = await run('check', '--data', restore(to), '--quiet');
      assert.equal(checked.code, 0, checked.out + checked.err);
    }
    await backUp(dir, to, '--verify');
    assert.deepEqual(await everything(to), await everything(dir));
  }
});

test('wrong use is named', async () => {
  const refused = async (code, words, ...args) => {
    const r = await run('backup', ...args);
    assert.equal(r.code, code, r.out + r.err);
    assert.match(r.err, words);
  };
  const dir = join(work, 'live');
  await refused(2, /--data DIR and --to DIR/, '--data', dir);
  await refused(3, /is the store itself/, '--data', dir, '--to', dir);
  await refused(3, /something else/, '--data', dir, '--to', work);
  await refused(3, /there is no store/, '--data', join(work, 'nowhere'), '--to', join(work, 'new'));
  const to = join(work, 'backup'), held = await start({ dir: to });
  await refused(4, /held by process/, '--data', dir, '--to', to);
  await held.stop();
});
