import { afterAll, beforeAll, describe, test } from 'vitest';
import type { ProviderName } from '../../providers/provider.ts';
import { definitions } from '../../providers/registry.ts';
import { conformanceCases } from '../conformance/cases.ts';
import { profiles } from '../conformance/profiles.ts';
import { openScene } from '../conformance/scene.ts';
import type { Scene } from '../conformance/scene.ts';

describe.each(Object.keys(definitions) as ProviderName[])('%s', (name) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene(name);
  });
  afterAll(() => scene.close());

  for (const { name: outcome, isFor, run } of conformanceCases) {
    if (isFor && !isFor(profiles[name], name)) continue;
    test(outcome, () => run(scene));
  }
});
