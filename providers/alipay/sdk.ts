import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Socket } from 'node:net';
import { AlipaySdk } from 'alipay-sdk';
import { OneShotAgent } from './transport.ts';

// Alipay's HTTP client (urllib) replaces `destroy` of every socket in the process to record the socket on the error. It
// throws when one error ends two sockets, and then closing any undici agent with two connections hangs. Deleting the
// replacement restores the inherited method.
Reflect.deleteProperty(Socket.prototype, 'destroy');

export type StrictSdkConfig = {
  gateway: string;
  appId: string;
  privateKey: string;
  alipayPublicKey: string;
  timeoutMs: number;
};

/**
 * The official SDK with its defects fixed. Its own response check throws a TypeError on a missing sign, fails on a
 * correctly signed `error_response`, and verifies another part of the text than it returns if a node is duplicated;
 * Alipay's Java SDK refuses that case too. Keys are parsed once: parsing PEM would cost 1 ms per signature.
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
      // The SDK passes it to its HTTP client as the dispatcher; it need not be a proxy.
      proxyAgent: new OneShotAgent({ timeoutMs }),
    });
    this.config.privateKey = asKeyText(key);
    this.#alipayKey = createPublicKey(alipayPublicKey);
  }

  override checkResponseSign(rawBody: string, responseKey: string, sign: unknown): void {
    const node = signedNode(rawBody, responseKey);
    if (node === undefined || typeof sign !== 'string') {
      throw new Error('the answer is not a single signed node');
    }
    if (!verify('RSA-SHA256', Buffer.from(node), this.#alipayKey, Buffer.from(sign, 'base64'))) {
      throw new Error('the answer has a wrong signature');
    }
  }
}

/**
 * The raw text of the one node that the signature covers, byte for byte. The pattern matches the whole body, so
 * anything inserted beside the node becomes part of the verified text.
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

/** Safe, because the SDK only passes `config.privateKey` to node's `Sign.sign`, which accepts a KeyObject. */
function asKeyText(key: KeyObject): string {
  return key as unknown as string;
}
