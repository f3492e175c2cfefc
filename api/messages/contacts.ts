import { createRoute, z } from '@hono/zod-openapi';
import {
  allowContact,
  listContacts,
  withdrawContact,
} from '../../db/queries/messaging/contacts.ts';
import type { Contact } from '../../db/queries/messaging/contacts.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { bodyProblems, problemResponses, timeSchema } from '../schemas.ts';
import { merchantId, messagingRoute } from './messaging-schemas.ts';

const contactSchema = z
  .object({ merchantId: z.string(), object: z.literal('contact'), createdAt: timeSchema })
  .openapi('Contact');
const content = { 'application/json': { schema: contactSchema } };

const allow = createRoute({
  method: 'post',
  path: '/v1/contacts',
  operationId: 'createContact',
  ...messagingRoute,
  summary: 'Allow another merchant to send you messages',
  description:
    'The merchant may then send you requests, open sessions with you and add you to its topics. Other merchants cannot find you. To write back, you need the permission of that merchant.',
  request: {
    body: {
      required: true,
      content: {
        'application/json': { schema: z.strictObject({ merchantId }).openapi('NewContact') },
      },
    },
  },
  responses: {
    200: { description: 'Allowed already', content },
    201: { description: 'Allowed', content },
    ...problemResponses(...bodyProblems),
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/contacts',
  operationId: 'listContacts',
  ...messagingRoute,
  summary: 'List the merchants that may send you messages',
  responses: {
    200: {
      description: 'The newest 1,000',
      content: { 'application/json': { schema: z.object({ data: z.array(contactSchema) }) } },
    },
    ...problemResponses('unauthorized'),
  },
});

const withdraw = createRoute({
  method: 'delete',
  path: '/v1/contacts/{merchantId}',
  operationId: 'deleteContact',
  ...messagingRoute,
  summary: 'Withdraw a permission to send you messages',
  description: 'Open sessions and memberships stay until they end or you leave.',
  request: { params: z.object({ merchantId }) },
  responses: {
    204: { description: 'Withdrawn' },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

const maxListed = 1_000;

export function registerContacts(app: App, { db }: ApiDeps) {
  app.openapi(allow, async (c) => {
    const contactId = c.req.valid('json').merchantId;
    const { contact, isNew } = await allowContact(db, { merchantId: c.var.merchant.id, contactId });
    return c.json(contactBody(contact), isNew ? 201 : 200);
  });
  app.openapi(list, async (c) => {
    const rows = await listContacts(db, { merchantId: c.var.merchant.id, limit: maxListed });
    return c.json({ data: rows.map(contactBody) }, 200);
  });
  app.openapi(withdraw, async (c) => {
    const contactId = c.req.valid('param').merchantId;
    const isWithdrawn = await withdrawContact(db, { merchantId: c.var.merchant.id, contactId });
    if (!isWithdrawn) throw notFound('contact', contactId);
    return c.body(null, 204);
  });
}

function contactBody({ contactId, createdAt }: Contact) {
  const object = 'contact' as const;
  return { merchantId: contactId, object, createdAt: createdAt.toISOString() };
}
