import { runAsProcess } from '../../simulator-kit/process.ts';
import { startWechatPaySimulator } from './server.ts';

await runAsProcess('WECHAT', startWechatPaySimulator);
