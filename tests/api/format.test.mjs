// Stores that earlier programs left (tests/format): opened, read, searched, written, checked.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { ask, folder, laterOnly, run, start } from './server.mjs';

const here = join(dirname(fileURLToPath(import.meta.url)), '../format');
const archives = readdirSync(here).filter(f => f.endsWith('.tar.gz'));

for (const archive of archives) {
  test(`${archive} is read, searched, written and checked`, async () => {
    const work = folder(), dir = join(work, 'store');
    execFileSync('tar', ['-C', work, '-xzf', join(here, archive)]);
    const expected = JSON.parse(readFileSync(join(work, 'expected.json'), 'utf8'));
    const lines = async out => {
      const { code, err } = await run('export', '--data', dir, '--out', join(work, out), '--threads', '1', '--quiet');
      assert.equal(code, 0, err);
      return readdirSync(join(work, out)).sort().map(f => readFileSync(join(work, out, f), 'utf8')).join('').trim().split('\n');
    };
    const checked = await run('check', '--data', dir, '--quiet');
    assert.equal(checked.code, 0, checked.out + checked.err);
    assert.deepEqual(await lines('before'), expected.lines, 'read only, as it was left');
    const server = await start({ dir });
    for (const [question, total] of Object.entries(expected.counts)) {
      // What newer programs index besides is indexed while the server serves; until then it is refused by name.
      let answer;
      do answer = await ask(server.base, 'GET', `${question}&_summary=count`);
      while (answer.status !== 200 && laterOnly(answer));
      const { status, body, text } = answer;
      assert.equal(status, 200, text);
      assert.equal(body.total, total, question);
    }
    assert.deepEqual((await ask(server.base, 'GET', 'Patient/p3/_history/1')).body, expected.oldVersion);
    assert.equal((await ask(server.base, 'GET', 'Observation/o105')).status, expected.goneStatus);
    const { status } = await ask(server.base, 'PUT', 'Patient/p3', { body: { resourceType: 'Patient', id: 'p3', active: true } });
    assert.equal(status, 200);
    assert.equal((await ask(server.base, 'GET', 'Patient?active=true&_summary=count')).body.total, 1);
    assert.equal((await server.stop()).code, 0);
    assert.equal((await lines('after')).length, expected.lines.length);
    const again = await run('check', '--data', dir, '--quiet');
    assert.equal(again.code, 0, again.out + again.err);
    assert.equal((await run('compact', '--data', dir, '--quiet')).code, 0);
    assert.equal((await run('check', '--data', dir, '--quiet')).code, 0);
    rmSync(work, { recursive: true, force: true });
  });
}

test('there is one', () => assert.ok(archives.length > 0));
