/**
 * The thread that reads Parquet files of other writers: it may be terminated at any time without
 * losing anything.
 */
import { parentPort } from 'node:worker_threads';
import { asDecodingError } from '../source/source-files.js';
import { hyparquetFile } from './hyparquet-file.js';
import type { FromParquetThread, ToParquetThread } from './parquet-thread-messages.js';

/** Rows per message; messages are copied, so few enough to hold twice. */
const PORTION = 10_000;

async function* answers(path: string): AsyncGenerator<FromParquetThread, void> {
  try {
    const { columns, metadata, groupBytes, groups } = await hyparquetFile(path);
    yield { kind: 'file', columns, metadata, groupBytes };
    let group = 0;
    for await (const rows of groups()) {
      for (let at = 0; at < rows.length; at += PORTION)
        yield { kind: 'rows', rows: rows.slice(at, at + PORTION), group };
      group++;
    }
    yield { kind: 'end' };
  } catch (error) {
    const { code, message, errno } = asDecodingError(error, path);
    const said = message.includes(path) ? message : `${path}: ${message}`;
    yield { kind: 'failed', code, message: said, facts: { path, ...(errno !== undefined && { errno }) } };
  }
}

const port = parentPort;
let steps = answers('');
port?.on('message', (message: ToParquetThread) => {
  if (message.kind === 'open') steps = answers(message.path);
  void steps.next().then(({ value }) => port.postMessage(value ?? { kind: 'end' }));
});
port?.postMessage({ kind: 'running' } satisfies FromParquetThread);
