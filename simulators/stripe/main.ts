import { runAsProcess } from '../kit/process.ts';
import { startStripeSimulator } from './server.ts';

await runAsProcess('STRIPE', startStripeSimulator);
