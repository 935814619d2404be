import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactText, redactWord, redactWords } from '../../src/model/redact-text.js';

describe('a URL in a text', () => {
  it.each([
    ['https://ada:pw@host/p?a=1', 'https://ada:[redacted]@host/p?a=1'],
    ['at postgres://u:p@ss@h:5432/db, again', 'at postgres://u:[redacted]@h:5432/db, again'],
    ['redis://:pw@h', 'redis://:[redacted]@h'],
    ['amqp://u:p/w#1@h/v', 'amqp://u:[redacted]@h/v'],
    ['a://u:p1@h and b://u:p2@h', 'a://u:[redacted]@h and b://u:[redacted]@h'],
    ['{"db":"mysql://u:pw@h/d","mail":"me@example.org"}', '{"db":"mysql://u:[redacted]@h/d","mail":"me@example.org"}'],
    ['https://t0ken@github.com/a/b.git', 'https://[redacted]@github.com/a/b.git'],
    ['https://t0ken:x-oauth-basic@github.com', 'https://[redacted]:x-oauth-basic@github.com'],
    ['https://host/?access_token=k1&x=1#top', 'https://host/?access_token=[redacted]&x=1#top'],
    ['at https://hooks.slack.com/services/T0/B0/k1, twice', 'at https://hooks.slack.com/[redacted], twice'],
    ['https://ptb.discord.com/api/v10/webhooks/12/a-b_c', 'https://ptb.discord.com/api/v10/webhooks/[redacted]'],
    ['EXPMAN_WEBHOOK=https://host/p', 'EXPMAN_WEBHOOK=[redacted]'],
    ['jdbc:postgresql://h/d?user=u&password=pw', 'jdbc:postgresql://h/d?user=u&password=[redacted]'],
  ])('loses its password only: %s', (given, kept) => {
    expect(redactText(given)).toBe(kept);
    expect(redactText(kept)).toBe(kept);
  }); // prettier-ignore

  it.each([
    'ssh://git@github.com/a/b.git', 'https://host:80/a@b', 'http://[::1]:80/a@b', 'https://host/@scope/package@1.2.3', 'mailto:ada@example.org',
    'see https://host/a:b', 'https://discord.com/channels/1', 'https://hooks.slack.com/', 'a // b : c @ d', 'file:///home/ada', '//host/a',
  ])('without one is as it was: %s', (text) => expect(redactText(text)).toBe(text)); // prettier-ignore
});

describe('a secret in a text', () => {
  it.each([
    ['OPENAI_API_KEY=k1 node a.js', 'OPENAI_API_KEY=[redacted] node a.js'],
    ['host=h password=pw', 'host=h password=[redacted]'],
    ['{"lr":1,"apiKey":"k1 \\" k2","x":2}', '{"lr":1,"apiKey":"[redacted]","x":2}'],
    ['"{\\"apiKey\\":\\"k1\\",\\"x\\":2}"', '"{\\"apiKey\\":\\"[redacted]\\",\\"x\\":2}"'],
    ['> Authorization: Basic YTpi', '> Authorization: [redacted]'],
    ['Authorization: Bearer abcdef0123456789', 'Authorization: [redacted]'],
    ['with Bearer abcdef0123456789', 'with Bearer [redacted]'],
    ['?.password=pw', '?.password=[redacted]'],
  ])('is redacted behind its name: %s', (given, kept) => {
    expect(redactText(given)).toBe(kept);
    expect(redactText(kept)).toBe(kept);
  });

  it.each([
    'ghp_abcdefghijklmnopqrst', 'hf_abcdefghijklmnop', 'sk-proj-abcdefgh12345678', 'xoxb-1234567890-abc', 'AKIAIOSFODNN7EXAMPLE',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
  ])('is known by its looks: %s', (token) => expect(redactText(`x ${token} y`)).toBe('x [redacted] y')); // prettier-ignore

  it.each([
    'the token: a piece of a word', 'max_tokens=512', 'key=up', 'the key: value pairs', 'token == end', 'sk-learn-pipelines-of-mine', 'password=',
    'the bearer capability of this network', 'hf_hub_download_model', '12:30:00', 'secret => none',
  ])('is not seen in %j', (text) => expect(redactText(text)).toBe(text)); // prettier-ignore

  it('of whatever length is looked for in time that grows with the text', () => {
    const pieces = ['a', 'a.', 'a-', '//a:', '//a:b', 'sk-', 'sk-a', 'eyJ-', 'password="', 'password=', 'bearer ', 'x@'];
    for (const piece of pieces) {
      const text = piece.repeat(Math.ceil((512 * 1024) / piece.length));
      expect(redactText(text).length).toBeGreaterThan(0);
    }
  }, 20_000); // prettier-ignore

  it('leaves alone what holds none', () => {
    const word = fc.stringMatching(/^[a-z ,.!?()\n]{0,40}$/);
    fc.assert(
      fc.property(word, (text) => {
        expect(redactText(text)).toBe(text);
        expect(redactWord(text)).toBe(text);
      }),
    );
  });
});

describe('arguments', () => {
  it.each([
    [
      ['--api-key', 'k1', '--lr', '0.1'],
      ['--api-key', '[redacted]', '--lr', '0.1'],
    ],
    [
      ['--wandb-key', 'k1', '--hf_key', 'k2', '--hf-token=k3', '--openaiKey', 'k4'],
      ['--wandb-key', '[redacted]', '--hf_key', '[redacted]', '--hf-token=[redacted]', '--openaiKey', '[redacted]'],
    ],
    [
      ['--openai.key=k1', '--env', 'GITLAB_PAT=k2', '--set:dbPassword:k3'],
      ['--openai.key=[redacted]', '--env', 'GITLAB_PAT=[redacted]', '--set:dbPassword:[redacted]'],
    ],
    [
      ['--password=a b', 'x'],
      ['--password=[redacted]', 'x'],
    ],
    [
      ['model.api_key=k1', 'model.lr=1'],
      ['model.api_key=[redacted]', 'model.lr=1'],
    ],
    [['Authorization: Bearer k1'], ['Authorization: [redacted]']],
    [['--header=Authorization: Bearer k1'], ['--header=Authorization: [redacted]']],
    [['{"lr":1,"apiKey":"k1 k2","x":2}'], ['{"lr":1,"apiKey":"[redacted]","x":2}']],
    [
      ['--db=postgres://ada:pw@host/d?password=pw&ssl=1'],
      ['--db=postgres://ada:[redacted]@host/d?password=[redacted]&ssl=1'],
    ],
    [
      ['--use-auth', '--verbose'],
      ['--use-auth', '--verbose'],
    ],
    [
      ['--max-tokens', '100', '--tokenizer=bpe', '--pad-token=<pad>', '--key', 'up'],
      ['--max-tokens', '100', '--tokenizer=bpe', '--pad-token=<pad>', '--key', 'up'],
    ],
    [
      ['./data/a=b.csv', 'https://host:80/x', '-v', ''],
      ['./data/a=b.csv', 'https://host:80/x', '-v', ''],
    ],
    [
      ['-p', 'nobody can know', 'nor here'],
      ['-p', 'nobody can know', 'nor here'],
    ],
  ])('without their secrets turn %j into %j', (given, kept) => {
    expect(redactWords(given)).toEqual(kept);
  }); // prettier-ignore
});
