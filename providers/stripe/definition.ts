import type { ProviderDefinition } from '../definition.ts';

const traits = { currencies: 'any', canAuthorize: true, needs: [] } as const;

export const stripe: ProviderDefinition = {
  name: 'stripe',
  title: 'Stripe',
  methods: { 'stripe.checkout': traits, 'stripe.payment_intent': traits },
  account: {
    settings: ['apiUrl', 'accountId', 'publishableKey', 'mode'],
    credentials: ['secretKey', 'webhookSecrets'],
    optional: ['sameDayStatements'],
  },
  statements: { timeZone: 'UTC', readyAt: { hour: 1, minute: 0 } },
};
