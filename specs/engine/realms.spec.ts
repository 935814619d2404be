import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ExperimentConfig, LoggingEngine } from '../../src/index.js';
import { messageOf } from '../../src/model/errors.js';
import { bytesIn, isError, isUrl } from '../../src/model/realms.js';
import { tempFolders } from '../support/temp-folder.js';

const folder = tempFolders('realms');
const foreign = (code: string): unknown => runInNewContext(code, {}) as unknown;

/** What happy-dom and jsdom put in the place of the global URL. */
class OtherUrl {
  readonly href = 'file:///train.js';
  get [Symbol.toStringTag](): string {
    return 'URL';
  }
}

describe('a value of another realm', () => {
  it('is known as what it is', () => {
    expect(isError(foreign('new TypeError("no")'))).toBe(true);
    expect(messageOf(foreign('new TypeError("no")'))).toBe('no');
    expect(isUrl(new OtherUrl())).toBe(true);
    expect(isUrl({ href: 'file:///train.js' })).toBe(false);
    for (const code of [
      'new Uint8Array([1, 2]).buffer',
      'new Uint8Array([1, 2])',
      'new DataView(new Uint8Array([1, 2]).buffer)',
    ])
      expect([...(bytesIn(foreign(code)) ?? [])]).toEqual([1, 2]);
    expect(bytesIn(foreign('[1, 2]'))).toBeNull();
  });

  it('is kept as bytes of media, in parameters and in lines of the log, and a map of it is no row', async () => {
    const run = new LoggingEngine(new ExperimentConfig('exp', folder(), { environment: false }));
    const bytes = foreign('new Uint8Array([104, 105]).buffer') as ArrayBuffer;
    const media = run.logMedia('bytes', bytes as never);
    const shared = run.logMedia('shared', new Uint8Array(new SharedArrayBuffer(2)));
    expect([media?.bytes, shared?.bytes]).toEqual([2, 2]);
    run.logParams({ n: foreign('new Number(3)'), url: new URL('http://host/') });
    run.logger.info('failed', { error: foreign('new RangeError("out of it")') });
    run.logMetrics(foreign('new Map([["loss", 1]])') as never);
    const { invalid, runDir } = await run.close();
    expect(invalid).toBe(1);
    expect(readFileSync(join(runDir, 'config.yaml'), 'utf8')).toContain('"n": 3');
    expect(readFileSync(join(runDir, 'run.log'), 'utf8')).toContain('out of it');
  });
});
