import type { ProviderName } from '../../providers/provider.ts';
import type { Profile } from './profiles.ts';
import type { Scene } from './scene.ts';

/** One thing every provider must do. It throws where the provider does not. */
export type ConformanceCase = {
  name: string;
  /** Where a provider's own rules leave it out. */
  isFor?: (profile: Profile, provider: ProviderName) => boolean;
  run(scene: Scene): Promise<void>;
};
