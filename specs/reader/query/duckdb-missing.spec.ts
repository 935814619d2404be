import { describe, expect, it, vi } from 'vitest';
import { Database } from '../../../src/reader/query/duckdb.js';

const LIMITS = { memoryLimit: '1GB', threads: 1 };

describe('DuckDB', () => {
  it('that is installed and cannot be loaded is not called missing', async () => {
    vi.doMock('@duckdb/node-api', () => {
      throw new TypeError('its binding is broken');
    });
    await expect(Database.open(LIMITS)).rejects.toMatchObject({
      code: 'QUERY_UNAVAILABLE',
      message: expect.stringMatching(
        /cannot be loaded.*binding is broken|cannot be loaded.*error when mocking/s,
      ) as string,
    });
    vi.doUnmock('@duckdb/node-api');
  });

  it('that does not start for another reason does not blame an option', async () => {
    vi.doMock('@duckdb/node-api', () => ({
      DuckDBInstance: { create: () => Promise.reject(new Error('no thread can be started')) },
    }));
    await expect(Database.open(LIMITS)).rejects.toMatchObject({
      code: 'QUERY_UNAVAILABLE',
      message: 'DuckDB cannot be started: no thread can be started',
    });
    vi.doUnmock('@duckdb/node-api');
  });

  it('blames the option that it does not understand', async () => {
    await expect(Database.open({ ...LIMITS, memoryLimit: 'much' })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      option: 'memoryLimit',
      value: 'much',
    });
  });
});
