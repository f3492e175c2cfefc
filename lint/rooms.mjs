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
    mayImport: ['api', 'worker', 'services', 'delivery', 'db', 'config', 'telemetry', 'outbound'],
  },
  cli: {
    holds: 'the `tender` command',
    mayImport: ['api', 'orchestration', 'providers', 'db', 'domain', 'config'],
  },
  api: {
    holds:
      'a router for each resource (schema and thin handler together), problems, checkout, portal',
    mayImport: [
      'services',
      'orchestration',
      'delivery',
      'providers',
      'db',
      'workflows',
      'domain',
      'config',
      'telemetry',
      'outbound',
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
      'services',
      'orchestration',
      'delivery',
      'providers',
      'db',
      'workflows',
      'domain',
      'config',
      'outbound',
    ],
  },
  services: {
    holds:
      'what API, command line and activities share: apply a report, request a refund, route a payment',
    mayImport: ['orchestration', 'delivery', 'providers', 'db', 'workflows', 'domain', 'telemetry'],
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
const outside = new Set(['test', 'bench', 'docs', 'lint', 'node_modules']);

/** Packages that only some folders may import by value; types follow the arrows. */
const owners = {
  '@temporalio/client': ['orchestration', 'server', 'dev'],
  '@temporalio/workflow': ['workflows', 'worker'],
  '@temporalio/activity': ['activities', 'worker'],
  '@temporalio/worker': ['worker'],
  hono: ['api', 'server', 'dev', 'simulators'],
  'drizzle-orm': ['db', 'dev'],
  pg: ['db', 'delivery', 'dev'],
  'alipay-sdk': ['providers'],
  stripe: ['providers'],
  'wechatpay-axios-plugin': ['providers'],
};

const temporalServices = new Set(['workflow', 'schedule', 'workflowService', 'operatorService']);
/** Under whatever name the client goes. */
const handleMethods = new Set([
  'getHandle',
  'signalWithStart',
  'workflowService',
  'operatorService',
]);
const temporalRooms = new Set(['orchestration', 'worker', 'server', 'dev']);

const roomOf = (path) => {
  const [, room] = /(?:^|\/)([\w-]+)\//.exec(path) ?? [];
  return room;
};

function checkImport(context, here, { node, specifier }) {
  const report = (message) => context.report({ node, message });
  if (!specifier.startsWith('.')) {
    const owner = Object.keys(owners).find(
      (name) => specifier === name || specifier.startsWith(`${name}/`),
    );
    if (!owner || owners[owner].includes(here.room)) return;
    report(`${owner} belongs to ${owners[owner].map((name) => `${name}/`).join(', ')}.`);
    return;
  }
  const target = new URL(specifier, `file:///${here.path}`).pathname.slice(1);
  const there = roomOf(target);
  if (there === here.room || target === 'package.json') return;
  const { mayImport } = rooms[here.room];
  if (mayImport.includes(there)) return;
  const allowed = mayImport.map((name) => `${name}/`).join(', ');
  report(`${here.room}/ may import ${allowed ? `${allowed} only` : 'nothing outside itself'}.`);
}

/** What an import names; undefined where it is made of parts. */
function textOf(node) {
  if (node?.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  return node?.type === 'TemplateLiteral' && node.expressions.length === 0
    ? node.quasis[0].value.cooked
    : undefined;
}

/** The last name of an expression: of `a.b`, `a['b']`, `b` and `b()` it is `b`. */
function nameOf(node) {
  if (!node) return undefined;
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'MemberExpression') return nameOf(node.property);
  if (node.type === 'CallExpression') return nameOf(node.callee);
  return textOf(node);
}

const arrows = {
  meta: { type: 'problem' },
  create(context) {
    const path = context.filename.replaceAll('\\', '/').slice(context.cwd.length + 1);
    const here = { path, room: roomOf(path) };
    const known = here.room in rooms;
    if (here.room === undefined || outside.has(here.room)) return {};
    if (!known) {
      return {
        Program(node) {
          context.report({ node, message: `${here.room}/ is no folder of lint/rooms.mjs.` });
        },
      };
    }
    const visit = ({ source, importKind, exportKind }) => {
      const specifier = textOf(source);
      const isType = importKind === 'type' || exportKind === 'type';
      // Types of a package may go wherever an arrow goes.
      if (specifier === undefined || (isType && !specifier.startsWith('.'))) return;
      checkImport(context, here, { node: source, specifier });
    };
    const refuse = (node, message) => context.report({ node, message });
    const onlyOrchestration = 'Only orchestration/ starts, signals and asks workflows.';
    return {
      ImportDeclaration: visit,
      ExportNamedDeclaration: visit,
      ExportAllDeclaration: visit,
      ImportExpression(node) {
        if (textOf(node.source) !== undefined) visit(node);
        else if (here.room !== 'dev') refuse(node, 'An import names its module by a plain text.');
      },
      // `require` is for packages that are no modules; what it names is held to the same table.
      CallExpression({ callee, arguments: [named] }) {
        const specifier = textOf(named);
        if (specifier === undefined || !/^(?:require|createRequire)$/.test(nameOf(callee) ?? '')) {
          return;
        }
        checkImport(context, here, { node: named, specifier });
      },
      MemberExpression({ object, property }) {
        if (temporalRooms.has(here.room)) return;
        const name = nameOf(property) ?? '';
        if (handleMethods.has(name)) refuse(property, onlyOrchestration);
        else if (temporalServices.has(name) && /(?:client|temporal)$/i.test(nameOf(object) ?? '')) {
          refuse(property, onlyOrchestration);
        }
      },
      VariableDeclarator({ id, init }) {
        if (temporalRooms.has(here.room) || id.type !== 'ObjectPattern') return;
        if (!/(?:client|temporal)$/i.test(nameOf(init) ?? '')) return;
        const taken = id.properties.some(({ key }) => temporalServices.has(nameOf(key) ?? ''));
        if (taken) refuse(id, onlyOrchestration);
      },
    };
  },
};

// oxlint loads a plugin by its default export.
export default { meta: { name: 'house' }, rules: { arrows } };
