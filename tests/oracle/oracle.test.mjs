// Engine and naive oracle, asked the same. ZD_SEED, ZD_QUERIES (per run), ZD_WORLD (resources a type).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start } from '../api/server.mjs';
import { avoid, supported } from './features.mjs';
import { World } from './world.mjs';

const seed = Number(process.env.ZD_SEED ?? 1), queries = Number(process.env.ZD_QUERIES ?? 4000);
let server, world;
before(async () => {
  server = await start();
  world = new World(server.base, { seed, perType: Number(process.env.ZD_WORLD ?? 40), supported, avoid });
  await world.load();
});
after(async () => {
  world.close();
  await server.remove();
});

/** Ends the server, now in order, now by force, and starts it again. */
async function restart(signal) {
  const { dir, port } = server;
  await server.stop(signal);
  server = await start({ dir, port });
  world.again();
}

test('random questions have the same answers, between random writes', async t => {
  const begun = Date.now(), rounds = Math.max(4, Math.min(30, Math.round(queries / 1000)));
  for (let i = 0; i < rounds && !world.differences.length; i++) {
    await world.round(Math.ceil(queries / rounds));
    if (world.differences.length) break;
    await world.pagesBetweenWrites(10);
    await world.change(40);
    // The index is written out at an orderly end, and read from the log after any other.
    await restart(i % 3 === 2 ? 'SIGKILL' : 'SIGTERM');
    await world.pagesBetweenWrites(2, () => restart(i % 2 ? 'SIGKILL' : 'SIGTERM'));
  }
  const { counts } = world, seconds = (Date.now() - begun) / 1000;
  t.diagnostic(`oracle: ${counts.asked} queries, ${counts.pages} pages, ${counts.matches} matches, ${counts.writes} writes, `
    + `${counts.malformed} malformed, ${counts.refused} not offered, ${counts.costly} too costly; ${Math.round(counts.asked / seconds)}/s; seed ${seed}`);
  for (const [feature, why] of world.refusals) t.diagnostic(`not offered: ${feature} (${why})`);
  if (world.differences.length) assert.fail(`${world.differences.length} differences\n\n${await world.report()}`);
});
