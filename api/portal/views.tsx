import type { Child } from 'hono/jsx';
import type { Endpoint } from '../../db/queries/endpoints.ts';
import type { DeliveryAttempt, DeliveryRow } from '../../db/queries/list-deliveries.ts';
import type { Destination } from '../../domain/delivery.ts';
import type { Traffic } from '../../domain/traffic.ts';
import { Act, Badge, moment } from './frame.tsx';

export function EndpointTable({ endpoints }: { endpoints: readonly Endpoint[] }) {
  if (endpoints.length === 0) return <p class="soft">No endpoint yet. Add the first one below.</p>;
  return (
    <table>
      <thead>
        <Heads names={['URL', 'Event types', 'Status', 'Failing since (UTC)']} />
      </thead>
      <tbody>
        {endpoints.map((endpoint) => (
          <tr>
            <td>
              <a href={`/portal/endpoints/${endpoint.id}`}>{endpoint.url}</a>
              {endpoint.description && <div class="soft">{endpoint.description}</div>}
            </td>
            <td>{endpoint.eventTypes.join(', ')}</td>
            <td>
              <Badge status={endpoint.status} />
            </td>
            <td>{moment(endpoint.failingSince)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function NewEndpointForm() {
  return (
    <form method="post" action="/portal/endpoints">
      <label>
        Address
        <input type="url" name="url" required placeholder="https://shop.example/tender" />
      </label>
      <label>
        Event types, separated by commas
        <input type="text" name="eventTypes" value="*" required />
      </label>
      <button>Add endpoint</button>
    </form>
  );
}

export function EndpointCard({ endpoint }: { endpoint: Endpoint }) {
  const rows: [string, Child][] = [
    ['Id', <code>{endpoint.id}</code>],
    ['Event types', endpoint.eventTypes.join(', ')],
    ['Channels', endpoint.channels.join(', ') || 'all'],
    ['Filter', endpoint.filter ? <code>{JSON.stringify(endpoint.filter)}</code> : 'none'],
    ['Payload', `${endpoint.payload}, as ${endpoint.format}`],
    ['Ordering', endpoint.ordering === 'resource' ? 'per resource' : 'none'],
    ['Limits', limitsOf(endpoint)],
    ['Authentication', endpoint.auth === 'none' ? 'signature only' : endpoint.auth],
    ['Status', <Badge status={endpoint.status} />],
  ];
  if (endpoint.destination) rows.splice(1, 0, ['Destination', placeOf(endpoint.destination)]);
  if (endpoint.disabledReason) rows.push(['Disabled because', endpoint.disabledReason]);
  if (endpoint.failingSince) rows.push(['Failing since', `${moment(endpoint.failingSince)} UTC`]);
  return (
    <table>
      {rows.map(([name, value]) => (
        <tr>
          <th>{name}</th>
          <td>{value}</td>
        </tr>
      ))}
    </table>
  );
}

function placeOf(destination: Destination): string {
  if (destination.kind === 'kafka') return `Kafka topic ${destination.topic}`;
  const exchange = destination.exchange || '(default)';
  return `RabbitMQ exchange ${exchange}, routing key ${destination.routingKey}`;
}

function limitsOf({ ratePerSecond, maxConcurrency }: Endpoint): string {
  const limits = [
    ratePerSecond === null ? '' : `${ratePerSecond} per second`,
    maxConcurrency === null ? '' : `${maxConcurrency} concurrent`,
  ].filter((text) => text !== '');
  return limits.join(', ') || 'only the congestion window';
}

export function EndpointActs({ endpoint }: { endpoint: Endpoint }) {
  const at = `/portal/endpoints/${endpoint.id}`;
  const isOn = endpoint.status === 'enabled';
  return (
    <>
      <Act to={`${at}/test`} label="Send a test event" />
      {isOn && <Act to={`${at}/status`} label="Pause" fields={{ status: 'paused' }} />}
      {!isOn && endpoint.status !== 'unverified' && (
        <Act to={`${at}/status`} label="Enable" fields={{ status: 'enabled' }} />
      )}
      {isOn && <Act to={`${at}/recover`} label="Resend undelivered events of the last 7 days" />}
      <Act to={`${at}/rotate`} label="Rotate the secret (1 day grace period)" />
    </>
  );
}

export function TrafficTable({ traffic }: { traffic: Traffic }) {
  const { sent, delivered, waitingMs, transferMs, delayMs, window, throughput } = traffic;
  const ms = (value: number | null) => (value === null ? '-' : `${value.toFixed(1)} ms`);
  const used = throughput === null ? '-' : `${(throughput * 100).toFixed(1)} %`;
  return (
    <table>
      <thead>
        <Heads names={['Sent', 'Delivered', 'Delay', 'Waiting', 'Transfer', 'Window', 'Used']} />
      </thead>
      <tbody>
        <tr>
          <td>{sent}</td>
          <td>{delivered}</td>
          <td>{ms(delayMs)}</td>
          <td>{ms(waitingMs)}</td>
          <td>{ms(transferMs)}</td>
          <td>{window === null ? '-' : Math.floor(window)}</td>
          <td>{used}</td>
        </tr>
      </tbody>
    </table>
  );
}

export function DeliveryTable({ deliveries }: { deliveries: readonly DeliveryRow[] }) {
  if (deliveries.length === 0) return <p class="soft">None.</p>;
  return (
    <table>
      <thead>
        <Heads names={['Event', 'Resource', 'Status', 'Reason', 'Attempts', 'Since (UTC)', '']} />
      </thead>
      <tbody>
        {deliveries.map((one) => (
          <tr>
            <td>
              {one.type}
              <div class="soft">{one.eventId}</div>
            </td>
            <td>{one.resourceId}</td>
            <td>
              <Badge status={one.status} />
            </td>
            <td>{one.endReason ?? one.lastError ?? one.lastStatusCode ?? ''}</td>
            <td>{one.attempts}</td>
            <td class="tight">{moment(one.createdAt)}</td>
            <td>
              <Act
                to={`/portal/endpoints/${one.endpointId}/retry`}
                label="Retry"
                fields={{ eventId: one.eventId }}
              />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function AttemptTable({
  attempts,
}: {
  attempts: readonly (DeliveryAttempt & { type: string })[];
}) {
  if (attempts.length === 0) return <p class="soft">No failed attempts.</p>;
  return (
    <table>
      <thead>
        <Heads names={['Time (UTC)', 'Event', 'Attempt', 'Response', 'Duration', 'Body']} />
      </thead>
      <tbody>
        {attempts.map((one) => (
          <tr>
            <td class="tight">{moment(one.startedAt)}</td>
            <td>{one.type}</td>
            <td>{one.attempt}</td>
            <td>{one.statusCode ?? one.error}</td>
            <td class="tight">{one.durationMs} ms</td>
            <td>{(one.responseBody ?? '').slice(0, 200)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Catalogue({ types }: { types: readonly { name: string; description: string }[] }) {
  return (
    <table>
      <thead>
        <Heads names={['Type', 'Description']} />
      </thead>
      <tbody>
        {types.map(({ name, description }) => (
          <tr>
            <td>
              <code>{name}</code>
            </td>
            <td>{description}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Heads({ names }: { names: readonly string[] }) {
  return (
    <tr>
      {names.map((name) => (
        <th>{name}</th>
      ))}
    </tr>
  );
}
