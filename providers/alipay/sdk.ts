import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Socket } from 'node:net';
import { AlipaySdk } from 'alipay-sdk';
import { OneShotAgent } from './transport.ts';

// Their HTTP client (urllib) replaces `destroy` of every socket in the process to note the socket on the
// error, and throws when one error ends two sockets: closing any undici agent with two connections
// then hangs. Node's sockets inherit theirs, so taking the replacement away restores it.
Reflect.deleteProperty(Socket.prototype, 'destroy');

export type StrictSdkConfig = {
  gateway: string;
  appId: string;
  privateKey: string;
  alipayPublicKey: string;
  timeoutMs: number;
};

/**
 * The official SDK with its traps closed. Its own response check throws a TypeError on a missing
 * sign, fails on a correctly signed `error_response`, and verifies another part of the text than it
 * returns when a node stands twice; Alipay's Java SDK refuses that one too. Keys are parsed once:
 * from PEM, each signature would cost 1 ms more.
 */
export class StrictAlipaySdk extends AlipaySdk {
  readonly #alipayKey: KeyObject;

  constructor({ gateway, appId, privateKey, alipayPublicKey, timeoutMs }: StrictSdkConfig) {
    const key = createPrivateKey(privateKey);
    super({
      gateway,
      appId,
      privateKey: privateKey.trim(),
      keyType: 'PKCS8',
      alipayPublicKey: alipayPublicKey.trim(),
      timeout: timeoutMs,
      camelcase: false,
      // Handed as it is to their HTTP client as its dispatcher; it need not be a proxy.
      proxyAgent: new OneShotAgent({ timeoutMs }),
    });
    this.config.privateKey = asKeyText(key);
    this.#alipayKey = createPublicKey(alipayPublicKey);
  }

  override checkResponseSign(rawBody: string, responseKey: string, sign: unknown): void {
    const node = signedNode(rawBody, responseKey);
    if (node === undefined || typeof sign !== 'string') {
      throw new Error('the answer is not one signed node');
    }
    if (!verify('RSA-SHA256', Buffer.from(node), this.#alipayKey, Buffer.from(sign, 'base64'))) {
      throw new Error('the answer has a wrong signature');
    }
  }
}

/**
 * The raw text of the one node the signature covers, byte for byte. The pattern takes the whole
 * body, so anything smuggled in beside the node becomes part of the text that is verified.
 */
function signedNode(rawBody: string, responseKey: string): string | undefined {
  const key = `"(?:${responseKey}|error_response)"`;
  const sign = '"sign"\\s*:\\s*"[^"]*"';
  const nodeFirst = new RegExp(
    `^\\s*\\{\\s*${key}\\s*:\\s*(\\{.*\\})\\s*,\\s*${sign}\\s*\\}\\s*$`,
    's',
  );
  const signFirst = new RegExp(
    `^\\s*\\{\\s*${sign}\\s*,\\s*${key}\\s*:\\s*(\\{.*\\})\\s*\\}\\s*$`,
    's',
  );
  return (nodeFirst.exec(rawBody) ?? signFirst.exec(rawBody))?.[1];
}

/** Guarantee: the SDK does nothing with `config.privateKey` but hand it to node's `Sign.sign`, which takes both. */
function asKeyText(key: KeyObject): string {
  return key as unknown as string;
}
