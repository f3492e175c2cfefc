import { runAsProcess } from '../../simulator-kit/process.ts';
import { startStripeSimulator } from './server.ts';

await runAsProcess('STRIPE', startStripeSimulator);
