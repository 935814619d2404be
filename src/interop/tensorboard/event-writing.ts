import { HPARAMS_TAGS } from './hparams.js';
import type { Step } from '../../model/step.js';
import { writeInt64, writeMessage, writeText } from './wire.js';

/** The plugin that shows a tag, and its data. */
export interface TagPlugin {
  readonly plugin: 'scalars' | 'text' | 'histograms' | 'hparams';
  readonly content?: Uint8Array;
}

/** One PNG as an `Image` of summary.proto. */
export interface PngImage {
  readonly width: number;
  readonly height: number;
  /** Channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  readonly colorspace: number;
  readonly bytes: Uint8Array;
}

// `DataClass` of summary.proto: newer TensorBoards look at it before the plugin's name.
const DATA_CLASSES = { scalars: 1, text: 2, histograms: 2, hparams: 0 } as const;

/**
 * Converts milliseconds to TensorBoard's seconds, to the microsecond; through whole microseconds,
 * because doubles would round them away.
 */
export const wallTimeOf = (timestampMs: number): number => Math.round(timestampMs * 1000) / 1e6;

/** Makes the event that every file begins with. */
export function versionEvent(wallTime: number): Uint8Array {
  return writeMessage((pbf) => {
    pbf.writeDoubleField(1, wallTime);
    writeText(pbf, 3, 'brain.Event:2');
  });
}

/** Makes an event with some summary values. */
export function summaryEvent(wallTime: number, step: Step, values: readonly Uint8Array[]): Uint8Array {
  return writeMessage((pbf) => {
    pbf.writeDoubleField(1, wallTime);
    writeInt64(pbf, 2, step);
    pbf.writeBytesField(
      5,
      writeMessage((summary) => values.forEach((value) => summary.writeBytesField(1, value))),
    );
  });
}

/** Makes the tensor value of a tag. */
export function tensorValue(tag: string, tensor: Uint8Array, shownBy: TagPlugin | null): Uint8Array {
  return writeMessage((pbf) => {
    writeText(pbf, 1, tag);
    pbf.writeBytesField(8, tensor);
    if (shownBy !== null) pbf.writeBytesField(9, metadata(shownBy));
  });
}

/** Makes the image value of a tag. */
export function imageValue(tag: string, { width, height, colorspace, bytes }: PngImage): Uint8Array {
  return writeMessage((pbf) => {
    writeText(pbf, 1, tag);
    pbf.writeBytesField(
      4,
      writeMessage((image) => {
        image.writeVarintField(1, height);
        image.writeVarintField(2, width);
        image.writeVarintField(3, colorspace);
        image.writeBytesField(4, bytes);
      }),
    );
  });
}

/**
 * Makes the data that the hparams plugin keeps under one of its tags; it has no value, only
 * metadata.
 */
export function hparamsValue(what: keyof typeof HPARAMS_TAGS, content: Uint8Array): Uint8Array {
  return writeMessage((pbf) => {
    writeText(pbf, 1, HPARAMS_TAGS[what]);
    pbf.writeBytesField(9, metadata({ plugin: 'hparams', content }));
  });
}

function metadata({ plugin, content }: TagPlugin): Uint8Array {
  return writeMessage((pbf) => {
    pbf.writeBytesField(
      1,
      writeMessage((data) => {
        writeText(data, 1, plugin);
        if (content !== undefined) data.writeBytesField(2, content);
      }),
    );
    pbf.writeVarintField(4, DATA_CLASSES[plugin]);
  });
}
