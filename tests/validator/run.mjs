// The public validator suite (fhir-test-cases/validator) through `zdravo validate`.
//
//   ZD_PROGRAM=build/debug/zdravo ZD_SHARED=../shared node tests/validator/run.mjs [--list] [module...]
//
// A case's verdict is "valid" or "invalid", that of the suite's OperationOutcome. Cases that need a
// foreign package, or whose files are not there, are counted apart. Prints passed/total of each
// module, and with --list the cases that differ.
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const shared = process.env.ZD_SHARED ?? join(here, '../../../shared')
const program = process.env.ZD_PROGRAM ?? join(here, '../../build/debug/zdravo')
const suite = join(shared, 'suites/fhir-test-cases/validator')
const list = process.argv.includes('--list')
const wanted = process.argv.slice(2).filter((a) => !a.startsWith('--'))

if (!existsSync(join(suite, 'manifest.json'))) {
  console.log('validator suite: not there, skipped')
  process.exit(0)
}

const manifest = JSON.parse(readFileSync(join(suite, 'manifest.json'), 'utf8'))

function outcomeOf(expected) {
  if (expected === undefined) return undefined
  if (typeof expected === 'string') {
    const file = join(suite, 'outcomes', expected)
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
  }
  if (expected.outcome) return expected.outcome
  if (typeof expected.outcome === 'string') return outcomeOf(expected.outcome)
  if (expected.errorCount !== undefined)
    return { issue: expected.errorCount > 0 ? [{ severity: 'error' }] : [] }
  return expected.resourceType === 'OperationOutcome' ? expected : undefined
}

const isValid = (outcome) =>
  !(outcome.issue ?? []).some((i) => i.severity === 'error' || i.severity === 'fatal')

const urlOf = (file) => {
  const text = readFileSync(join(suite, file), 'utf8')
  return text.trimStart().startsWith('<')
    ? /<url value="([^"]*)"/.exec(text)?.[1]
    : JSON.parse(text).url
}

function filesOf(step) {
  return [...(step.supporting ?? []), ...(step.profiles ?? [])]
}

const isForeign = (step) => (step?.packages ?? []).length > 0

/** All steps of the manifest that have a verdict: { name, module, file, packages, profile, valid } */
function steps() {
  const all = []
  for (const c of manifest['test-cases']) {
    const common = { file: c.file, module: c.module ?? 'none', skip: isForeign(c) || isForeign(c.logical) }
    const packages = filesOf(c)
    const base = outcomeOf(c.java)
    if (base && !c.logical) all.push({ ...common, name: c.name, packages, valid: isValid(base), outcome: base })
    if (c.profile) {
      const outcome = outcomeOf(c.profile.java)
      const source = c.profile.source
      if (!outcome || !source) continue
      const local = existsSync(join(suite, source))
      all.push({
        ...common,
        name: `${c.name} (profile)`,
        packages: [...packages, ...filesOf(c.profile), ...(local ? [source] : [])],
        profile: local ? urlOf(source) : source,
        valid: isValid(outcome),
        outcome,
        skip: common.skip || isForeign(c.profile)
      })
    }
  }
  return all
}

const run = (args) =>
  new Promise((done) =>
    execFile(program, args, { maxBuffer: 64 << 20, timeout: 60000 }, (error, stdout, stderr) =>
      done({ code: error ? (error.code ?? 'killed') : 0, stdout, stderr })
    )
  )

async function judge(step) {
  const files = [step.file, ...step.packages]
  if (step.skip) return 'foreign'
  if (files.some((f) => !existsSync(join(suite, f)))) return 'missing'
  const args = ['validate', '--json', '--quiet', join(suite, step.file)]
  for (const p of step.packages) args.push('--package', join(suite, p))
  if (step.profile) args.push('--profile', step.profile)
  const { code, stdout, stderr } = await run(args)
  if (code !== 0 && code !== 1) return `failed with ${code}: ${stderr.trim()}`
  step.ours = JSON.parse(stdout)
  return isValid(step.ours) === step.valid ? 'same' : 'differs'
}

const errors = (outcome) =>
  (outcome.issue ?? [])
    .filter((i) => i.severity === 'error' || i.severity === 'fatal')
    .map((i) => `${i.expression?.[0] ?? ''}: ${i.details?.text ?? i.diagnostics ?? ''}`)

const tally = new Map()
const apart = { foreign: 0, missing: 0 }
for (const step of steps()) {
  if (wanted.length && !wanted.includes(step.module)) continue
  const verdict = await judge(step)
  if (verdict in apart) {
    apart[verdict]++
    continue
  }
  const row = tally.get(step.module) ?? { passed: 0, total: 0 }
  tally.set(step.module, row)
  row.total++
  if (verdict === 'same') row.passed++
  else if (list) {
    console.log(`${step.module} | ${step.name} | should be ${step.valid ? 'valid' : 'invalid'} | ${verdict}`)
    for (const e of errors(step.valid ? (step.ours ?? {}) : step.outcome).slice(0, 4)) console.log(`    ${e.slice(0, 300)}`)
  }
}
let passed = 0
let total = 0
for (const [module, row] of [...tally].sort()) {
  console.log(`${module.padEnd(16)} ${row.passed}/${row.total}`)
  passed += row.passed
  total += row.total
}
console.log(`${'all'.padEnd(16)} ${passed}/${total} (${((100 * passed) / total).toFixed(1)} %), apart: ${apart.foreign} need a foreign package, ${apart.missing} lack a file`)
