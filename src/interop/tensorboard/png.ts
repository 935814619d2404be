import { types } from 'node:util';
import { describeType, ExpmanError } from '../../model/errors.js';
import type { PngImage } from './event-writing.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
// Channels of PNG's colour types 0, 2, 3, 4, 6; a palette is shown in RGB.
const CHANNELS: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [2, 3],
  [3, 3],
  [4, 2],
  [6, 4],
]);
const COLOUR_TYPE_AT = 25;

/**
 * Reads the size of a PNG from its header.
 *
 * @throws {@link ExpmanError} `INVALID_VALUE` if it is not a PNG
 */
export function pngImage(bytes: Uint8Array): PngImage {
  if (
    !types.isUint8Array(bytes) ||
    bytes.length <= COLOUR_TYPE_AT ||
    SIGNATURE.some((byte, at) => bytes[at] !== byte)
  )
    throw new ExpmanError(
      'INVALID_VALUE',
      `an image must be the bytes of a PNG; got ${describeType(bytes)}`,
      {
        option: 'image',
        rule: 'the bytes of a PNG',
        type: describeType(bytes),
      },
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    colorspace: CHANNELS.get(view.getUint8(COLOUR_TYPE_AT)) ?? 3,
    bytes,
  };
}
