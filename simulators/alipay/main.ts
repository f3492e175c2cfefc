import { runAsProcess } from '../kit/process.ts';
import { startAlipaySimulator } from './server.ts';

await runAsProcess('ALIPAY', startAlipaySimulator);
