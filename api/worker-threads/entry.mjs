// Where a thread starts. It knows TypeScript by nothing but this: the loader of the process is not the thread's.
import { register } from 'tsx/esm/api';

register();
export const { compile, checkEvents, readEvents } = await import('./tasks.ts');
