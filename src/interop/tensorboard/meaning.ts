import { parseLogLine, type LogLine } from '../../run/log-line.js';
import type { MetricValue } from '../../model/metric.js';
import type { SummaryValue, TagMetadata } from './event.js';
import { histogramOfTriples, readHistogram } from './histogram-tensor.js';
import { type LoggedMedia, mediaOfProto, picturesOfTensor, soundsOfTensor } from './media-values.js';
import { readSession, type SessionFacts } from './hparams.js';
import { parseRunRecord, RUN_TAG, type RunRecord } from './run-tag.js';
import { readTensor, scalarOf, textsOf } from './tensor.js';

/** The text tag that holds the lines of a run's log. */
export const LOG_TAG = 'expman-rx/log';

/** The meaning of a value in an event file for a run. */
export type Meaning =
  | { readonly kind: 'metric'; readonly name: string; readonly value: MetricValue }
  | { readonly kind: 'session'; readonly facts: SessionFacts }
  | { readonly kind: 'run'; readonly record: RunRecord }
  | { readonly kind: 'line'; readonly line: LogLine }
  | { readonly kind: 'media'; readonly media: readonly LoggedMedia[] }
  /** Of no use to a run; `what` is its plural. */
  | { readonly kind: 'left out'; readonly what: string; readonly tag: string };

/** The metadata of each tag, which a writer writes only with the tag's first value. */
export type TagBook = Map<string, TagMetadata>;

/**
 * Determines the meaning of a value by its content and the plugin of its tag.
 *
 * @throws Error if its bytes are not valid
 */
export function meaningOf({ tag, metadata, content }: SummaryValue, book: TagBook): Meaning | null {
  if (metadata !== null && !book.has(tag)) book.set(tag, metadata);
  const plugin = book.get(tag)?.plugin ?? '';
  switch (content.kind) {
    case 'none':
      return plugin === 'hparams' && metadata !== null
        ? { kind: 'session', facts: readSession(metadata.content) }
        : null;
    case 'scalar':
      return metric(tag, content.value);
    case 'histogram': {
      const histogram = readHistogram(content.bytes);
      return histogram === null
        ? leftOut('histograms that are too large', tag)
        : metric(tag, JSON.stringify(histogram));
    }
    case 'tensor':
      return tensorMeaning(tag, content.bytes, plugin);
    case 'image':
      return mediaOr('images', tag, mediaOfProto('image', tag, content.bytes));
    case 'audio':
      return mediaOr('sounds', tag, mediaOfProto('media', tag, content.bytes));
    default:
      return content satisfies never;
  }
}

/** `add_tensor` of PyTorch states `tensor`, of which those with one element are numbers. */
const SCALAR_PLUGINS: ReadonlySet<string> = new Set(['', 'scalars', 'tensor']);

function tensorMeaning(tag: string, bytes: Uint8Array, plugin: string): Meaning | null {
  if (plugin === 'hparams') return null;
  const tensor = readTensor(bytes);
  if (plugin === 'images') return mediaOr('images', tag, picturesOfTensor(tag, tensor));
  if (plugin === 'audio') return mediaOr('sounds', tag, soundsOfTensor(tag, tensor));
  if (tensor === null) return leftOut('tensors', tag);
  if (plugin === 'histograms') {
    const histogram = histogramOfTriples(tensor.shape, tensor.elements);
    return histogram === null ? leftOut('tensors', tag) : metric(tag, JSON.stringify(histogram));
  }
  if (plugin === 'text' || plugin === '') {
    const texts = textsOf(tensor);
    if (texts !== null && texts.length > 0) return textMeaning(tag, texts);
  }
  const value = SCALAR_PLUGINS.has(plugin) ? scalarOf(tensor) : null;
  return value === null ? leftOut('tensors', tag) : metric(tag, value);
}

function textMeaning(tag: string, texts: readonly string[]): Meaning {
  // TensorBoard shows an array of texts as a table; as one value it becomes JSON.
  const text = texts.length === 1 ? (texts[0] ?? '') : JSON.stringify(texts);
  const record = tag === RUN_TAG ? parseRunRecord(text) : null;
  if (record !== null) return { kind: 'run', record };
  const line = tag === LOG_TAG ? parseLogLine(text) : undefined;
  return line === undefined ? metric(tag, text) : { kind: 'line', line };
}

const metric = (name: string, value: MetricValue): Meaning => ({ kind: 'metric', name, value });

const mediaOr = (what: string, tag: string, media: readonly LoggedMedia[]): Meaning =>
  media.length === 0 ? leftOut(`${what} that cannot be read`, tag) : { kind: 'media', media };

const leftOut = (what: string, tag: string): Meaning => ({ kind: 'left out', what, tag });
