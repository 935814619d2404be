import { ExpmanError, describeType, messageOf } from '../../model/errors.js';
import { MAX_CAPTION, type MediaFile, type MediaKind, isMediaType } from '../../model/media.js';
import { parseArtifactName } from '../../model/names.js';
import { REFUSED, rule, ruleOf } from '../../model/option-rules.js';
import { optionsTable } from '../../model/options-table.js';
import { bytesIn } from '../../model/realms.js';
import { type Step, parseStep, stepRule } from '../../model/step.js';
import { redactText } from '../../model/redact-text.js';
import type { MediaFolder, NewMedia } from './media-folder.js';
import { readMediaSource, tooLarge } from './media-source.js';
import { type MediaType, mediaTypeOf, namedType } from './media-type.js';
import { tableLines } from './table-lines.js';

/** Options of `run.logImage`. */
export interface ImageOptions {
  /** The caption shown below it; up to 4,096 characters. */
  readonly caption?: string | undefined;
}

/** Options of `run.logMedia`. */
export interface MediaOptions extends ImageOptions {
  /**
   * Its media type, for example `video/mp4`; by default detected from its first bytes, else from
   * the extension of its path.
   */
  readonly type?: string | undefined;
}

/** A call that logs a file. */
export interface MediaCall {
  readonly kind: MediaKind;
  readonly name: unknown;
  readonly step: unknown;
  /** Bytes, the path of a file, or a table. */
  readonly content: unknown;
  readonly options: MediaOptions | undefined;
}

/** The events that a {@link MediaLog} reports to the run. */
export interface MediaLogTells {
  /** Called with a part left out because it cannot be logged; may throw the error. */
  readonly invalid: (metric: string, error: ExpmanError) => void;
  /** Called if the file system refused. */
  readonly failed: (metric: string, error: ExpmanError) => void;
}

/**
 * The largest file that can be logged.
 *
 * @bound refuses: INVALID_VALUE, the file is counted and run.log says why
 */
const MAX_BYTES = 128 * 1024 * 1024;
const OPTIONS = optionsTable<MediaOptions>()({
  caption: rule<string>(`a string of up to ${MAX_CAPTION} characters`, (value) =>
    typeof value === 'string' && value.length <= MAX_CAPTION
      ? redactText(value).slice(0, MAX_CAPTION)
      : REFUSED,
  ).orNull(),
  type: ruleOf("a media type in lower case, such as 'video/mp4'", isMediaType),
});
const NDJSON = namedType('application/x-ndjson');

/** Checks logged files and saves them in the run's `media/` folder. */
export class MediaLog {
  constructor(
    private readonly folder: MediaFolder,
    private readonly tells: MediaLogTells,
  ) {}

  /**
   * Saves one file; null if that fails, which is reported. Throws only errors of `tells.invalid`.
   */
  keep(call: MediaCall): MediaFile | null {
    const subject = typeof call.name === 'string' ? call.name : call.kind;
    const losses: Loss[] = [];
    let kept: MediaFile;
    try {
      kept = this.folder.keep(newMedia(call, losses));
    } catch (error) {
      const refusal = error instanceof ExpmanError ? error : invalidContent(call, messageOf(error));
      if (refusal.code === 'IO') this.tells.failed(subject, refusal);
      else this.tells.invalid(subject, refusal);
      return null;
    }
    for (const { of, error } of losses) this.tells.invalid(of ?? subject, error);
    return kept;
  }
}

/** A part left out of a saved file. */
interface Loss {
  /** The name of the part; null for the content. */
  readonly of: string | null;
  readonly error: ExpmanError;
}

function newMedia(call: MediaCall, losses: Loss[]): NewMedia {
  const name = parseArtifactName(call.name);
  const step = stepOf(call.step, losses);
  const { kind } = call;
  // Callers in plain JavaScript have always been allowed to pass null for no options.
  const { caption = null, type } = OPTIONS.resolve(call.options ?? {});
  const facts = { name, step, kind, caption, timestamp: new Date().toISOString() };
  return { ...facts, ...(kind === 'table' ? tableOf(call, losses) : fileOf(call, type)) };
}

/** An invalid step is left out and the file kept, as with rows. */
function stepOf(given: unknown, losses: Loss[]): Step | null {
  if (given === undefined || given === null) return null;
  const step = parseStep(given);
  if (step === undefined) {
    const [rule, type] = [stepRule(given), describeType(given)];
    losses.push({
      of: 'step',
      error: new ExpmanError('INVALID_OPTION', rule, { option: 'step', rule, value: given, type }),
    });
  }
  return step ?? null;
}

type Content = MediaType & Pick<NewMedia, 'content'>;

function tableOf(call: MediaCall, losses: Loss[]): Content {
  const { text, leftOut } = tableLines(call.content);
  const reason = `${leftOut} of its rows exceed the limit of a table`;
  if (leftOut > 0) losses.push({ of: null, error: invalidContent(call, reason) });
  return { ...NDJSON, content: within(Buffer.from(text), 'the table') };
}

function fileOf(call: MediaCall, type: string | undefined): Content {
  const path = typeof call.content === 'string' ? call.content : null;
  const content = path === null ? within(bytesOf(call), 'the content') : readMediaSource(path, MAX_BYTES);
  const found = mediaTypeOf(content, path);
  if (call.kind === 'image' && !found.type.startsWith('image/')) {
    const advice = 'encode pixels first, for example as PNG';
    throw invalidContent(call, `its bytes are not an image but ${found.type}; ${advice}`);
  }
  return { ...(type === undefined ? found : namedType(type, found.extension)), content };
}

function bytesOf(call: MediaCall): Uint8Array {
  const bytes = bytesIn(call.content);
  if (bytes !== null) return bytes;
  throw invalidContent(
    call,
    `the content must be bytes or the path of a file, not ${describeType(call.content)}`,
  );
}

function within(bytes: Uint8Array, what: string): Uint8Array {
  if (bytes.length > MAX_BYTES) throw tooLarge(what, bytes.length, MAX_BYTES);
  return bytes;
}

function invalidContent({ kind, content }: MediaCall, reason: string): ExpmanError {
  return new ExpmanError('INVALID_VALUE', reason, {
    option: kind,
    rule: reason,
    value: content,
    type: describeType(content),
  });
}
