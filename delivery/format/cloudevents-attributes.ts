import { CloudEvent, ValidationError } from 'cloudevents';
import type { IncomingEvent, ParsedEvent } from './format.ts';
import { Refusal } from './incoming.ts';

/** The source of our events; never changes, because with the id it identifies an event (CloudEvents 1.0, 3.1.1). */
const ownSource = '/tender';

/** An event as a CloudEvent 1.0, with our type as its type and the resource as its subject. */
export function cloudEventOf({ id, type, timestamp, data, resourceId }: ParsedEvent) {
  return new CloudEvent(
    {
      specversion: '1.0',
      id,
      source: ownSource,
      type,
      time: timestamp,
      // An empty subject is not allowed, a missing one is.
      ...(resourceId !== '' && { subject: resourceId }),
      datacontenttype: 'application/json',
      data,
    },
    // Not strict: ours are valid by construction, and a strict one runs a JSON Schema for every event.
    false,
  );
}

type Attributes = Readonly<Record<string, unknown>>;

/**
 * Reads an event from a CloudEvent's attributes. Ids are unique only within their source, so the key of a foreign event
 * is `<source> <id>`. Ignores `dataschema` and all extensions but `channels`.
 */
export function eventFromAttributes(attributes: Attributes, at = ''): IncomingEvent {
  // The library invents a missing id, time and version; we refuse them.
  for (const name of ['specversion', 'id', 'source', 'type']) {
    const value = attributes[name];
    if (typeof value !== 'string' || value === '') {
      throw new Refusal('must be a non-empty string', `${at}/${name}`);
    }
  }
  if (attributes['specversion'] !== '1.0') throw new Refusal('must be 1.0', `${at}/specversion`);
  if (attributes['data_base64'] !== undefined) {
    throw new Refusal('is binary: events carry JSON', `${at}/data_base64`);
  }
  if (!isJson(attributes['datacontenttype'])) {
    throw new Refusal('must be application/json', `${at}/datacontenttype`);
  }
  const { time, data } = attributes;
  if (data === undefined) throw new Refusal('is missing', `${at}/data`);
  if (time !== undefined && time !== null && (typeof time !== 'string' || time === '')) {
    throw new Refusal('must be an RFC 3339 time', `${at}/time`);
  }
  const { id, source, type, subject, channels } = checked(attributes, at);
  if (channels !== undefined && typeof channels !== 'string') {
    throw new Refusal('must be a string', `${at}/channels`);
  }
  return {
    id: source === ownSource ? id : `${source} ${id}`,
    type,
    // As sent, because the library would reformat it.
    ...(typeof time === 'string' && { occurredAt: time }),
    ...(typeof subject === 'string' && { resourceId: subject }),
    ...(channels !== undefined && channels !== '' && { channels: channels.split(',') }),
    data,
  };
}

/** Validated by the library's schema of CloudEvents 1.0, and by its rules for extension names. */
function checked(attributes: Attributes, at: string): CloudEvent<unknown> {
  try {
    return new CloudEvent<unknown>(attributes);
  } catch (error) {
    const issues: unknown = error instanceof ValidationError ? error.errors : undefined;
    const [issue] = Array.isArray(issues) ? (issues as Issue[]) : [];
    if (issue) throw new Refusal(issue.message ?? 'is not valid', at + (issue.instancePath ?? ''));
    const [line = ''] = error instanceof Error ? error.message.split('\n') : [];
    throw new Refusal(`is not a CloudEvent: ${line}`, at);
  }
}

/** One issue as Ajv reports it. */
type Issue = { instancePath?: string; message?: string };

const jsonType = /^application\/([\w.-]+\+)?json\s*(;|$)/i;

function isJson(contentType: unknown): boolean {
  if (contentType === undefined || contentType === null) return true;
  return typeof contentType === 'string' && jsonType.test(contentType);
}
