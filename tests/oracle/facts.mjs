// What a resource says to a search parameter (R4 search.html, "Search Parameter Types"): a list of
// facts, by the type of the parameter and the data type found.
import { Decimal, compare, fold, moment, plus, times } from './exact.mjs';

const data = value => value instanceof Decimal ? value : value?.value instanceof Decimal ? value.value : undefined;
const some = fact => fact ? [fact] : [];

const moments = new Set(['date', 'dateTime', 'instant', 'time']), uris = new Set(['uri', 'url', 'oid', 'uuid', 'canonical']);

const readers = {
  number: value => some(data(value) && value instanceof Decimal && { low: value, high: value }),
  quantity,
  date,
  string,
  token,
  uri: (value, type) => uris.has(type) ? [canonical(value, type === 'canonical')] : [],
  reference,
  special: value => some(value.latitude && { lat: Number(value.latitude.text), lon: Number(value.longitude.text) }),
};

// ---- number and quantity: { low, high } (absent: no such bound), and a unit ----

function quantity(value, type) {
  if (type === 'Range') {
    const turned = value.low?.value && value.high?.value && compare(value.low.value, value.high.value) > 0;
    const [low, high] = turned ? [value.high.value, value.low.value] : [value.low?.value, value.high?.value];
    const unit = value.high?.value ? value.high : value.low;
    return some((low || high) && { low, high, ...units(low && high ? { ...value.low, ...value.high } : unit ?? {}) });
  }
  if (type === 'SampledData') return some(sampled(value));
  if (type === 'Money') {
    return some(value.value && { low: value.value, high: value.value, code: value.currency,
      system: value.currency && 'urn:iso:std:iso:4217' });
  }
  return some(value.value && { low: value.value, high: value.value, ...units(value) });
}

const units = ({ system, code, unit }) => ({ system, code, unit });

function sampled({ origin, factor, data: samples }) {
  if (!origin?.value) return null;
  const words = (samples ?? '').split(' ').filter(w => w && w !== 'E');
  const scaled = words.filter(w => w !== 'L' && w !== 'U')
    .map(w => plus(times(new Decimal(w), factor ?? new Decimal('1')), origin.value)).sort(compare);
  if (!scaled.length) return null;
  let below = words.includes('L'), above = words.includes('U');
  if (factor && factor.mantissa < 0n) [below, above] = [above, below];
  return { low: below ? undefined : scaled[0], high: above ? undefined : scaled.at(-1), ...units(origin) };
}

// ---- date: { low, high } in microseconds (absent: open) ----

function date(value, type) {
  if (typeof value === 'string') return moments.has(type) ? some(moment(value)) : [];
  if (value.event || value.repeat) { // Timing: its outer limits
    const parts = (value.event ?? []).map(moment);
    if (value.repeat?.boundsPeriod) parts.push(...date(value.repeat.boundsPeriod));
    if (!parts.length) return [];
    const outer = (a, b, first) => (a === undefined || b === undefined ? undefined : (a < b) === first ? a : b);
    return [parts.reduce((a, b) => ({ low: outer(a.low, b.low, true), high: outer(a.high, b.high, false) }))];
  }
  if (!value.start && !value.end) return [];
  const start = value.start && moment(value.start), end = value.end && moment(value.end);
  if (start && end && start.low > end.high) return [{ low: end.low, high: start.high }]; // the wrong way round
  return [{ low: start?.low, high: end?.high }];
}

// ---- string: { text, folded } ----

const named = ['text', 'family', 'given', 'prefix', 'suffix', 'line', 'city', 'district', 'state', 'postalCode', 'country'];

function string(value, type) {
  if (typeof value === 'string' ? moments.has(type) : type !== 'HumanName' && type !== 'Address') return [];
  const texts = typeof value === 'string' ? [value] : named.flatMap(n => value[n] ?? []);
  return texts.map(text => ({ text, folded: fold(text) }));
}

// ---- token: { system, code }; { words } is what :text looks at, { kind } the type of an Identifier ----

function token(value, type, systems) {
  switch (type) {
    case 'CodeableConcept':
      return [...(value.coding ?? []).flatMap(c => token(c, 'Coding')), ...some(value.text && { words: fold(value.text) })];
    case 'Coding':
      return [...some((value.system || value.code) && { system: value.system, code: value.code }),
        ...some(value.display && { words: fold(value.display) })];
    case 'Identifier':
      return [...some((value.system || value.value) && { system: value.system, code: value.value, kind: value.type?.coding ?? [] }),
        ...some(value.type?.text && { words: fold(value.type.text) })];
    case 'ContactPoint':
      return some(value.value && { code: value.value });
    case 'boolean':
      return [{ code: String(value) }];
    default:
      return typeof value === 'string' && !moments.has(type) ? [{ system: type === 'code' ? systems(value) : undefined, code: value }]
        : typeof value === 'boolean' ? [{ code: String(value) }] : [];
  }
}

// ---- uri, reference: { type, id } when it is ours, else { url, version }; { identifier } ----

export function canonical(text, versioned) {
  const bar = text.indexOf('|');
  return versioned && bar >= 0 ? { url: text.slice(0, bar), version: text.slice(bar + 1), whole: text } : { url: text, whole: text };
}

/** A literal reference; `base` is the server's own. */
export function literal(text, base) {
  let path = text.replace(/\/_history\/.*$/, '');
  if (path.startsWith(`${base}/`)) path = path.slice(base.length + 1);
  const m = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})$/.exec(path);
  return m ? { type: m[1], id: m[2] } : { url: path };
}

/** The resource type that a reference speaks of, ours or not. */
export const targetType = fact => fact.type ?? fact.of ?? /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9.-]{1,64}$/.exec(fact.url ?? '')?.[1];

function reference(value, type, systems, base) {
  if (value.resourceType) return some(value.id && { type: value.resourceType, id: value.id }); // the resource stands there itself
  if (typeof value === 'string') return value.startsWith('#') ? [] : [canonical(value, true)];
  const found = value.reference && !value.reference.startsWith('#') ? literal(value.reference, base) : null;
  const logical = value.identifier && (value.identifier.system || value.identifier.value)
    ? { identifier: { system: value.identifier.system, code: value.identifier.value }, of: found && targetType(found) } : null;
  return [...some(found), ...some(logical)];
}

// ---- from expression to facts ----

function partFacts(part, kind, node, base, resource = node) {
  const values = part.values(node, { resource });
  if (!values.length) return [];
  const plain = values.some(v => typeof v !== 'object' || v instanceof Decimal);
  const types = plain ? part.types(node, { resource }) : null;
  const facts = values.flatMap((value, i) => {
    if (value === null || value === undefined) return [];
    const type = types ? types[i] : value.__path__?.fhirNodeDataType ?? value.__path__?.path;
    return readers[kind](value, type, part.systems, base);
  });
  return part.only ? facts.filter(f => targetType(f) === part.only) : facts;
}

/** Facts of `resource` for `param`; of a composite a list of { component index: facts } per element. */
export function factsOf(resource, param, base) {
  if (param.type !== 'composite') return param.parts.flatMap(p => partFacts(p, param.type, resource, base));
  return param.contexts.flatMap(context => context.values(resource).map(node =>
    context.components.map(c => c.parts.flatMap(p => partFacts(p, c.type, node, base, resource)))));
}

/** Whether an element says anything that a component's parameter is about. */
function isThere(component, part, node, resource) {
  const values = part.values(node, { resource });
  if (!values.length || !component.only) return values.length > 0;
  return part.types(node, { resource }).some(type => component.only.has(type));
}

/** Whether the parameter's expression finds anything at all, be it searchable or not; of a composite,
 *  whether there is an element with all its components. `root`: the container of a contained one. */
export function anyNode(resource, param, base, root = resource) {
  if (param.contexts) {
    return param.contexts.some(context => context.values(resource).some(node =>
      context.components.every(c => c.parts.some(part => isThere(c, part, node, resource)))));
  }
  const type = text => (text === '#' ? root !== resource && root.resourceType : text?.startsWith('#') ? root.contained?.find(c => c.id === text.slice(1))?.resourceType
    : text && targetType(literal(text, base)));
  return param.parts.some(part => part.values(resource).some(v => !part.only || type(v.reference) === part.only));
}
