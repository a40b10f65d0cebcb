// fhirpath.mjs: the expressions of the public FHIRPath suite, ours beside npm fhirpath in one run.
//
//   node bench/fhirpath.mjs PROGRAM [SHARED]     PROGRAM: fhirpath_bench; ZDRAVO: the server's program
//
// Both are given what they compiled before; npm reads its resource as a plain object, ours as a tree.
// Means are over the expressions that both evaluate.
import { execFileSync } from 'node:child_process';
import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';

const [program, shared = '../shared'] = process.argv.slice(2);
const zdravo = process.env.ZDRAVO ?? join(program, '..', 'zdravo');
const folder = join(shared, 'suites/fhir-test-cases/r4');
const suite = readFileSync(join(folder, 'fhirpath/tests-fhir-r4.xml'), 'utf8');
const text = (s) => s.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"')
  .replace(/&apos;/g, "'").replace(/&#(\d+);/g, (_, n) => String.fromCodePoint(n)).replace(/&amp;/g, '&');

const cases = [];
for (const [, tag, inside] of suite.matchAll(/<test ([^>]*)>(.*?)<\/test>/gs)) {
  const expression = inside.match(/<expression([^>]*)>(.*?)<\/expression>/s);
  if (!expression || expression[1].includes('invalid')) continue;
  const file = tag.match(/inputfile="([^"]*)"/)?.[1] ?? 'patient-example.xml';
  cases.push({ file: join(folder, file), expression: text(expression[2]) });
}

const resources = new Map();
function resource(file) {
  if (!resources.has(file)) {
    const run = () => {
      try {
        return execFileSync(zdravo, ['fhirpath', '--json', '%context', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      } catch (e) { return e.stdout; }
    };
    resources.set(file, JSON.parse(run()).value);
  }
  return resources.get(file);
}

function npm({ file, expression }) {
  const input = resource(file);
  let evaluate;
  const start = process.hrtime.bigint();
  try {
    evaluate = fhirpath.compile(expression, r4, { traceFn: () => {} });
    evaluate(input, {});
  } catch { return null; }
  const compiling = Number(process.hrtime.bigint() - start);
  let best = Infinity;
  for (let i = 0; i < 30; i++) evaluate(input, {});
  for (let round = 0; round < 3; round++) {
    const from = process.hrtime.bigint();
    let calls = 0, now = from;
    while (now - from < 3000000n) {
      for (let i = 0; i < 8; i++) evaluate(input, {});
      calls += 8;
      now = process.hrtime.bigint();
    }
    best = Math.min(best, Number(now - from) / calls);
  }
  return { compiling, running: best };
}

const list = cases.map((c) => `${c.file}\t${c.expression.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/\t/g, '\\t').replace(/\r/g, '')}`).join('\n');
const ours = execFileSync(program, { input: list + '\n', encoding: 'utf8' }).trim().split('\n');
const rows = [];
cases.forEach((c, i) => {
  const theirs = npm(c);
  if (ours[i] === '-' || !theirs) return;
  const [compiling, running] = ours[i].split(' ').map(Number);
  rows.push({ ...c, compiling, running, theirs });
});
const mean = (f) => rows.reduce((sum, r) => sum + f(r), 0) / rows.length;
const median = (f) => rows.map(f).sort((a, b) => a - b)[rows.length >> 1];
const show = (name, f) => console.log(`${name.padEnd(28)} mean ${mean(f).toFixed(1).padStart(9)} ns   median ${median(f).toFixed(1).padStart(9)} ns`);
console.log(`${rows.length} expressions that both evaluate, of ${cases.length}`);
show('run, ours', (r) => r.running);
show(`run, npm ${fhirpath.version}`, (r) => r.theirs.running);
show('compile, ours', (r) => r.compiling);
console.log(`npm / ours, of means ${(mean((r) => r.theirs.running) / mean((r) => r.running)).toFixed(0)}, median of ratios ${median((r) => r.theirs.running / r.running).toFixed(0)}`);
if (process.env.SLOWEST) {
  for (const r of rows.sort((a, b) => b.running - a.running).slice(0, 25)) console.log(r.running.toFixed(0), r.theirs.running.toFixed(0), r.expression);
  for (const r of rows.sort((a, b) => b.compiling - a.compiling).slice(0, 12)) console.log('compile', r.compiling.toFixed(0), r.expression);
}
