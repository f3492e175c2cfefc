import { faultCases } from './fault-cases.ts';
import { notificationCases } from './notification-cases.ts';
import { paymentCases } from './payment-cases.ts';
import { refundCases } from './refund-cases.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { statementCases } from './statement-cases.ts';

/** The suite: the same for every provider. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...paymentCases,
  ...refundCases,
  ...notificationCases,
  ...faultCases,
  ...statementCases,
];
