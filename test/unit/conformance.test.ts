import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

  const cases = conformanceCases.filter(({ isFor }) => isFor?.(profiles[name], name) ?? true);
  test.each(cases.map(({ name, run }) => [name, run] as const))('%s', async (_, run) => {
    await expect(run(scene)).resolves.toBeUndefined();
  });
});
