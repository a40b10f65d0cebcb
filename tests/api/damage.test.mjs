// Flipped, cut, zeroed and missing files of a store: named by check, never a wrong answer.
// ZD_PLACES sets how many places of each file are damaged.
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import test from 'node:test';
import { ask, folder, run, start } from './server.mjs';

const work = folder();
const places = Number(process.env.ZD_PLACES ?? 4);
const walk = dir => readdirSync(dir).sort().flatMap(f => {
  const path = join(dir, f);
  return statSync(path).isDirectory() ? walk(path) : [path];
});

const person = (i, given) => JSON.stringify({
  resourceType: 'Patient', id: `p${i}`, name: [{ family: `Иванов${i % 50}`, given: [given] }],
  gender: i % 2 ? 'male' : 'female', birthDate: `19${50 + i % 50}-0${1 + i % 9}-1${i % 10}`,
  identifier: [{ system: 'urn:example:n', value: `${i}` }],
});

/** A store with a dictionary, updates and more than one segment. */
async function makeStore() {
  const dir = join(work, 'whole');
  for (const [name, count, given] of [['a', 1700, 'Анна'], ['b', 200, 'Вера']]) {
    const path = join(work, `${name}.ndjson`);
    writeFileSync(path, Array.from({ length: count }, (_, i) => person(i, given)).join('\n'));
    const { code, err } = await run('import', path, '--data', dir, '--quiet');
    assert.equal(code, 0, err);
  }
  rmSync(join(dir, 'import.state'));
  return dir;
}

async function everything(dir) {
  const out = join(work, 'out');
  rmSync(out, { recursive: true, force: true });
  const { code, err } = await run('export', '--data', dir, '--out', out, '--quiet', '--threads', '1');
  return { code, err, text: existsSync(out) ? walk(out).map(f => readFileSync(f, 'utf8')).join('') : '' };
}

const ways = size => [
  ...Array.from({ length: places }, (_, i) => ({ what: 'flip', at: Math.floor((size - 1) * i / Math.max(places - 1, 1)) })),
  { what: 'cut', at: Math.floor(size / 2) }, { what: 'cut', at: size - 1 }, { what: 'cut', at: 0 },
  { what: 'zero', at: Math.floor(size / 3) }, { what: 'remove' },
];

function harm(path, { what, at }) {
  const bytes = readFileSync(path);
  if (what === 'remove') return rmSync(path);
  if (what === 'flip') bytes[at] ^= 1 << at % 8;
  if (what === 'zero') bytes.fill(0, at, Math.min(at + 512, bytes.length));
  writeFileSync(path, what === 'cut' ? bytes.subarray(0, at) : bytes);
}

/** Derived or a witness only: without it everything is still there, and right. */
const dispensable = (file, way) => way.what === 'remove' && /MANIFEST$|fields\.note$/.test(file) || /symbols\.count$/.test(file);

test('check names the damaged file; export fails or is exact', async t => {
  const whole = await makeStore(), truth = (await everything(whole)).text;
  assert.ok(truth.length > 100000);
  let cases = 0;
  for (const file of walk(whole).map(f => relative(whole, f)).filter(f => f !== 'lock')) {
    for (const way of ways(statSync(join(whole, file)).size)) {
      const dir = join(work, 'harmed'), label = `${file} ${way.what} ${way.at ?? ''}`;
      rmSync(dir, { recursive: true, force: true });
      cpSync(whole, dir, { recursive: true });
      harm(join(dir, file), way);
      const { code, out, err } = await run('check', '--data', dir, '--quiet');
      const read = await everything(dir);
      if (read.code === 0) assert.equal(read.text, truth, `${label}: a wrong answer`);
      else assert.equal(read.code, 3, `${label}: ${read.err}`);
      if (dispensable(file, way)) {
        assert.equal(code, 0, `${label}: ${out}${err}`);
      } else {
        assert.ok(code === 1 || code === 3, `${label}: check ended with ${code}: ${out}${err}`);
        const log = /log\/0*(\d+)\.log$/.exec(file);
        const named = (out + err).includes(file) || log && (out + err).includes(`log file ${log[1]}`);
        assert.ok(named, `${label}: not named: ${out}${err}`);
      }
      cases++;
    }
  }
  t.diagnostic(`${cases} damages`);
});

test('a server does not start on damage it sees, and answers with an error, or exactly, on what it meets later', async () => {
  const whole = join(work, 'whole');
  const questions = ['Patient?gender=male&_summary=count', 'Patient?family=' + encodeURIComponent('Иванов7') + '&_summary=count',
    'Patient?birthdate=ge1980&_summary=count', 'Patient?identifier=urn:example:n|77&_summary=count', 'Patient/p5', 'Patient/p199', 'Patient/p1600', 'Patient/p5/_history/1'];
  const answers = async server => Promise.all(questions.map(q => ask(server.base, 'GET', q)));
  const plain = a => a.text.replace(/127\.0\.0\.1:\d+/g, '');
  let server = await start({ dir: whole });
  const truth = (await answers(server)).map(plain);
  await server.stop();
  let refusedToStart = 0, errors = 0;
  for (const file of walk(whole).map(f => relative(whole, f)).filter(f => /\.seg$|\.log$|\.zdict$|symbols$/.test(f))) {
    const size = statSync(join(whole, file)).size;
    for (const at of [Math.floor(size / 5), Math.floor(size / 2), Math.floor(size * 0.9)]) {
      const dir = join(work, 'served');
      rmSync(dir, { recursive: true, force: true });
      cpSync(whole, dir, { recursive: true });
      harm(join(dir, file), { what: 'flip', at });
      try {
        server = await start({ dir });
      } catch (e) {
        assert.match(String(e), /ended with 3/);
        assert.ok(String(e).includes(file) || /log file/.test(String(e)), `${file}: ${e}`);
        refusedToStart++;
        continue;
      }
      for (const [i, answer] of (await answers(server)).entries()) {
        if (answer.status === 200) assert.equal(plain(answer), truth[i], `${file} at ${at}: ${questions[i]}: a wrong answer`);
        else {
          assert.equal(answer.status, 500, `${file} at ${at}: ${questions[i]}: ${answer.status} ${answer.text}`);
          assert.equal(answer.body.resourceType, 'OperationOutcome');
          errors++;
        }
      }
      assert.equal((await ask(server.root, 'GET', 'health/live')).status, 200);
      assert.equal((await server.stop()).code, 0);
    }
  }
  assert.ok(refusedToStart > 0 && errors > 0, `${refusedToStart} refused to start, ${errors} errors`);
  rmSync(work, { recursive: true, force: true });
});
