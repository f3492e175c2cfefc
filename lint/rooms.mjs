/**
 * The folders, what each holds and which others it may import: arrows point down this list, never up, types included.
 * `npm run docs` writes the table of `docs/explanation/architecture.md` from it.
 */
export const rooms = {
  dev: {
    holds: '`npm start`: local PostgreSQL, Temporal, simulators, demo shop and demo orders',
    mayImport: ['cli', 'providers', 'workflows', 'db', 'domain', 'config', 'telemetry', 'outbound'],
  },
  server: {
    holds: 'process entries: configuration, health, shutdown',
    mayImport: [
      ...['api', 'worker', 'services', 'delivery', 'db'],
      ...['config', 'telemetry', 'outbound'],
    ],
  },
  cli: {
    holds: 'the `tender` command',
    mayImport: ['api', 'orchestration', 'providers', 'db', 'domain', 'config'],
  },
  api: {
    holds:
      'a router for each resource (schema and thin handler together), problems, checkout, portal',
    mayImport: [
      ...['services', 'orchestration', 'delivery', 'providers', 'db', 'workflows', 'domain'],
      ...['config', 'telemetry', 'outbound'],
    ],
  },
  worker: {
    holds: 'Temporal workers: bundle, creation, required workflows',
    mayImport: ['activities', 'orchestration', 'workflows', 'db', 'config', 'telemetry'],
  },
  activities: {
    holds:
      'what workflows call, one verb a file; `failures.ts` alone turns errors into retry decisions',
    mayImport: [
      ...['services', 'orchestration', 'delivery', 'providers', 'db', 'workflows', 'domain'],
      ...['config', 'outbound'],
    ],
  },
  services: {
    holds:
      'what API, command line and activities share: apply a report, request a refund, route a payment',
    mayImport: [
      ...['orchestration', 'delivery', 'providers', 'db', 'workflows', 'domain', 'telemetry'],
    ],
  },
  orchestration: {
    holds: 'the only user of the Temporal client: start, signal, update, schedules',
    mayImport: ['workflows', 'domain', 'telemetry'],
  },
  workflows: {
    holds:
      'one workflow a file, `activities.ts` (the interface), `messages.ts`, `retry-policies.ts`',
    mayImport: ['domain'],
  },
  delivery: {
    holds: 'events on their way out: `publish/`, `relay/`, `queue/`, `send/`, `format/`, `broker/`',
    mayImport: ['db', 'domain', 'config', 'telemetry', 'outbound'],
  },
  providers: {
    holds: 'the interface, `registry.ts` (data), one folder of the same shape for each provider',
    mayImport: ['domain', 'outbound'],
  },
  simulators: {
    holds: 'providers that sign, verify and enforce as the real ones, as programs of their own',
    mayImport: [],
  },
  db: { holds: 'schema, migrations, one query a file', mayImport: ['domain'] },
  outbound: {
    holds: 'all outbound HTTP: deadline, cancellation, resolver, bounded answers',
    mayImport: ['telemetry'],
  },
  domain: { holds: 'pure rules', mayImport: [] },
  config: { holds: 'the environment, parsed once', mayImport: [] },
  telemetry: { holds: 'logs', mayImport: [] },
};

/** Folders outside the product: they may import everything, and the product imports none of them. */
const outside = new Set(['test', 'bench', 'docs']);

/** Packages that only some folders may import by value; types follow the arrows. */
const owners = {
  '@temporalio/client': ['orchestration', 'server', 'dev'],
  '@temporalio/workflow': ['workflows'],
  '@temporalio/activity': ['activities', 'worker'],
  '@temporalio/worker': ['worker'],
  hono: ['api', 'server', 'dev', 'simulators'],
  'drizzle-orm': ['db', 'dev'],
  'alipay-sdk': ['providers'],
  stripe: ['providers'],
  'wechatpay-axios-plugin': ['providers'],
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
    report(`${owner} belongs to ${owners[owner].map((name) => `${name}/`).join(', ')}.`);
    return;
  }
  const target = new URL(specifier, `file:///${here.path}`).pathname.slice(1);
  const there = roomOf(target);
  if (there === undefined || there === here.room || !(there in rooms || outside.has(there))) {
    return;
  }
  const { mayImport } = rooms[here.room];
  if (mayImport.includes(there)) return;
  const allowed = mayImport.map((name) => `${name}/`).join(', ');
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
          message: 'Only orchestration/ may start, signal or query workflows.',
        });
      },
    };
  },
};

// oxlint loads a plugin by its default export.
export default { meta: { name: 'house' }, rules: { arrows } };
