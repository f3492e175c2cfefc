export * from './endpoints.ts';
export * from './events.ts';
export * from './idempotency-keys.ts';
export * from './merchants.ts';
export * from './orders.ts';
export * from './provider-accounts.ts';
export * from './provider-notifications.ts';
