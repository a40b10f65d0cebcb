// The little terminology that :in, :not-in, :above and :below need: value sets and code systems that
// are stored as resources or, when they are not, published with the specification.
import { shipped } from './definitions.mjs';
import { Refusal } from './match.mjs';
import { split, unescape } from './match.mjs';

const walk = (concepts, visit, parent) => (concepts ?? []).forEach(c => {
  visit(c, parent);
  walk(c.concept, visit, c.code);
});
const valueOf = p => p[Object.keys(p).find(k => k.startsWith('value'))];

/** A code system: properties of each code, and what stands directly above it. */
class System {
  constructor(resource) {
    this.meaning = resource.hierarchyMeaning ?? 'is-a';
    this.properties = new Map();
    walk(resource.concept, c => this.properties.set(c.code, c.property ?? []));
    this.parents = new Map([...this.properties.keys()].map(c => [c, new Set()]));
    const meant = new Map((resource.property ?? []).map(p => [p.code, /^http:\/\/hl7\.org\/fhir\/concept-properties#(\w+)$/.exec(p.uri)?.[1]]));
    const above = (parent, child) => { if (this.has(parent)) this.parents.get(child)?.add(parent); };
    walk(resource.concept, (c, parent) => {
      if (parent !== undefined) above(parent, c.code);
      for (const p of c.property ?? []) {
        const name = ['parent', 'subsumedBy', 'child'].includes(meant.get(p.code)) ? meant.get(p.code) : p.code;
        if (name === 'parent' || name === 'subsumedBy') above(p.valueCode, c.code);
        if (name === 'child') above(c.code, p.valueCode);
      }
    });
  }
  has(code) { return this.properties.has(code); }
  get codes() { return [...this.properties.keys()]; }

  /** The code and all above it, as often as there is more to find. */
  above(code) {
    if (this.meaning !== 'is-a') throw new Refusal(`hierarchy of ${this.meaning}`);
    if (!this.has(code)) throw new Refusal(`no code ${code}`, 'not-found');
    const found = new Set([code]);
    for (let size = 0; size < found.size;) {
      size = found.size;
      for (const c of [...found]) this.parents.get(c).forEach(p => found.add(p));
    }
    return found;
  }
  below(code) {
    this.above(code);
    return new Set(this.codes.filter(c => this.above(c).has(code)));
  }

  filtered({ property, op, value }) {
    const ofCodes = property === 'concept' || property === 'code', all = this.codes;
    const says = (c, test) => (ofCodes ? [c] : this.properties.get(c).filter(p => p.code === property).map(p => String(valueOf(p)))).some(test);
    const words = value.split(',');
    switch (op) {
      case 'is-a': return this.below(value);
      case 'descendent-of': return new Set([...this.below(value)].filter(c => c !== value));
      case 'is-not-a': { const under = this.below(value); return new Set(all.filter(c => !under.has(c))); }
      case 'generalizes': return this.above(value);
      case '=': return new Set(all.filter(c => says(c, v => v === value)));
      case 'in': return new Set(all.filter(c => says(c, v => words.includes(v))));
      case 'not-in': return new Set(all.filter(c => !says(c, v => words.includes(v))));
      case 'exists': return new Set(all.filter(c => says(c, () => true) === (value === 'true')));
      default: throw new Refusal(`filter ${op}`, 'not-supported');
    }
  }
}

export class Codes {
  constructor(engine) { this.engine = engine; }

  byUrl(type, url) {
    const [plain, version] = url.split('|');
    const fits = r => r && r.url === plain && (!version || r.version === version);
    return this.engine.all(type).map(k => k.resource).find(fits) ?? shipped(type, url) ?? [shipped(type, plain)].find(fits);
  }

  system(url) {
    const found = this.byUrl('CodeSystem', url);
    if (!found) throw new Refusal(`code system ${url}`, 'not-found');
    if (found.content !== 'complete') throw new Refusal(`code system ${url} is not complete`, 'not-supported');
    return new System(found);
  }

  expand(name, seen = []) {
    if (seen.includes(name)) throw new Refusal(`${name} contains itself`);
    const id = /^(?:ValueSet\/)?([A-Za-z0-9.-]{1,64})$/.exec(name)?.[1];
    const set = this.byUrl('ValueSet', name) ?? (name.startsWith('ValueSet/') ? this.engine.get('ValueSet', id)?.resource : null);
    if (!set) throw new Refusal(`value set ${name}`, 'not-found');
    const codes = new Set();
    for (const part of set.compose?.include ?? []) this.part(part, [...seen, name]).forEach(c => codes.add(c));
    for (const part of set.compose?.exclude ?? []) this.part(part, [...seen, name]).forEach(c => codes.delete(c));
    return codes;
  }

  part({ system, version, concept, filter, valueSet }, seen) {
    let codes;
    const both = more => { codes = codes ? new Set([...codes].filter(c => more.has(c))) : more; };
    const named = list => new Set([...list].map(c => `${system}|${c}`));
    if (system && concept) both(named(concept.map(c => c.code)));
    if (system && !concept) {
      const known = this.system(version ? `${system}|${version}` : system);
      both(named(known.codes));
      for (const f of filter ?? []) both(named(known.filtered(f)));
    }
    for (const inner of valueSet ?? []) both(this.expand(inner, seen));
    return codes;
  }

  /** "system|code": the code itself, and all above or below it. */
  closure(direction, text) {
    const [system, code] = split(text, '|').map(unescape);
    if (!code) throw new Refusal(`:${direction} needs system|code`);
    return new Set([...this.system(system)[direction](code)].map(c => `${system}|${c}`));
  }
}
