// The official examples of every resource type, asked for by every search parameter of R4.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start } from '../api/server.mjs';
import { examples, paramsOf } from './definitions.mjs';
import { World } from './world.mjs';

/** Terminology that the program ships stands in for value sets, which the naive engine does not have. */
const avoid = new Set([':in', ':not-in', ':above token', ':below token', ...(process.env.ZD_AVOID ?? '').split(';').filter(Boolean)]);
const seed = Number(process.env.ZD_SEED ?? 1), queries = Math.ceil(Number(process.env.ZD_QUERIES ?? 4000) / 2);
let server, world;
before(async () => {
  server = await start();
  const found = examples(15);
  world = new World(server.base, { seed, types: [...found.keys()], supported: { has: () => true }, avoid });
  await world.take([...found.values()].flat());
});
after(async () => {
  world.close();
  await server.remove();
});

test('every parameter of every type finds what it should', async t => {
  for (let i = 0; i < 4 && !world.differences.length; i++) {
    await world.round(Math.ceil(queries / 4));
    await world.shuffle(20);
  }
  const { counts, engine } = world, params = engine.types.reduce((n, type) => n + paramsOf(type).size, 0);
  t.diagnostic(`oracle: ${counts.asked} queries, ${counts.pages} pages, ${counts.matches} matches; ${engine.types.length} types, ${params} parameters; seed ${seed}`);
  if (world.differences.length) assert.fail(`${world.differences.length} differences\n\n${await world.report()}`);
});
