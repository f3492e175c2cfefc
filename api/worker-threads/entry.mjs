// The entry of a thread. It registers the TypeScript loader, because threads do not inherit the process's.
import { register } from 'tsx/esm/api';

register();
export const { compile, checkEvents, readEvents } = await import('./tasks.ts');
