// The little terminology that :in, :not-in, :above and :below need: value sets and code systems
// that are stored as resources.
import { Refusal } from './match.mjs';
import { split, unescape } from './match.mjs';

const walk = (concepts, visit, parents = []) => (concepts ?? []).forEach(c => {
  visit(c, parents);
  walk(c.concept, visit, [...parents, c.code]);
});

export class Codes {
  constructor(engine) { this.engine = engine; }

  byUrl(type, url) {
    const [plain, version] = url.split('|');
    return this.engine.all(type).map(k => k.resource).find(r => r.url === plain && (!version || r.version === version));
  }

  /** All codes of a stored code system with what stands above each. */
  lineage(system) {
    const found = this.byUrl('CodeSystem', system);
    if (!found) throw new Refusal(`code system ${system}`, 'not-found');
    const lines = new Map();
    walk(found.concept, (c, parents) => lines.set(c.code, parents));
    return lines;
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

  part({ system, concept, filter, valueSet }, seen) {
    let codes;
    const both = more => { codes = codes ? new Set([...codes].filter(c => more.has(c))) : more; };
    if (system) {
      const lines = concept ? new Map(concept.map(c => [c.code, []])) : this.lineage(system);
      const kept = [...lines].filter(([code, parents]) => (filter ?? []).every(f => f.op === 'is-a'
        ? code === f.value || parents.includes(f.value) : parents.includes(f.value)));
      both(new Set(kept.map(([code]) => `${system}|${code}`)));
    }
    for (const inner of valueSet ?? []) both(this.expand(inner, seen));
    return codes;
  }

  /** "system|code": the code itself, and all above or below it. */
  closure(direction, text) {
    const [system, code] = split(text, '|').map(unescape);
    if (!code) throw new Refusal(`:${direction} needs system|code`);
    const lines = this.lineage(system);
    const codes = direction === 'above' ? [code, ...lines.get(code) ?? []]
      : [code, ...[...lines].filter(([, parents]) => parents.includes(code)).map(([c]) => c)];
    return new Set(codes.map(c => `${system}|${c}`));
  }
}
