import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine, RunStatus } from 'expman-rx';
import { expmanHere } from '../support/cli-here.js';
import { runChild } from '../support/child.js';
import { yamlOf } from '../support/read-back.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('secrets');

/** All bytes below a folder, names of files among them. */
function bytesBelow(dir: string): string {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return `${path}\n${entry.isFile() ? readFileSync(path).toString('latin1') : ''}`;
    })
    .join('\n');
}

/** A word for something secret after words that say of what, in any case and with any separator. */
const secretName = fc
  .tuple(
    fc.array(fc.constantFrom('openai', 'hf', 'wandb', 'my', 'db', 'prod'), { minLength: 1, maxLength: 3 }),
    fc.constantFrom('key', 'token', 'secret', 'password', 'pat', 'credential', 'passphrase', 'api_key', 'auth'),
    fc.constantFrom('_', '-', '.', ' ', '/', '__'),
    fc.constantFrom('lower', 'upper', 'camel', 'random'),
    fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
  )
  .map(([kinds, word, separator, letters, upper]) => {
    const words = [...kinds, word];
    if (letters === 'camel')
      return words.map((each, at) => (at === 0 ? each : each.charAt(0).toUpperCase() + each.slice(1))).join('');
    const name = words.join(separator);
    if (letters === 'upper') return name.toUpperCase();
    if (letters === 'lower') return name;
    return name.replace(/./g, (letter, at: number) => (upper[at] === true ? letter.toUpperCase() : letter));
  }); // prettier-ignore

const secret = fc.stringMatching(/^s3cr3t[a-z0-9]{12}$/);

/** A value that holds a secret somewhere. */
const holder = (text: string): fc.Arbitrary<unknown> =>
  fc.constantFrom<unknown>(text, [text], { value: text }, { deep: { any: [text] } }, new Map([['a', text]]));

describe('a secret below a secret name', () => {
  it('reaches no file of a run, whatever separates or encloses it', async () => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(
        secretName,
        secret.chain((text) => fc.tuple(fc.constant(text), holder(text))),
        async (name, [text, value]) => {
          const dir = join(folder(), String(number++));
          const word = name.replace(/[^\w.-]/g, '_');
          const run = new LoggingEngine(
            new ExperimentConfig('sec', dir, {
              tags: [`${word}=${text}`, `${word}:${text}`],
              notes: `ran with ${word}=${text}, at postgres://ada:${text}@host/db`,
              group: `${word}=${text}`,
              title: `postgres://ada:${text}@host`,
              environment: false,
            }),
          );
          run.logParams({ [name]: value, a: { [name]: value }, url: `redis://:${text}@host`, lr: 0.1 });
          run.logger.info(`connects to amqp://ada:${text}@host`, { [name]: value, a: { [name]: value } });
          run.logger.info({ [name]: value });
          await run.flush();
          expect(bytesBelow(dir)).not.toContain(text);
          run.metrics.error(new Error(`no answer of mysql://ada:${text}@host`));
          await run.closed;
          expect(bytesBelow(dir)).not.toContain(text);
          expect(bytesBelow(dir)).toContain('[redacted]');
        },
      ),
      { numRuns: 60 },
    );
  }, 120_000);

  it('is taken out of notes and tags that are given later', async () => {
    const run = new LoggingEngine(new ExperimentConfig('sec', folder()));
    await run.close();
    await expmanHere('note', run.runDir, 'at https://ada:s3cr3t@host');
    await expmanHere('tag', run.runDir, '--add', 'api_key=s3cr3t');
    expect(yamlOf(run.runDir)).toMatchObject({
      notes: 'at https://ada:[redacted]@host',
      tags: ['api_key=[redacted]'],
    });
  });
});

describe('the arguments of a process', () => {
  const ARGUMENTS = "process.argv.push('--wandb-key', 's3cr3tA', '--hf_key=s3cr3tB', '-p', 's3cr3tC');";

  it('stand in run.yaml without the secrets that can be told', async () => {
    const { runDir } = await runChild(
      folder(),
      `${ARGUMENTS} const run = open({ environment: true }); await run.close();`,
    );
    const { argv } = yamlOf(runDir)['environment'] as { argv: string[] };
    expect(argv.slice(-5)).toEqual(['--wandb-key', '[redacted]', '--hf_key=[redacted]', '-p', 's3cr3tC']);
  });

  it('are left out with environment: { argv: false }, and the rest is not', async () => {
    const { runDir } = await runChild(
      folder(),
      `${ARGUMENTS} const run = open({ environment: { argv: false } }); await run.close();`,
    );
    expect(yamlOf(runDir)).toMatchObject({
      status: RunStatus.Finished,
      environment: { node: process.version },
    });
    expect(bytesBelow(runDir)).not.toContain('s3cr3t');
  });
});
