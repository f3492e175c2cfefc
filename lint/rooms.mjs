/**
 * Which folder may import which: one folder, one kind of work, and arrows point down this list, never up, types
 * included. `docs/explanation/architecture.md` shows the same table; `test/unit/rooms.test.ts` holds the two together.
 */
export const rooms = {
  dev: ['cli', 'providers', 'db', 'domain', 'config', 'telemetry', 'outbound', 'workflows'],
  server: ['api', 'worker', 'services', 'delivery', 'db', 'config', 'telemetry', 'outbound'],
  cli: ['api', 'orchestration', 'providers', 'db', 'domain', 'config'],
  api: [
    ...['services', 'orchestration', 'delivery', 'providers', 'db', 'workflows', 'domain'],
    ...['config', 'telemetry', 'outbound'],
  ],
  worker: ['activities', 'orchestration', 'workflows', 'db', 'config', 'telemetry'],
  activities: [
    ...['services', 'orchestration', 'delivery', 'providers', 'db', 'workflows', 'domain'],
    ...['config', 'outbound'],
  ],
  services: [
    ...['orchestration', 'delivery', 'providers', 'db', 'workflows', 'domain', 'telemetry'],
  ],
  orchestration: ['workflows', 'domain', 'telemetry'],
  workflows: ['domain'],
  delivery: ['db', 'domain', 'config', 'telemetry', 'outbound'],
  providers: ['domain', 'outbound'],
  simulators: [],
  db: ['domain'],
  outbound: ['telemetry'],
  domain: [],
  config: [],
  telemetry: [],
};

/** What is made outside the product: it may import everything, and nothing of the product imports it. */
export const outside = ['test', 'bench', 'docs'];

/** Packages that belong to some rooms alone: value imports; types may go anywhere an arrow goes. */
const owners = {
  '@temporalio/client': ['orchestration', 'server', 'dev'],
  '@temporalio/workflow': ['workflows'],
  '@temporalio/activity': ['activities', 'worker'],
  '@temporalio/worker': ['worker'],
  hono: ['api', 'server', 'dev', 'simulators'],
  'drizzle-orm': ['db', 'dev'],
};

const temporalServices = new Set(['workflow', 'schedule', 'workflowService', 'operatorService']);
const temporalRooms = new Set(['orchestration', 'worker', 'server', 'dev']);

const roomOf = (path) => {
  const [, room] = /(?:^|\/)([\w-]+)\//.exec(path) ?? [];
  return room;
};

function checkImport(context, here, node) {
  const specifier = node.source?.value;
  if (typeof specifier !== 'string') return;
  const report = (message) => context.report({ node: node.source, message });
  if (!specifier.startsWith('.')) {
    const owner = Object.keys(owners).find(
      (name) => specifier === name || specifier.startsWith(`${name}/`),
    );
    if (!owner || node.importKind === 'type' || owners[owner].includes(here.room)) return;
    return report(`${owner} belongs to ${owners[owner].map((name) => `${name}/`).join(', ')}.`);
  }
  const target = new URL(specifier, `file:///${here.path}`).pathname.slice(1);
  const there = roomOf(target);
  if (there === undefined || there === here.room || !(there in rooms || outside.includes(there))) {
    return;
  }
  if (rooms[here.room].includes(there)) return;
  const allowed = rooms[here.room].map((name) => `${name}/`).join(', ');
  report(`${here.room}/ may import ${allowed ? `${allowed} only` : 'nothing outside itself'}.`);
}

const arrows = {
  meta: { type: 'problem' },
  create(context) {
    const path = context.filename.replaceAll('\\', '/').slice(context.cwd.length + 1);
    const here = { path, room: roomOf(path) };
    if (!here.room || !(here.room in rooms)) return {};
    const visit = (node) => checkImport(context, here, node);
    return {
      ImportDeclaration: visit,
      ExportNamedDeclaration: visit,
      ExportAllDeclaration: visit,
      ImportExpression: visit,
      MemberExpression({ object, property, computed }) {
        if (computed || temporalRooms.has(here.room)) return;
        const name = object.type === 'Identifier' ? object.name : object.property?.name;
        if (name !== 'client' && name !== 'temporal') return;
        if (!temporalServices.has(property.name)) return;
        context.report({
          node: property,
          message: 'Only orchestration/ starts, signals and asks workflows.',
        });
      },
    };
  },
};

// oxlint loads a plugin by its default export.
export default { meta: { name: 'house' }, rules: { arrows } };
