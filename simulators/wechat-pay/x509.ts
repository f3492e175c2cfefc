import { createPublicKey, sign, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export type CertificateInput = {
  /** Hexadecimal, upper case. */
  serialNo: string;
  privateKey: KeyObject;
  notBeforeMs: number;
  notAfterMs: number;
};

const sha256WithRsa = der(0x30, oid('2a864886f70d01010b'), der(0x05));

/** Creates a self-signed X.509 certificate in PEM, which Node can only read. RFC 5280, 4.1 */
export function makeCertificate(input: CertificateInput): string {
  const { serialNo, privateKey, notBeforeMs, notAfterMs } = input;
  const name = der(0x30, commonName('Tenpay.com Root CA (simulator)'));
  const tbs = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from(serialNo, 'hex')),
    sha256WithRsa,
    name,
    der(0x30, utcTime(notBeforeMs), utcTime(notAfterMs)),
    name,
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('RSA-SHA256', tbs, privateKey);
  const certificate = der(0x30, tbs, sha256WithRsa, der(0x03, Buffer.from([0]), signature));
  return new X509Certificate(certificate).toString();
}

function commonName(text: string): Buffer {
  return der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from(text))));
}

function utcTime(timeMs: number): Buffer {
  const digits = new Date(timeMs).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

/** Tag, length, contents. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  if (length < 0x100) return Buffer.from([0x81, length]);
  return Buffer.from([0x82, length >> 8, length & 0xff]);
}
