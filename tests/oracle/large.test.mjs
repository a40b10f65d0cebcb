// Fewer questions over many more resources: long lists of rows, several segments of the index, merges.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start } from '../api/server.mjs';
import { avoid, supported } from './features.mjs';
import { World } from './world.mjs';

const seed = Number(process.env.ZD_SEED ?? 1), queries = Math.ceil(Number(process.env.ZD_QUERIES ?? 4000) / 8);
let server, world;
before(async () => {
  server = await start();
  world = new World(server.base, { seed, perType: Number(process.env.ZD_LARGE ?? 400), supported, avoid });
  await world.load();
});
after(async () => {
  world.close();
  await server.remove();
});

test('the same over many resources, from memory and from segments', async t => {
  for (let i = 0; i < 4 && !world.differences.length; i++) {
    await world.round(Math.ceil(queries / 4));
    const { dir, port } = server;
    await server.stop('SIGTERM'); // writes the index out: one segment more
    server = await start({ dir, port });
    world.again();
    await world.change(400);
  }
  t.diagnostic(`oracle: ${world.counts.asked} queries, ${world.counts.pages} pages, ${world.counts.matches} matches, ${world.counts.writes} writes; seed ${seed}`);
  if (world.differences.length) assert.fail(`${world.differences.length} differences\n\n${await world.report()}`);
});
