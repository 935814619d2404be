import type { Block } from 'apache-arrow/fb/block';
import { Footer } from 'apache-arrow/fb/footer';
import { Message } from 'apache-arrow/fb/message';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { DictionaryBatch } from 'apache-arrow/fb/dictionary-batch';
import type { Field } from 'apache-arrow/fb/field';
import { RecordBatch } from 'apache-arrow/fb/record-batch';
import { Schema } from 'apache-arrow/fb/schema';
import { ByteBuffer } from 'flatbuffers';

const MAGIC = Buffer.from('ARROW1');
/** The marker before the length of a message, since Arrow 0.15. */
const CONTINUATION = -1;
/** The least bytes of an item of a list: an offset. */
const ITEM_BYTES = 4;

/**
 * Checks that nothing in an IPC file or stream claims more than its bytes can hold, and that each
 * block of a file is a record batch. Arrow would loop over the missing values four thousand million
 * times, or for ever.
 *
 * @throws RangeError
 */
export function assertSound(bytes: Uint8Array): void {
  if (MAGIC.equals(bytes.subarray(0, MAGIC.length))) assertSoundFile(bytes);
  else for (let at = 0; at < bytes.length;) at = messageAt(bytes, at)?.end ?? bytes.length;
}

function assertSoundFile(bytes: Uint8Array): void {
  const end = bytes.length - MAGIC.length - 4;
  const length = end < 0 ? 0 : viewOf(bytes).getInt32(end, true);
  // A truncated file has no footer.
  if (length <= 0 || length > end) throw new RangeError('the file has no footer');
  const footer = Footer.getRootAsFooter(new ByteBuffer(bytes.subarray(end - length, end)));
  new Items(length).ofFooter(footer);
  let total = 0;
  const check = (block: Block | null, type: MessageHeader): void => {
    const at = Number(block?.offset() ?? -1);
    const found = at < 0 || at >= bytes.length ? null : messageAt(bytes, at);
    if (found?.type !== type) throw new RangeError('a block does not hold a record batch');
    // Overlapping batches would be more than a file of its size can hold.
    if ((total += found.end - at) > bytes.length) throw new RangeError('record batches overlap');
  };
  for (let at = 0; at < footer.dictionariesLength(); at++)
    check(footer.dictionaries(at), MessageHeader.DictionaryBatch);
  for (let at = 0; at < footer.recordBatchesLength(); at++)
    check(footer.recordBatches(at), MessageHeader.RecordBatch);
}

/** Reads the message at an offset and its end; returns null if it is incomplete. */
function messageAt(
  bytes: Uint8Array,
  at: number,
): { readonly type: MessageHeader; readonly end: number } | null {
  const view = viewOf(bytes);
  if (at + 8 > bytes.length) return null;
  const begin = at + (view.getInt32(at, true) === CONTINUATION ? 8 : 4);
  const length = view.getInt32(begin - 4, true);
  if (length <= 0 || begin + length > bytes.length) return null;
  const message = Message.getRootAsMessage(new ByteBuffer(bytes.subarray(begin, begin + length)));
  new Items(length).ofMessage(message);
  const body = Number(message.bodyLength());
  if (body < 0) throw new RangeError(`a message claims a body of ${body} bytes`);
  return { type: message.headerType(), end: begin + length + body };
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** Counts the items that the metadata claim to hold. */
class Items {
  private left: number;

  constructor(bytes: number) {
    this.left = bytes / ITEM_BYTES;
  }

  ofMessage(message: Message): void {
    this.count(message.customMetadataLength());
    switch (message.headerType()) {
      case MessageHeader.Schema:
        this.ofSchema(message.header(new Schema()) as Schema | null);
        return;
      case MessageHeader.RecordBatch:
        this.ofBatch(message.header(new RecordBatch()) as RecordBatch | null);
        return;
      case MessageHeader.DictionaryBatch:
        this.ofBatch((message.header(new DictionaryBatch()) as DictionaryBatch | null)?.data() ?? null);
        return;
      default:
        // Arrow refuses such a type.
        return;
    }
  }

  ofFooter(footer: Footer): void {
    this.count(footer.customMetadataLength());
    this.count(footer.dictionariesLength() + footer.recordBatchesLength());
    this.ofSchema(footer.schema());
  }

  private ofSchema(schema: Schema | null): void {
    if (schema === null) return;
    this.count(schema.customMetadataLength());
    this.ofFields(schema.fieldsLength(), (at) => schema.fields(at));
  }

  private ofFields(length: number, fieldAt: (at: number) => Field | null): void {
    this.count(length);
    for (let at = 0; at < length; at++) {
      const field = fieldAt(at);
      if (field === null) continue;
      this.count(field.customMetadataLength());
      this.ofFields(field.childrenLength(), (child) => field.children(child));
    }
  }

  private ofBatch(batch: RecordBatch | null): void {
    if (batch === null) return;
    for (const length of [batch.nodesLength(), batch.buffersLength(), batch.variadicBufferCountsLength()])
      this.count(length);
  }

  private count(items: number): void {
    this.left -= items;
    if (items < 0 || this.left < 0) throw new RangeError('a message claims more items than it holds');
  }
}
