import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeText, shownOf } from '../../../src/dashboard/page/run/preview-text.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the beginning of a file', () => {
  it('is shown as text', () => {
    expect(shownOf(bytesOf('a\n<b>ä\n'), false)).toEqual({ kind: 'text', text: 'a\n<b>ä\n' });
    expect(shownOf(bytesOf('[1]\n[2]'), false)).toEqual({ kind: 'text', text: '[1]\n[2]' });
  });

  it('is a table where it is NDJSON, with the columns of all rows', () => {
    const lines = ['{"a":1,"b":"x"}', '{"a":null,"__proto__":[1]}', ''].join('\n');
    expect(shownOf(bytesOf(lines), false)).toEqual({
      ...{ kind: 'table', columns: ['a', 'b', '__proto__'] },
      rows: [
        ['1', 'x', ''],
        ['null', '', '[1]'],
      ],
    });
  });

  it('has no line that is not whole, and says that there is more', () => {
    expect(shownOf(bytesOf('one\ntwo\nthr'), true)).toEqual({ kind: 'text', text: 'one\ntwo\n…' });
    expect(shownOf(bytesOf('{"a":1}\n{"a":'), true)).toMatchObject({ kind: 'table', rows: [['1']] });
    const long = shownOf(bytesOf('x\n'.repeat(1000)), false);
    expect(long.kind === 'text' ? long.text.split('\n').slice(200) : []).toEqual(['… and 801 more lines']);
    const wide = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`c${at}`, at]));
    expect(shownOf(bytesOf(`${JSON.stringify(wide)}\n`.repeat(70)), false)).toMatchObject({
      left: { rows: 20, columns: 10 },
    });
  });

  it('that a report does not hold says so', () => {
    expect([placeText('image', ''), placeText('table', '/files/x')]).toEqual([
      'image, not in this report',
      'table',
    ]);
  });

  it('is nothing where it is no text, or empty', () => {
    expect(shownOf(Uint8Array.of(0x50, 0, 0x51), false)).toEqual({
      kind: 'nothing',
      why: 'The file is not text.',
    });
    expect(shownOf(new Uint8Array(), false)).toMatchObject({ kind: 'nothing' });
  });

  it('is something whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array(), fc.string().map(bytesOf), fc.json().map(bytesOf)),
        fc.boolean(),
        (bytes, isCut) => {
          expect(['nothing', 'text', 'table']).toContain(shownOf(bytes, isCut).kind);
        },
      ),
    );
  });
});
