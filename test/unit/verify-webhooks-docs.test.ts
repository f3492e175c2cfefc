import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newSecret, signedHeaders, signingKey } from '../../delivery/send/sign.ts';
import { blocksOf } from '../support/doc-blocks.ts';
import { findProgram } from '../support/find-program.ts';

// The code of docs/start/verify-webhooks.md, as the page shows it, against requests that the product signed.

const execute = promisify(execFile);
const page = 'docs/start/verify-webhooks.md';
const codeIn = (language: string) =>
  blocksOf(page).find((block) => block.language === language)?.text ?? '';

type Request = { headers: Record<string, string>; body: string };

const { secret } = newSecret('hmac');
const previous = newSecret('hmac').secret;
const body = '{"id":"evt_1","type":"order.paid","data":{"subject":"茶"}}';
const nowSeconds = () => Math.floor(Date.now() / 1_000);

function signed(secrets: readonly string[], timestampSeconds = nowSeconds()): Request {
  const keys = secrets.map(signingKey);
  return { headers: signedHeaders({ id: 'evt_1', timestampSeconds, body, keys }), body };
}

const cases: { name: string; request: () => Request; isGenuine: boolean }[] = [
  { name: 'a genuine request', request: () => signed([secret]), isGenuine: true },
  {
    name: 'a request signed by both secrets of a rotation',
    request: () => signed([previous, secret]),
    isGenuine: true,
  },
  { name: 'another secret', request: () => signed([previous]), isGenuine: false },
  {
    name: 'another body',
    request: () => ({ ...signed([secret]), body: `${body} ` }),
    isGenuine: false,
  },
  {
    name: 'another id',
    request: () => {
      const { headers } = signed([secret]);
      return { headers: { ...headers, 'webhook-id': 'evt_2' }, body };
    },
    isGenuine: false,
  },
  {
    name: 'an old timestamp',
    request: () => signed([secret], nowSeconds() - 600),
    isGenuine: false,
  },
  { name: 'no headers', request: () => ({ headers: {}, body }), isGenuine: false },
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tender-verify-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFile(join(folder, name), text);

/** Requests as lines that every language reads without a JSON parser: id, timestamp, signature, body. */
function linesOf(requests: readonly Request[]): string {
  const line = ({ headers, body }: Request) =>
    ['webhook-id', 'webhook-timestamp', 'webhook-signature']
      .map((name) => headers[name] ?? '')
      .concat(body)
      .join('\t');
  return requests.map(line).join('\n');
}

async function verdictsOf(program: string, args: string[]): Promise<boolean[]> {
  await write('requests.tsv', linesOf(cases.map(({ request }) => request())));
  const { stdout } = await execute(program, [...args, secret, 'requests.tsv'], {
    cwd: folder,
    env: { ...process.env, GOFLAGS: '-mod=mod', GOCACHE: join(folder, 'cache') },
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.toLowerCase() === 'true');
}

const expected = cases.map(({ isGenuine }) => isGenuine);

test('the TypeScript code believes genuine requests and no others', async () => {
  await write('verify.ts', codeIn('ts'));
  const { isFromTender } = (await import(pathToFileURL(join(folder, 'verify.ts')).href)) as {
    isFromTender: (
      secret: string,
      headers: Record<string, string | undefined>,
      rawBody: string,
    ) => boolean;
  };
  for (const { name, request, isGenuine } of cases) {
    const { headers, body } = request();
    expect({ name, isFromTender: isFromTender(secret, headers, body) }).toEqual({
      name,
      isFromTender: isGenuine,
    });
  }
});

describe('the code in another language believes genuine requests and no others', () => {
  const python = findProgram(['python3']);
  test.skipIf(!python)('Python', async () => {
    const main = `
import sys
for line in open(sys.argv[2], encoding="utf-8").read().split("\\n"):
    *values, body = line.split("\\t")
    names = ["webhook-id", "webhook-timestamp", "webhook-signature"]
    headers = {name: value for name, value in zip(names, values) if value}
    print(is_from_tender(sys.argv[1], headers, body.encode()))
`;
    await write('verify.py', codeIn('python') + main);
    expect(await verdictsOf(python!, ['verify.py'])).toEqual(expected);
  });

  const go = findProgram(['go', '/usr/local/go/bin/go']);
  test.skipIf(!go)('Go', async () => {
    await write('verify.go', codeIn('go').replace('package webhook', 'package main'));
    await write('go.mod', 'module verify\n\ngo 1.21\n');
    await write(
      'main.go',
      `package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
)

func main() {
	requests, _ := os.ReadFile(os.Args[2])
	for _, line := range strings.Split(string(requests), "\\n") {
		values := strings.Split(line, "\\t")
		header := http.Header{}
		for n, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
			header.Set(name, values[n])
		}
		fmt.Println(IsFromTender(os.Args[1], header, []byte(values[3])))
	}
}
`,
    );
    await execute(go!, ['build', '-o', 'verify', '.'], {
      cwd: folder,
      env: { ...process.env, GOTOOLCHAIN: 'local' },
    });
    expect(await verdictsOf(join(folder, 'verify'), [])).toEqual(expected);
  });

  const java = findProgram(['java']);
  const hasCompiler = async () => {
    const { stdout } = await execute(java!, ['--list-modules']);
    return stdout.includes('jdk.compiler');
  };
  test.skipIf(!java)('Java', async ({ skip }) => {
    if (!(await hasCompiler())) skip('a Java runtime without a compiler');
    const main = `
final class Main {
  public static void main(String[] args) throws Exception {
    String[] names = {"webhook-id", "webhook-timestamp", "webhook-signature"};
    for (String line : java.nio.file.Files.readString(java.nio.file.Path.of(args[1])).split("\\n")) {
      String[] values = line.split("\\t");
      Map<String, String> headers = new java.util.HashMap<>();
      for (int n = 0; n < names.length; n++) headers.put(names[n], values[n]);
      byte[] body = values[3].getBytes(StandardCharsets.UTF_8);
      System.out.println(TenderWebhook.isFromTender(args[0], headers, body));
    }
  }
}
`;
    // A source file that is run by itself starts with the class that has main.
    const [imports = '', code = ''] = codeIn('java').split(/(?=^final class)/m);
    await write('Main.java', imports + main + code);
    expect(await verdictsOf(java!, ['-Dfile.encoding=UTF-8', 'Main.java'])).toEqual(expected);
  });
});
