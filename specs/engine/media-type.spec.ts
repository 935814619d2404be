import { describe, expect, it } from 'vitest';
import { mediaTypeOf } from '../../src/engine/files/media-type.js';

const bytes = (latin1: string): Uint8Array => Buffer.from(latin1.padEnd(64, '\x01'), 'latin1');

describe('the type of a file', () => {
  it.each([
    ['\x89PNG\r\n\x1a\n', 'image/png', 'png'],
    ['\xff\xd8\xff\xe0', 'image/jpeg', 'jpg'],
    ['GIF89a', 'image/gif', 'gif'],
    ['RIFF\x24\0\0\0WEBPVP8 ', 'image/webp', 'webp'],
    ['RIFF\x24\0\0\0WAVEfmt ', 'audio/wav', 'wav'],
    ['\0\0\0\x20ftypisom', 'video/mp4', 'mp4'],
    ['\0\0\0\x20ftypmp42', 'video/mp4', 'mp4'],
    ['\0\0\0\x20ftypavif', 'image/avif', 'avif'],
    ['\0\0\0\x20ftypqt  ', 'video/quicktime', 'mov'],
    ['ID3\x04', 'audio/mpeg', 'mp3'],
    ['\xff\xfb\x90\x44', 'audio/mpeg', 'mp3'],
    ['\x1aE\xdf\xa3', 'video/webm', 'webm'],
    ['OggS\0', 'audio/ogg', 'ogg'],
    ['fLaC', 'audio/flac', 'flac'],
    ['%PDF-1.7', 'application/pdf', 'pdf'],
    ['BM\x36\0\0\0\0\0\0\0', 'image/bmp', 'bmp'],
    ['II*\0', 'image/tiff', 'tiff'],
    ['\n<?xml version="1.0"?>\n<svg xmlns="x">', 'image/svg+xml', 'svg'],
  ])('is told by its first bytes: %j', (head, type, extension) => {
    expect(mediaTypeOf(bytes(head), '/tmp/misleading.txt')).toEqual({ type, extension });
  });

  it.each([
    ['/a/plot.HTML', 'text/html', 'html'],
    ['points.csv', 'text/csv', 'csv'],
    ['weights.npy', 'application/octet-stream', 'npy'],
    ['x.tar.gz', 'application/octet-stream', 'gz'],
    ['x.very_strange', 'application/octet-stream', 'bin'],
    ['.hidden', 'application/octet-stream', 'bin'],
    [null, 'application/octet-stream', 'bin'],
  ])('is told by the ending of its path where they say nothing: %s', (path, type, extension) => {
    expect(mediaTypeOf(bytes('plain'), path)).toEqual({ type, extension });
  });

  it('of no bytes, or a part of a larger buffer, is told as well', () => {
    expect(mediaTypeOf(new Uint8Array(), null).type).toBe('application/octet-stream');
    const part = Buffer.from('....GIF89a....').subarray(4, 10);
    expect(mediaTypeOf(part, null).type).toBe('image/gif');
  });
});
