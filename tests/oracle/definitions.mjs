// What the specification's definitions say: search parameters by type, compartments, and the code
// systems that required bindings give to elements of type code.
import { readFileSync, readdirSync } from 'node:fs';
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';
import { parse } from './exact.mjs';

const folder = new URL('../../node_modules/hl7.fhir.r4.examples/', import.meta.url);
const load = name => {
  try { return JSON.parse(readFileSync(new URL(name, folder))); } catch { return null; }
};
const memo = make => {
  const made = new Map();
  return key => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key);
  };
};
const all = load('Bundle-searchParams.json').entry.map(e => e.resource);
const byUrl = new Map(all.map(p => [p.url, p]));

/** Splits at ` | ` outside of brackets. */
function alternatives(expression) {
  const parts = [];
  let depth = 0, start = 0;
  for (let i = 0; i < expression.length; i++) {
    if (expression[i] === '(') depth++;
    else if (expression[i] === ')') depth--;
    else if (expression[i] === '|' && !depth) {
      parts.push(expression.slice(start, i).trim());
      start = i + 1;
    }
  }
  return [...parts, expression.slice(start).trim()];
}

const structure = memo(name => load(`StructureDefinition-${name}.json`));

/** The element definition that a plain path ends at. */
function elementAt(type, names) {
  let at = type, path = type, found = null;
  for (const name of names) {
    found = null;
    for (let hop = 0; hop < 2 && !found; hop++) {
      const elements = structure(at)?.snapshot?.element ?? [];
      found = elements.find(e => e.path === `${path}.${name}` || e.path === `${path}.${name}[x]`);
      if (found) path = found.path;
      else if (at !== path) { // leave the structure for the type of the element reached
        const here = elements.find(e => e.path === path);
        at = path = here?.type?.[0]?.code;
      }
    }
    if (!found) return null;
  }
  return found;
}

const valueSet = memo(url => load(`ValueSet-${url.split('|')[0].split('/').pop()}.json`));
const codeSystem = memo(url => load(`CodeSystem-${url.split('/').pop()}.json`));

const bundle = memo(name => load(`Bundle-${name}.json`).entry.map(e => e.resource));

/** All CodeSystems or ValueSets that the specification publishes; of one url the last counts. */
export const published = memo(type => [...new Map(['types', 'resources', 'searchParams', 'valuesets', 'v2-valuesets', 'v3-valuesets', 'extensions', 'profiles-others']
  .flatMap(bundle).filter(r => r.resourceType === type && r.url).map(r => [r.url, r])).values()]);
const byCanonical = memo(type => new Map(published(type).map(r => [r.url, r])));
export const shipped = (type, url) => byCanonical(type).get(url);

const within = (concepts, code) => (concepts ?? []).some(c => c.code === code || within(c.concept, code));

function elementOf(type, expression) {
  const plain = expression.replace(/ as \w+|\.as\(\w+\)|\.where\((?:[^()]|\(\))*\)/g, '').replace(/^\(|\)$/g, '');
  const names = plain.split('.').slice(1);
  return names.every(n => /^\w+$/.test(n)) ? elementAt(type, names) : null;
}

/** (code) => its system, for a path that ends at an element with a required binding. */
function systemsOf(type, expression) {
  const element = elementOf(type, expression);
  if (!element || element.binding?.strength !== 'required') return () => undefined;
  const include = valueSet(element.binding.valueSet)?.compose?.include ?? [];
  const systems = new Set(include.map(i => i.system));
  if (systems.size === 1 && (include.some(i => i.concept) || codeSystem(include[0].system ?? ''))) return () => include[0].system;
  return code => include.find(i => (i.concept ? i.concept.some(c => c.code === code)
    : within(codeSystem(i.system)?.concept, code)))?.system;
}

/** `.where(resolve() is Patient)` needs no resolving: the reference itself tells the type. */
function readPart(type, expression, base) {
  const only = /\.where\(resolve\(\) is (\w+)\)/.exec(expression)?.[1];
  // `as` takes one value only, and what is meant is a choice among several.
  const path = expression.replace(/\.where\(resolve\(\) is \w+\)/, '').replace(/as\(DateTime\)/, 'as(dateTime)')
    .replace(/ as (\w+)/g, '.ofType($1)').replace(/\.as\((\w+)\)/g, '.ofType($1)');
  const compile = text => { // when it is asked for the first time
    let run;
    return (...args) => (run ??= fhirpath.compile(base ? { base, expression: text } : text, r4))(...args);
  };
  const whole = base ? `${base}.${expression}` : expression, root = base ? base.split('.')[0] : type;
  const types = elementOf(root, whole)?.type?.map(t => t.code) ?? [];
  return { only, path, values: compile(path), types: compile(`(${path}).type().name`), systems: systemsOf(root, whole),
    canonical: types.includes('canonical') || types.includes('uri'), referring: types.includes('Reference') };
}

const ofType = (type, expression) => alternatives(expression)
  .filter(part => /^[a-z]/.test(part) || new RegExp(`^\\(?${type}\\b`).test(part)); // InsurancePlan's `name` begins below

/** The data types that a parameter keeps to, when it says so: "(Group.characteristic.value as boolean)". */
function choice(expressions) {
  const named = expressions.map(e => / as (\w+)\)?$|\.as\((\w+)\)\)?$/.exec(e)).map(m => m?.[1] ?? m?.[2]);
  return named.every(Boolean) ? new Set(named) : null;
}

function readParam(type, p) {
  const expression = p.base.includes('Resource') ? p.expression.replaceAll('Resource.', `${type}.`) : p.expression;
  const param = { code: p.code, type: p.type, url: p.url, targets: p.target ?? [] };
  const expressions = ofType(type, expression);
  param.parts = expressions.map(e => readPart(type, e));
  if (param.parts.every(x => x.only)) param.targets = param.targets.filter(t => param.parts.some(x => x.only === t));
  param.canonical = param.parts.some(x => x.canonical);
  param.referring = param.parts.some(x => x.referring);
  if (p.component?.every(c => byUrl.has(c.definition))) {
    param.contexts = expressions.map(e => ({
      values: fhirpath.compile(e, r4),
      components: p.component.map((c, i) => {
        const target = byUrl.get(c.definition);
        // R4 publishes the expressions of DocumentReference's relationship crossed.
        const path = p.code === 'relationship' && type === 'DocumentReference' ? p.component[1 - i].expression : c.expression;
        return { code: target.code, type: target.type, targets: target.target ?? [], only: choice(ofType(type, target.expression)), parts: alternatives(path).map(x => readPart(e, x, e)) };
      }),
    }));
    param.components = param.contexts[0]?.components;
  }
  return param;
}

/** All resource types that have search parameters, and an example of each that is not too large. */
export function examples(perType, bytes = 60000) {
  const found = new Map();
  for (const name of readdirSync(folder).sort()) {
    const type = /^([A-Z]\w+)-.*\.json$/.exec(name)?.[1], list = found.get(type) ?? [];
    if (!type || list.length >= perType || !structure(type)) continue;
    const text = readFileSync(new URL(name, folder), 'utf8');
    if (text.length > bytes) continue;
    list.push(parse(text));
    found.set(type, list);
  }
  return found;
}

const unanswered = new Set(['_text', '_content', '_query']);

/** Search parameters of a resource type: Map of code to parameter. */
export const paramsOf = memo(type => new Map(all
  .filter(p => p.expression && !unanswered.has(p.code) && (p.base.includes(type) || p.base.includes('Resource')))
  .map(p => [p.code, readParam(type, p)])));

/** Codes of the parameters that put `type` into a compartment; undefined when it is not in it. */
export const compartment = memo(name => {
  const resources = load(`CompartmentDefinition-${name[0].toLowerCase()}${name.slice(1)}.json`).resource;
  return new Map(resources.filter(r => r.param).map(r => [r.code, r.param]));
});
