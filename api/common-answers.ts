import { problemTypes } from './problems.ts';
import type { ProblemSlug } from './problems.ts';

type Header = { description: string; schema: { type: string; format?: string; example?: string } };
type Reference = { $ref: string };
export type DescribedAnswer = {
  description: string;
  headers?: Record<string, Header | Reference>;
  content?: Record<string, { schema?: unknown; example?: unknown }>;
};
export type Operation = {
  operationId?: string;
  security?: unknown[];
  parameters?: ({ name: string; in: string; required?: boolean; schema?: unknown } | Reference)[];
  requestBody?: { required?: boolean; content: Record<string, { schema?: unknown }> };
  responses: Record<string, DescribedAnswer | Reference>;
};
export type ApiDescription = {
  paths: Record<string, Record<string, Operation>>;
  webhooks: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
};

const to = (kind: string, name: string): Reference => ({ $ref: `#/components/${kind}/${name}` });

const headers = {
  'X-Request-Id': {
    description: 'The request id, also in the log and in `instance` of a problem',
    schema: { type: 'string' },
  },
  RateLimit: {
    description: 'The remaining requests of the key in this second',
    schema: { type: 'string', example: '"requestsPerSecondPerKey";r=1999;t=1' },
  },
  'RateLimit-Policy': {
    description: 'The request limit of one key per second',
    schema: { type: 'string', example: '"requestsPerSecondPerKey";q=2000;w=1' },
  },
  'Retry-After': {
    description: 'Seconds after which the same request may be sent again',
    schema: { type: 'string', example: '1' },
  },
  'WWW-Authenticate': {
    description: 'The authentication scheme',
    schema: { type: 'string', example: 'Bearer realm="tender"' },
  },
  Allow: {
    description: 'The methods of this path',
    schema: { type: 'string', example: 'GET, POST' },
  },
  'Idempotency-Replayed': {
    description:
      '`true`: this is the stored response to the first request with this Idempotency-Key',
    schema: { type: 'string', example: 'true' },
  },
} as const satisfies Record<string, Header>;

const headerReference = (name: keyof typeof headers) => ({ [name]: to('headers', name) });

const problemContent = { 'application/problem+json': { schema: to('schemas', 'Problem') } };

/** Responses that every operation can return, defined once. */
const sharedAnswers = {
  MethodNotAllowed: {
    status: 405,
    answer: {
      description: problemTypes['method-not-allowed'].title,
      headers: { ...headerReference('X-Request-Id'), ...headerReference('Allow') },
      content: problemContent,
    },
  },
  Unavailable: {
    status: 503,
    answer: {
      description: problemTypes.unavailable.title,
      headers: { ...headerReference('X-Request-Id'), ...headerReference('Retry-After') },
      content: problemContent,
    },
  },
  InternalError: {
    status: 500,
    answer: {
      description: problemTypes['internal-error'].title,
      headers: headerReference('X-Request-Id'),
      content: problemContent,
    },
  },
} as const satisfies Record<string, { status: number; answer: DescribedAnswer }>;

const ofBodies = [
  'invalid-request',
  'malformed-json',
  'content-too-large',
  'unsupported-media-type',
] as const satisfies readonly ProblemSlug[];

/** Problems that middleware returns before a handler runs, by method; routes need not declare them. */
const problemsOf: Readonly<Record<string, readonly ProblemSlug[]>> = {
  post: [...ofBodies, 'idempotency-key-in-flight', 'idempotency-key-reused'],
  put: ofBodies,
  patch: ofBodies,
};

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    '1 to 255 visible ASCII characters of your choice. For a week, the same key with the same request gets the stored response, byte for byte. With another body it gets 422, and while the first request is under way 409.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$', example: 'order-A-1001' },
};

/**
 * Removes character classes by property (`\p{…}`), which JSON Schema does not guarantee and Python lacks. Lone
 * surrogates, which the API also refuses, cannot be written in a pattern that every dialect reads.
 */
const portable = (pattern: string) =>
  pattern.replaceAll('\\p{Cc}', '\\u0000-\\u001f\\u007f-\\u009f').replaceAll('\\p{Cs}', '');

/**
 * Removes defaults that are objects, which generators do not support (Python's drops the whole schema), and rewrites
 * patterns for every dialect.
 */
function suitGenerators(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  const fields = node as Record<string, unknown>;
  const { pattern } = fields;
  if (typeof pattern === 'string') fields['pattern'] = portable(pattern);
  const defaultValue = fields['default'];
  if (typeof defaultValue === 'object' && defaultValue !== null && !Array.isArray(defaultValue)) {
    delete fields['default'];
  }
  for (const child of Object.values(fields)) suitGenerators(child);
}

/**
 * Adds to a description what middleware does for every route: the responses before a handler, the headers of every
 * response, and the Idempotency-Key of every POST.
 */
export function addCommonAnswers(description: ApiDescription): ApiDescription {
  const { components } = description;
  components['headers'] = { ...components['headers'], ...headers };
  components['parameters'] = { ...components['parameters'], IdempotencyKey: idempotencyKey };
  components['responses'] = Object.fromEntries(
    Object.entries(sharedAnswers).map(([name, { answer }]) => [name, answer]),
  );
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(methods)) complete(path, method, operation);
  }
  suitGenerators(description);
  return description;
}

function complete(path: string, method: string, operation: Operation): void {
  const { responses } = operation;
  const isOfMerchants = path.startsWith('/v1/');
  const isRepeatable = isOfMerchants && method === 'post';
  for (const slug of problemsOf[method] ?? []) addProblem(responses, slug);
  if (isRepeatable) {
    const others = (operation.parameters ?? []).filter((each) => !isIdempotencyKey(each));
    operation.parameters = [...others, to('parameters', 'IdempotencyKey')];
  }
  for (const [code, answer] of Object.entries(responses)) {
    if ('$ref' in answer) continue;
    const status = Number(code);
    answer.headers = {
      ...answer.headers,
      ...headerReference('X-Request-Id'),
      // Requests without a valid key have no rate limit per key.
      ...(isOfMerchants && status !== 401 && headerReference('RateLimit')),
      ...(isOfMerchants && status !== 401 && headerReference('RateLimit-Policy')),
      ...(status === 401 && headerReference('WWW-Authenticate')),
      ...((status === 429 || (isRepeatable && status === 409)) && headerReference('Retry-After')),
      ...(isRepeatable && status < 300 && headerReference('Idempotency-Replayed')),
    };
  }
  for (const [name, { status }] of Object.entries(sharedAnswers)) {
    responses[status] = to('responses', name);
  }
}

const isIdempotencyKey = (parameter: NonNullable<Operation['parameters']>[number]) =>
  'name' in parameter && parameter.name.toLowerCase() === 'idempotency-key';

function addProblem(responses: Operation['responses'], slug: ProblemSlug): void {
  const { status, title } = problemTypes[slug];
  const before = responses[status];
  if (before === undefined) {
    responses[status] = { description: title, content: problemContent };
  } else if (!('$ref' in before) && !before.description.includes(title)) {
    before.description = `${before.description}; ${title}`;
  }
}
