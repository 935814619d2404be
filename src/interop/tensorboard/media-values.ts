import type { ExchangeMedia } from '../exchange/exchange-run.js';
import type { Tensor } from './tensor.js';
import { BYTES, readMessage } from './wire.js';

/** A picture or a sound that was logged at a step. */
export type LoggedMedia = Omit<ExchangeMedia, 'step'>;

/** The fields that hold the encoded bytes in `Image` and `Audio` of summary.proto. */
const ENCODED = 4;

/** Reads an `Image` or an `Audio` of summary.proto; empty if it has no bytes. */
export function mediaOfProto(kind: LoggedMedia['kind'], name: string, bytes: Uint8Array): LoggedMedia[] {
  const content = readMessage<{ bytes: Uint8Array }>(
    bytes,
    { bytes: new Uint8Array(0) },
    (key, into, pbf) => {
      if (key === ((ENCODED << 3) | BYTES)) into.bytes = pbf.readBytes();
    },
  ).bytes;
  return content.length === 0 ? [] : [{ kind, name, content }];
}

/**
 * Reads the pictures in a tensor of TensorBoard's images plugin: width and height as texts, then a
 * PNG each.
 */
export const picturesOfTensor = (name: string, tensor: Tensor | null): LoggedMedia[] =>
  bytesIn(tensor)
    .slice(2)
    .map((content) => ({ kind: 'image', name, content }));

/**
 * Reads the sounds in a tensor of TensorBoard's audio plugin: encoded sounds, or pairs of one and its
 * label.
 */
export function soundsOfTensor(name: string, tensor: Tensor | null): LoggedMedia[] {
  const bytes = bytesIn(tensor);
  const isPaired = tensor?.shape.length === 2 && tensor.shape[1] === 2;
  return bytes.flatMap((content, at): LoggedMedia[] => {
    if (isPaired && at % 2 === 1) return [];
    const caption = isPaired ? Buffer.from(bytes[at + 1] ?? []).toString() : '';
    return [{ kind: 'media', name, content, ...(caption !== '' && { caption }) }];
  });
}

const bytesIn = (tensor: Tensor | null): Uint8Array[] =>
  (tensor?.elements ?? []).flatMap((element: unknown) => (element instanceof Uint8Array ? [element] : []));
