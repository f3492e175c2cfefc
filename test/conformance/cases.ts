import type { ProviderName } from '../../providers/provider.ts';
import { faultCases } from './fault-cases.ts';
import { notificationCases } from './notification-cases.ts';
import { paymentCases } from './payment-cases.ts';
import { refundCases } from './refund-cases.ts';
import type { Profile } from './profiles.ts';
import type { Scene } from './scene.ts';
import { statementCases } from './statement-cases.ts';

/** One thing every provider must do. It throws where the provider does not. */
export type ConformanceCase = {
  name: string;
  /** Where a provider's own rules leave it out. */
  isFor?: (profile: Profile, provider: ProviderName) => boolean;
  run(scene: Scene): Promise<void>;
};

/** The suite: the same for every provider. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...paymentCases,
  ...refundCases,
  ...notificationCases,
  ...faultCases,
  ...statementCases,
];
