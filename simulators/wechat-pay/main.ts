import { runAsProcess } from '../kit/process.ts';
import { startWechatPaySimulator } from './server.ts';

await runAsProcess('WECHAT', startWechatPaySimulator);
